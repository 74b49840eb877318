package ui

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// PlanView says how [PlanText] shows a plan.
type PlanView struct {
	Style Style
	// Header and Footer are lines before and after the steps.
	Header, Footer []string
	// Full writes every diff out. Otherwise what a diff has in common with an
	// earlier cluster's of the same object becomes one line that says so.
	Full bool
}

// PlanText writes a plan for people: the steps cluster by cluster, each with
// its diff. Clusters whose steps are the same to the letter share a section.
func PlanText(w io.Writer, p *plan.Plan, v PlanView) error {
	var b strings.Builder
	lines(&b, v.Header)
	if len(v.Header) > 0 && len(p.Steps) > 0 {
		b.WriteByte('\n')
	}
	f := folder{style: v.Style, off: v.Full}
	for i, sec := range sections(p.Steps) {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(v.Style.Paint(Bold, sec.title()) + "\n")
		head := sec.headWidth()
		for j := range sec.steps {
			writeStep(&b, v.Style, &sec.steps[j], head)
			for _, d := range f.fold(clusterName(sec.clusters[0]), &sec.steps[j]) {
				b.WriteString(diffIndent + d + "\n")
			}
		}
	}
	if len(v.Footer) > 0 && (len(v.Header) > 0 || len(p.Steps) > 0) {
		b.WriteByte('\n')
	}
	lines(&b, v.Footer)
	_, err := io.WriteString(w, b.String())
	return err
}

// diffIndent puts a diff under its step's verb.
const diffIndent = "      "

// section is what is done to one cluster, or in the same way to several.
type section struct {
	clusters []string
	steps    []plan.Step
}

// sections groups steps by cluster in the order of their first step, and
// joins clusters whose sections would read the same.
func sections(steps []plan.Step) []section {
	var all []section
	at := map[string]int{}
	for _, s := range steps {
		i, known := at[s.Cluster]
		if !known {
			i = len(all)
			at[s.Cluster] = i
			all = append(all, section{clusters: []string{s.Cluster}})
		}
		all[i].steps = append(all[i].steps, s)
	}
	var joined []section
next:
	for _, sec := range all {
		for i := range joined {
			if joined[i].reads(sec) {
				joined[i].clusters = append(joined[i].clusters, sec.clusters...)
				continue next
			}
		}
		joined = append(joined, sec)
	}
	return joined
}

// reads says whether both sections show the same.
func (a *section) reads(b section) bool {
	if len(a.steps) != len(b.steps) {
		return false
	}
	for i := range a.steps {
		x, y := &a.steps[i], &b.steps[i]
		if x.Action != y.Action || x.Object != y.Object || x.Summary != y.Summary ||
			len(x.Diff)+len(y.Diff) > 0 && !reflect.DeepEqual(x.Diff, y.Diff) {
			return false
		}
	}
	return true
}

func (a *section) title() string {
	names := make([]string, len(a.clusters))
	for i, c := range a.clusters {
		names[i] = clusterName(c)
	}
	if len(names) > 1 {
		return fmt.Sprintf("%s (the same in each)", strings.Join(names, ", "))
	}
	return names[0]
}

// headWidth is the column where summaries start, unless an object's name is so
// long that it would push them all far to the right.
func (a *section) headWidth() int {
	const most = 60
	width := 0
	for i := range a.steps {
		if c := cells(head(&a.steps[i])); c <= most {
			width = max(width, c)
		}
	}
	return width
}

// head is a step without its summary, as "+ create Secret kube-system/cilium-ca".
func head(s *plan.Step) string {
	return sign(s.Action) + " " + pad(string(s.Action), len("create")) + " " + oneLine(s.Object)
}

func sign(a plan.Action) string {
	switch a {
	case plan.Create:
		return "+"
	case plan.Update:
		return "~"
	case plan.Delete:
		return "-"
	default:
		return "."
	}
}

func writeStep(b *strings.Builder, s Style, step *plan.Step, width int) {
	text, tone := head(step), Normal
	switch step.Action {
	case plan.Create:
		tone = Good
	case plan.Update:
		tone = Warn
	case plan.Delete:
		tone = Bad
	}
	summary := oneLine(step.Summary)
	gap := strings.Repeat(" ", max(0, width-cells(text))+2)
	switch {
	case step.Action == plan.Wait:
		b.WriteString("  " + s.Paint(Dim, strings.TrimRight(text+gap+summary, " ")) + "\n")
	case summary == "":
		b.WriteString("  " + s.Paint(tone, text[:1]) + text[1:] + "\n")
	default:
		b.WriteString("  " + s.Paint(tone, text[:1]) + text[1:] + gap + summary + "\n")
	}
}

// lines writes lines that may hold strings from a cluster.
func lines(b *strings.Builder, text []string) {
	for _, l := range text {
		b.WriteString(escape(l) + "\n")
	}
}
