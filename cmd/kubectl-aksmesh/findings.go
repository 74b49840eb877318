package main

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// writeFindings writes errors, then warnings: the sentence, what was seen, and
// what to do. What another finding explains is left to that one, and a warning
// that holds for several clusters is written once.
func writeFindings(w io.Writer, style ui.Style, errs, warnings []diagnose.Finding) {
	for i := range errs {
		if errs[i].ExplainedBy == "" {
			writeFinding(w, style, "error", ui.Bad, &errs[i])
		}
	}
	likewise := map[diagnose.Code][]string{}
	var first []*diagnose.Finding
	for i := range warnings {
		f := &warnings[i]
		if f.ExplainedBy != "" {
			continue
		}
		if _, ok := likewise[f.Code]; ok {
			likewise[f.Code] = append(likewise[f.Code], strings.Join(f.Subject.Names, "/"))
			continue
		}
		likewise[f.Code] = []string{}
		first = append(first, f)
	}
	for _, f := range first {
		writeFinding(w, style, "warning", ui.Warn, f)
		if others := likewise[f.Code]; len(others) > 0 {
			fmt.Fprintf(w, "    likewise: %s\n", clean(strings.Join(others, ", ")))
		}
	}
}

func writeFinding(w io.Writer, style ui.Style, word string, tone ui.Tone, f *diagnose.Finding) {
	subject := ""
	if len(f.Subject.Names) > 0 {
		subject = strings.Join(f.Subject.Names, " → ") + ": "
		if !style.Unicode {
			subject = strings.Join(f.Subject.Names, " -> ") + ": "
		}
	}
	fmt.Fprintf(w, "%s %s: %s%s\n", style.Paint(tone, word), f.Code, clean(subject), clean(f.Message))
	for _, line := range f.Evidence {
		fmt.Fprintf(w, "    %s\n", style.Paint(ui.Dim, clean(line)))
	}
	if f.Remedy != "" {
		fmt.Fprintf(w, "    fix: %s\n", clean(f.Remedy))
	}
}

// clean takes escape codes out of text that came from a cluster.
func clean(text string) string { return printers.EscapeTerminal(text) }
