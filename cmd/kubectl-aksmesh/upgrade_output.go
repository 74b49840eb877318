package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/upgrade"
)

// upgradeHeader says in which order what is done, and what to know of it.
func upgradeHeader(draft *upgrade.Draft, parallel int, added map[string]string) []string {
	pace := "one after another"
	if parallel > 1 {
		pace = fmt.Sprintf("%d at once", parallel)
	}
	lines := []string{fmt.Sprintf("upgrade brings %s to Cilium %s, %s:", count(len(draft.Clusters), "cluster"), draft.Version(), pace)}
	for i := range draft.Clusters {
		c := &draft.Clusters[i]
		line := fmt.Sprintf("  %s: cluster %s, Cilium %s", c.Context, c.Name, upgradeMove(c, draft.Version()))
		if name, ok := added[c.Context]; ok {
			line += fmt.Sprintf(" (found as member %s)", name)
		}
		lines = append(lines, line)
		for _, note := range c.Notes {
			lines = append(lines, "    note: "+note)
		}
	}
	return lines
}

// upgradeMove words what becomes of one cluster's version.
func upgradeMove(c *upgrade.Cluster, to string) string {
	switch {
	case c.GitOps != "":
		return c.From + ", left to " + c.GitOps
	case c.Unfinished:
		return to + ", an upgrade that is not finished"
	case c.Helm.Needed && c.From != to:
		return c.From + " -> " + to
	case c.Helm.Needed:
		return to + ", with other values"
	default:
		return to + " already"
	}
}

// upgradeReport is the document of a finished upgrade.
type upgradeReport struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Result     *plan.Result      `json:"result"`
	Clusters   []upgrade.Outcome `json:"clusters"`
	Status     *statusReport     `json:"status,omitempty"` // absent if the run ended early
}

// printResult writes what was done, how to go back and, if it is known, how
// the mesh stands.
func (o *upgradeOptions) printResult(result *plan.Result, run *upgrade.Run, seen *mesh.Snapshot) error {
	var status *statusReport
	if seen != nil {
		status = newStatusReport(*seen)
	}
	outcomes := run.Outcomes(result)
	if o.flags.output != "" {
		return printDocument(o.app.streams.Out, o.flags.output, upgradeReport{plan.APIVersion, "UpgradeReport", result, outcomes, status})
	}
	terminal, style := o.app.outStyle()
	next := map[string][]string{}
	for i := range outcomes {
		if outcomes[i].State != upgrade.NotBegun {
			next[outcomes[i].Context] = []string{"look closer: kubectl --context " + outcomes[i].Context + " -n kube-system get pods -l app.kubernetes.io/part-of=cilium"}
		}
	}
	if err := ui.ResultText(o.app.streams.Out, result, ui.ResultView{Style: style, Header: []string{""}, Next: next}); err != nil {
		return err
	}
	fmt.Fprintln(o.app.streams.Out)
	if err := writeOutcomes(o.app.streams.Out, style, outcomes); err != nil || status == nil {
		return err
	}
	fmt.Fprintln(o.app.streams.Out)
	return status.write(o.app.streams.Out, style, width(terminal))
}

// writeOutcomes writes which cluster is at which version, and the commands that
// go back, the last change first.
func writeOutcomes(w io.Writer, style ui.Style, outcomes []upgrade.Outcome) error {
	table := ui.Table{Header: []string{"CONTEXT", "FROM", "TO", "STATE", "REVISION", "BACK TO"}}
	var back []string
	for i := range outcomes {
		out := &outcomes[i]
		row := ui.Cells(out.Context, dash(out.From), out.To, string(out.State), revisionCell(out.Revision), revisionCell(out.Back))
		row[3].Tone = stateTone(out.State)
		table.Rows = append(table.Rows, row)
		if out.Rollback != "" {
			back = append(back, "  "+out.Rollback)
		}
	}
	if err := table.Write(w, style); err != nil || len(back) == 0 {
		return err
	}
	fmt.Fprintln(w, "\nto go back, one after another:")
	for _, line := range slices.Backward(back) {
		fmt.Fprintln(w, line)
	}
	return nil
}

func stateTone(s upgrade.State) ui.Tone {
	switch s {
	case upgrade.Upgraded, upgrade.Kept:
		return ui.Good
	case upgrade.Unverified, upgrade.Unfinished:
		return ui.Bad
	default:
		return ui.Dim
	}
}

// revisionCell is a revision's number, or a dash for none.
func revisionCell(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}
