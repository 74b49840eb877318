package ui

import (
	"fmt"
	"io"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// ResultView says how [ResultText] shows a result.
type ResultView struct {
	Style Style
	// Header and Footer are lines before and after the clusters; the footer is
	// the place to say what to type next.
	Header, Footer []string
	// Next are lines to show under one cluster (by context), if something of
	// it is not done.
	Next map[string][]string
}

// ResultText writes how a run ended: per cluster what is done, what is not and
// why. Reasons are written in full.
func ResultText(w io.Writer, r *plan.Result, v ResultView) error {
	var b strings.Builder
	lines(&b, v.Header)
	summary := r.Summary()
	width := 0
	for i := range summary {
		width = max(width, cells(clusterName(summary[i].Cluster)))
	}
	for i := range summary {
		c := &summary[i]
		writeOutcome(&b, v.Style, c, width)
		for j := range c.NotDone {
			writeNotDone(&b, v.Style, &c.NotDone[j])
		}
		if len(c.NotDone) > 0 {
			for _, l := range v.Next[c.Cluster] {
				b.WriteString(indent("    ", l) + "\n")
			}
		}
	}
	lines(&b, v.Footer)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeOutcome writes a cluster's line, as "✓ aks-1  8 steps done in 1m03s".
func writeOutcome(b *strings.Builder, s Style, c *plan.ClusterSummary, width int) {
	symbol, tone := s.pick("✓", "ok"), Good
	text := count(len(c.Done), "step") + " done"
	if len(c.NotDone) > 0 {
		symbol, tone = s.pick("✗", "x "), Bad
		text = fmt.Sprintf("%d of %s done", len(c.Done), count(len(c.Done)+len(c.NotDone), "step"))
	}
	if c.Elapsed > 0 { // else nothing of it was begun
		text += " in " + short(c.Elapsed)
	}
	fmt.Fprintf(b, "%s %s  %s\n", s.Paint(tone, symbol), pad(clusterName(c.Cluster), width), text)
}

// writeNotDone writes a step that failed or was skipped, and why. A reason of
// several lines goes on below.
func writeNotDone(b *strings.Builder, s Style, r *plan.StepResult) {
	word, tone := "failed ", Bad
	if r.State == plan.Skipped {
		word, tone = "skipped", Dim
	}
	reason := strings.TrimSpace(indent("              ", r.Reason))
	fmt.Fprintf(b, "    %s %s (%s %s): %s\n", s.Paint(tone, word), label(r.Cluster, r.ID), r.Action, oneLine(r.Object), reason)
}
