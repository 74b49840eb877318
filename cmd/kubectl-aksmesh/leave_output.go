package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/leave"
)

// header says who goes, who stays, and what comes along.
func (o *leaveOptions) header(draft *leave.Draft) []string {
	lines := []string{fmt.Sprintf("leave takes %s out of the mesh of %s:", strings.Join(draft.Gone, ", "), count(len(draft.Remaining())+len(draft.Gone), "cluster"))}
	if len(draft.Gone) == 0 {
		lines = []string{"leave finds no mesh to leave:"}
	}
	for _, leaves := range []bool{false, true} {
		for i := range draft.Clusters {
			c := &draft.Clusters[i]
			if c.Leaves != leaves {
				continue
			}
			what := "stays"
			if leaves {
				what = "leaves; its Cilium stays"
			}
			lines = append(lines, fmt.Sprintf("  %s: cluster name %s, %s", c.Context, c.Name, what))
			for _, note := range c.Notes {
				lines = append(lines, "    note: "+note)
			}
		}
	}
	for _, name := range o.wish.Forget {
		lines = append(lines, fmt.Sprintf("  %s: forgotten, and not touched", name))
		lines = append(lines, fmt.Sprintf("    note: if it had the mesh's certificate authority, what is left of it may still hold the private key: kubectl aksmesh ca rotate --context %s ends that trust", strings.Join(draft.Remaining(), ",")))
	}
	return lines
}

// nothingToDo is the result of a leave that finds all as it should be.
func (o *leaveOptions) nothingToDo(draft *leave.Draft) error {
	if o.flags.output != "" {
		if o.flags.dryRun != dryRunNone {
			return printDocument(o.app.streams.Out, o.flags.output, plan.Plan{})
		}
		return errors.Join(o.printResult(&plan.Result{}, draft, nil), owed(draft))
	}
	for i := range draft.Clusters {
		for _, note := range draft.Clusters[i].Notes {
			fmt.Fprintf(o.app.streams.Out, "%s: note: %s\n", draft.Clusters[i].Context, note)
		}
	}
	fmt.Fprintln(o.app.streams.Out, "nothing to do: "+o.why(draft))
	if o.flags.dryRun != dryRunNone {
		return nil
	}
	return owed(draft)
}

// why says in which way there is nothing to do. A name that nobody knows may
// be forgotten already, or misspelt.
func (o *leaveOptions) why(draft *leave.Draft) string {
	var names, notes []string
	for i := range draft.Clusters {
		names = append(names, draft.Clusters[i].Name)
		notes = append(notes, draft.Clusters[i].Notes...)
	}
	switch {
	case !draft.Settled():
		return "it is configured, and agents have not all noticed yet"
	case len(notes) > 0:
		return "what is left is not leave's to change"
	case len(o.wish.Forget) > 0:
		return fmt.Sprintf("no cluster is configured with %s, and no agent knows it; the members are %s", strings.Join(o.wish.Forget, " or "), strings.Join(names, ", "))
	}
	return strings.Join(o.wish.Contexts, ", ") + ": in no mesh"
}

// leaveReport is the document of a finished leave.
type leaveReport struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Result     *plan.Result        `json:"result"`
	Notes      map[string][]string `json:"notes,omitempty"`  // by context
	Status     *statusReport       `json:"status,omitempty"` // of those that stay; absent if the run ended early
}

// printResult writes what was done and, if it is known, how the rest of the
// mesh stands. One cluster alone is no mesh to show.
func (o *leaveOptions) printResult(result *plan.Result, draft *leave.Draft, members *mesh.Snapshot) error {
	var status *statusReport
	if members != nil && len(members.Clusters) > 1 {
		status = newStatusReport(*members)
	}
	notes, next := map[string][]string{}, map[string][]string{}
	for i := range draft.Clusters {
		c := &draft.Clusters[i]
		if len(c.Notes) > 0 {
			notes[c.Context] = c.Notes
		}
		next[c.Context] = []string{"look closer: kubectl --context " + c.Context + " -n kube-system get pods -l app.kubernetes.io/part-of=cilium"}
	}
	if o.flags.output != "" {
		return printDocument(o.app.streams.Out, o.flags.output, leaveReport{plan.APIVersion, "LeaveReport", result, notes, status})
	}
	terminal, style := o.app.outStyle()
	out := o.app.streams.Out
	if err := ui.ResultText(out, result, ui.ResultView{Style: style, Header: []string{""}, Next: next}); err != nil {
		return err
	}
	for i := range draft.Clusters {
		for _, note := range draft.Clusters[i].Notes {
			fmt.Fprintf(out, "%s: note: %s\n", draft.Clusters[i].Context, note)
		}
	}
	if status == nil {
		return nil
	}
	fmt.Fprintln(out)
	return status.write(out, style, width(terminal))
}
