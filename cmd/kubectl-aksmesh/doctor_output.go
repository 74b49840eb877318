package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

func (o *doctorOptions) print(e *examination) error {
	for _, one := range e.Ended {
		o.app.say("the note to ignore %s (%s) ended on %s: it counts again", one.Code, one.Reason, one.Until)
	}
	out := o.app.streams.Out
	_, style := o.app.outStyle()
	switch o.flags.show {
	case showCIDR:
		return writeCIDRs(out, style, &e.Snapshot, &e.Report)
	case showMTU:
		return writeMTUs(out, style, &e.Snapshot)
	}
	switch o.flags.output {
	case outputJSON, outputYAML:
		document, err := e.document()
		if err != nil {
			return err
		}
		return printDocument(out, o.flags.output, document)
	case outputJUnit:
		return writeJUnit(out, e)
	case outputSARIF:
		return writeSARIF(out, e)
	case outputMarkdown:
		return writeMarkdown(out, e)
	}
	return o.text(out, style, e)
}

// text writes causes first, what follows from them folded, then what could
// not be seen, and the counts.
func (o *doctorOptions) text(w io.Writer, style ui.Style, e *examination) error {
	wide := o.flags.output == outputWide
	causes := e.Report.Causes()
	for i := range causes {
		f := &causes[i]
		if !wide && i > 0 && alike(&causes[i-1], f) {
			continue // it has been named by the first of its kind
		}
		writeFinding(w, style, string(f.Severity), toneOf(f.Severity), f)
		if others := likeIt(causes[i+1:], f); len(others) > 0 && !wide {
			fmt.Fprintf(w, "    likewise: %s\n", clean(strings.Join(others, ", ")))
		}
		writeFolded(w, style, e, f, wide, "    ")
		fmt.Fprintln(w)
	}
	writeUnexamined(w, style, e, wide)
	writeChanges(w, style, e.Changes)
	_, err := fmt.Fprintln(w, e.summary())
	return err
}

// alike says whether two findings are told in one: warnings of one code, of
// which the second differs by its subject alone. Errors are told one by one.
func alike(a, b *diagnose.Finding) bool {
	return a.Code == b.Code && a.Severity == b.Severity && a.Severity != diagnose.Error
}

// likeIt are the subjects of the findings that follow and are told with it.
func likeIt(following []diagnose.Finding, f *diagnose.Finding) []string {
	var subjects []string
	for i := range following {
		if !alike(f, &following[i]) {
			break
		}
		subjects = append(subjects, strings.Join(following[i].Subject.Names, "/"))
	}
	return subjects
}

// writeFolded names what a cause explains: in short, or in full.
func writeFolded(w io.Writer, style ui.Style, e *examination, cause *diagnose.Finding, wide bool, indent string) {
	folded := e.under(cause)
	const most = 4
	for i := range folded {
		f := &folded[i]
		if !wide && i == most {
			fmt.Fprintf(w, "%s%s\n", indent, style.Paint(ui.Dim, fmt.Sprintf("and %d more that follow from it (-o wide)", len(folded)-most)))
			return
		}
		fmt.Fprintf(w, "%s%s\n", indent, style.Paint(ui.Dim, fmt.Sprintf("so %s: %s", f.Code, clean(f.Message))))
		if wide {
			for _, line := range f.Evidence {
				fmt.Fprintf(w, "%s    %s\n", indent, style.Paint(ui.Dim, clean(line)))
			}
			writeFolded(w, style, e, f, wide, indent+"    ")
		}
	}
}

func toneOf(s diagnose.Severity) ui.Tone {
	switch s {
	case diagnose.Error:
		return ui.Bad
	case diagnose.Warning:
		return ui.Warn
	default:
		return ui.Dim
	}
}

// writeUnexamined names what could not be seen, with what to do about it, and
// in a wide report what was skipped.
func writeUnexamined(w io.Writer, style ui.Style, e *examination, wide bool) {
	said, fixes := map[string]int{}, map[string]string{}
	var order []string
	for i := range e.Report.Findings {
		f := &e.Report.Findings[i]
		if f.Status != diagnose.Unknown && (f.Status != diagnose.Skipped || !wide) {
			continue
		}
		line := string(f.Status) + ": " + f.Message
		if said[line] == 0 {
			order = append(order, line)
		}
		said[line]++
		fixes[line] = cmp.Or(fixes[line], f.Remedy)
	}
	for i, line := range order {
		text, fix := line, fixes[line]
		if n := said[line]; n > 1 {
			text = fmt.Sprintf("%s (%s)", line, count(n, "check"))
		}
		fmt.Fprintln(w, style.Paint(ui.Dim, clean(text)))
		// One command may mend several, which are told one after the other.
		if next := i + 1; fix != "" && (next == len(order) || fixes[order[next]] != fix) {
			fmt.Fprintln(w, style.Paint(ui.Dim, "    fix: "+clean(fix)))
		}
	}
	if len(order) > 0 {
		fmt.Fprintln(w)
	}
}

func writeChanges(w io.Writer, style ui.Style, c *changes) {
	if c == nil {
		return
	}
	for i := range c.New {
		fmt.Fprintf(w, "%s %s: %s\n", style.Paint(toneOf(c.New[i].Severity), "new"), c.New[i].Code, clean(c.New[i].Message))
	}
	for i := range c.Gone {
		fmt.Fprintf(w, "%s %s: %s\n", style.Paint(ui.Good, "gone"), c.Gone[i].Code, clean(c.Gone[i].Message))
	}
	if len(c.New)+len(c.Gone) == 0 {
		fmt.Fprintln(w, "no finding is new, and none is gone")
	}
	fmt.Fprintln(w)
}

// summary is the last line.
func (e *examination) summary() string {
	c, n := e.Report.Counts, len(e.Snapshot.Clusters)
	failed := fmt.Sprintf("%d failed", c.Fail)
	if c.Fail > 0 {
		var parts []string
		parts = append(parts, tally(c)...)
		if c.Infos > 0 {
			parts = append(parts, fmt.Sprintf("%d info", c.Infos))
		}
		failed += " (" + strings.Join(parts, ", ") + ")"
	}
	if len(e.Ignored) > 0 {
		failed += fmt.Sprintf(", %d ignored", len(e.Ignored))
	}
	return fmt.Sprintf("%s, %s, %s: %d passed, %s, %d skipped, %d unknown in %s",
		count(n, "cluster"), count(n*(n-1), "pair"), strings.Join(e.Tiers, " and "),
		c.Pass, failed, c.Skipped, c.Unknown, e.Took.Round(10*time.Millisecond))
}
