package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/pkg/leave"
)

// run is the flow of leave: look, judge, plan, ask, change, wait, look again.
func (o *leaveOptions) run(ctx context.Context) error {
	o.skipDead()
	o.app.say("looking at %s", count(len(o.opened.clusters), "cluster"))
	seen, _ := o.opened.lookToChange(ctx, false, collect.Options{
		Parallel: o.app.clusters.parallel, Rights: leave.Rights(), Agents: true, Azure: o.azure, AzureIDs: o.azureIDs,
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if o.file.file != nil && !o.leavingByFile(&seen.Snapshot) {
		return o.allNamed()
	}
	draft, err := o.judge(seen.Snapshot)
	if err != nil {
		return err
	}
	if o.flags.output == outputManifests {
		return o.writeManifests(ctx, draft, seen.Snapshot)
	}
	charts := newCharts("", seen.Charts)
	if err := charts.check(ctx, draft.ChartVersions()); err != nil {
		return err
	}
	planned := draft.Plan(leave.Live{Clusters: o.opened.byContext(), Azure: o.azure, Chart: charts.load, Wait: o.flags.wait})
	if planned.Empty() && (draft.Settled() || !o.flags.wait) {
		return o.nothingToDo(draft)
	}
	change := change{o.app, &o.flags.changeFlags}
	if err := change.show(planned, o.header(draft)); err != nil {
		return err
	}
	if err := change.agree(ctx, planned); err != nil {
		return ended(err)
	}
	result := change.run(ctx, planned, len(o.opened.clusters))
	return o.report(ctx, result, draft, seen.Snapshot)
}

// judge drafts the leave, and refuses only what would leave it half done:
// trouble in a mesh is a reason to leave it.
func (o *leaveOptions) judge(seen mesh.Snapshot) (*leave.Draft, error) {
	if join.Unreadable(seen) {
		return nil, o.unreadable(seen)
	}
	if err := o.preflight.unhindered(seen, diagnose.CodeAPI); err != nil {
		return nil, err
	}
	makeDraft := leave.Make
	if o.flags.output == outputManifests {
		makeDraft = leave.MakeForFiles
	}
	draft, err := makeDraft(seen, o.wish)
	if err != nil {
		return nil, codeError{exitError, fmt.Errorf("%w\nnothing was changed", err)}
	}
	return draft, o.needsAzure(draft.NeedsAzure())
}

// unreadable adds to the usual words what to do about a cluster that is dead.
func (o *leaveOptions) unreadable(seen mesh.Snapshot) error {
	err := o.preflight.unreadable(seen)
	for i := range seen.Clusters {
		f := &seen.Clusters[i]
		if slices.ContainsFunc(f.Problems, func(p mesh.Problem) bool { return p.Section == mesh.SectionAPI }) {
			o.app.say("if the cluster of context %q is gone for good: kubectl aksmesh leave --forget NAME --context … takes the name that it has in the mesh, and contexts of clusters that stay", f.Context)
		}
	}
	return err
}

// needsAzure tells who must do what where kube-proxy does not run and Azure
// could not be asked.
func (o *leaveOptions) needsAzure(missing []leave.AzureNeed) error {
	if len(missing) == 0 {
		return nil
	}
	var errs []error
	for _, need := range missing {
		errs = append(errs, fmt.Errorf("context %q: kube-proxy does not run, and Azure could not be asked to switch it on: %s", need.Context, need.Why))
		fmt.Fprintf(o.app.streams.ErrOut, "someone with the rights can switch kube-proxy of %s on with:\n    %s\n", need.Context, need.Command)
	}
	return errors.Join(append(errs, errors.New("nothing was changed: log in with az login, run the command above, or leave without --restore-kube-proxy"))...)
}

// report shows the result, and looks once more at what came of it.
func (o *leaveOptions) report(ctx context.Context, result plan.Result, draft *leave.Draft, before mesh.Snapshot) error {
	if !result.OK() {
		return errors.Join(o.printResult(&result, draft, nil), failure(&result))
	}
	if !o.flags.wait {
		return errors.Join(o.printResult(&result, draft, nil), owed(draft))
	}
	seen := collect.Collect(ctx, o.opened.clusters, collect.Options{Parallel: o.app.clusters.parallel, Agents: true})
	if ctx.Err() != nil {
		return errors.Join(o.printResult(&result, draft, nil), context.Cause(ctx))
	}
	members := only(seen.Snapshot, draft.Remaining())
	if err := o.printResult(&result, draft, &members); err != nil {
		return err
	}
	return errors.Join(o.judgeAfter(seen.Snapshot, members, before), owed(draft))
}

// owed is the error if a GitOps controller's part of the leave is still to be
// committed: until then, a member knows one that is to be gone.
func owed(draft *leave.Draft) error {
	contexts := draft.Owed()
	if len(contexts) == 0 {
		return nil
	}
	return codeError{exitFindings, fmt.Errorf("the leave is not complete: commit for %s what its note says, then run the same command again", strings.Join(contexts, " and "))}
}

// judgeAfter prints what the last look found and the look before did not: that
// something is left of what should be forgotten, or that a member has suffered.
func (o *leaveOptions) judgeAfter(after, members, before mesh.Snapshot) error {
	running := diagnose.Options{Phase: diagnose.Running}
	all := diagnose.Judge(after, running)
	all.Findings = slices.DeleteFunc(all.Findings, func(f diagnose.Finding) bool { return f.Code != diagnose.CodeLeftover })
	left := all.Errors()
	known := map[string]bool{}
	earlier := diagnose.Judge(before, running)
	for _, f := range append(append(earlier.Errors(), earlier.Warnings()...), left...) {
		known[key(f)] = true
	}
	told := func(f diagnose.Finding) bool { return known[key(f)] }
	report := diagnose.Judge(members, running)
	errs := append(left, slices.DeleteFunc(report.Errors(), told)...)
	_, style := o.app.terminal()
	writeFindings(o.app.streams.ErrOut, style, errs, slices.DeleteFunc(report.Warnings(), told))
	if len(errs) == 0 {
		return nil
	}
	return codeError{exitFindings, fmt.Errorf("all steps are done, and the last look found %s", count(len(errs), "error"))}
}

// only is the part of a snapshot that is about some contexts.
func only(s mesh.Snapshot, contexts []string) mesh.Snapshot {
	s.Clusters = slices.DeleteFunc(slices.Clone(s.Clusters), func(f mesh.Facts) bool { return !slices.Contains(contexts, f.Context) })
	return s
}
