package main

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// changeReport is the document of a finished change.
type changeReport struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"` // as "JoinReport"
	Result     *plan.Result  `json:"result"`
	Notes      []string      `json:"notes,omitempty"`  // of the plan
	Status     *statusReport `json:"status,omitempty"` // absent if the run ended early
}

// printResult writes what was done in the clusters of contexts and, if it is
// known, how the mesh stands.
func (c change) printResult(kind string, result *plan.Result, contexts []string, seen *mesh.Snapshot) error {
	return c.printNoted(kind, result, nil, contexts, seen)
}

// printNoted is printResult for a plan with notes; people have seen them with it.
func (c change) printNoted(kind string, result *plan.Result, notes, contexts []string, seen *mesh.Snapshot) error {
	var status *statusReport
	if seen != nil {
		status = newStatusReport(*seen)
	}
	out := c.app.streams.Out
	if c.flags.output != "" {
		return printDocument(out, c.flags.output, changeReport{plan.APIVersion, kind, result, notes, status})
	}
	terminal, style := c.app.outStyle()
	view := ui.ResultView{Style: style, Header: []string{""}, Next: notNext(contexts)}
	if err := ui.ResultText(out, result, view); err != nil || status == nil {
		return err
	}
	fmt.Fprintln(out)
	return status.write(out, style, width(terminal))
}

// notNext are hints for clusters that are not done.
func notNext(contexts []string) map[string][]string {
	next := map[string][]string{}
	for _, name := range contexts {
		next[name] = []string{"look closer: kubectl --context " + name + " -n kube-system get pods -l app.kubernetes.io/part-of=cilium"}
	}
	return next
}
