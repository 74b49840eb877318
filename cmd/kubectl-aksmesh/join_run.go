package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// run is the flow of join: look, judge, plan, ask, change, wait, look again.
func (o *joinOptions) run(ctx context.Context) error {
	seen, added, err := o.look(ctx)
	if err != nil {
		return err
	}
	draft, err := o.judge(seen)
	if err != nil {
		return err
	}
	switch o.flags.output {
	case outputValues:
		return o.printValues(draft)
	case outputManifests:
		return o.writeManifests(ctx, draft, seen.Snapshot)
	}
	charts := newCharts(o.flags.chart, seen.Charts)
	if err := charts.check(ctx, draft.ChartVersions()); err != nil {
		return err
	}
	connected := join.AllConnected(seen.Snapshot.Clusters, draft)
	planned := draft.Plan(join.Live{
		Clusters: o.opened.byContext(), Azure: o.azure, Chart: charts.load, Wait: o.flags.wait,
	})
	if planned.Empty() && (connected || !o.flags.wait) {
		return o.nothingToDo(draft, seen)
	}
	change := change{o.app, &o.flags.changeFlags}
	head := header(draft, added)
	if left := o.toCommit(draft); left != "" {
		head = append(head, left)
	}
	if err := change.show(planned, head); err != nil {
		return err
	}
	if err := change.agree(ctx, planned); err != nil {
		return ended(err)
	}
	result := change.run(ctx, planned, len(o.opened.clusters))
	return o.report(ctx, result, draft, seen.Snapshot)
}

// look collects from all clusters.
func (o *joinOptions) look(ctx context.Context) (collect.Result, map[string]string, error) {
	o.app.say("looking at %s", count(len(o.opened.clusters), "cluster"))
	seen, added := o.opened.lookToChange(ctx, o.wish.HubbleUI, collect.Options{
		Parallel: o.app.clusters.parallel, Rights: join.Rights(), Agents: true,
		Azure: o.azure, AzureNetwork: true, AzureRights: !o.wish.SkipKubeProxy, AzureIDs: o.azureIDs,
	})
	if ctx.Err() != nil {
		return seen, nil, context.Cause(ctx)
	}
	return seen, added, nil
}

// judge drafts the join and has the preflight judge what it would make.
func (o *joinOptions) judge(seen collect.Result) (*join.Draft, error) {
	if join.Unreadable(seen.Snapshot) {
		return nil, o.preflight.unreadable(seen.Snapshot)
	}
	o.flags.file.declare(&seen.Snapshot)
	makeDraft := join.Make
	if o.flags.output == outputManifests {
		makeDraft = join.MakeForFiles
	}
	draft, err := makeDraft(seen.Snapshot, o.wish)
	if err != nil {
		return nil, o.flags.file.refused(err)
	}
	report := o.preflight.judge(draft.Projected(seen.Snapshot))
	if err := o.preflight.refuse(&report); err != nil && o.flags.output != outputValues {
		return nil, err
	}
	switch o.flags.output {
	case outputValues:
		return draft, nil // nothing will be written
	case outputManifests:
		return draft, draft.MissingMembers()
	}
	return draft, errors.Join(o.needsAzure(draft.NeedsAzure()), draft.MissingMembers())
}

// needsAzure tells who must do what where kube-proxy runs and Azure would not
// switch it off.
func (o *joinOptions) needsAzure(missing []join.AzureNeed) error {
	if len(missing) == 0 {
		return nil
	}
	var errs []error
	for _, need := range missing {
		errs = append(errs, fmt.Errorf("context %q: kube-proxy runs, and %s", need.Context, need.Why))
		fmt.Fprintf(o.app.streams.ErrOut, "someone with the rights can switch kube-proxy of %s off with:\n    %s\n", need.Context, strings.Join(need.Commands, "\n    "))
	}
	return errors.Join(append(errs, errors.New("nothing was changed: log in with az login as somebody who may, run the commands above, or leave kube-proxy with --skip-kube-proxy"))...)
}

// report shows the result, and looks once more at what came of it.
func (o *joinOptions) report(ctx context.Context, result plan.Result, draft *join.Draft, before mesh.Snapshot) error {
	if !result.OK() || !o.flags.wait {
		return errors.Join(o.printResult(&result, draft, nil), failure(&result))
	}
	seen := collect.Collect(ctx, o.opened.clusters, collect.Options{Parallel: o.app.clusters.parallel, Agents: true})
	if ctx.Err() != nil {
		return errors.Join(o.printResult(&result, draft, nil), context.Cause(ctx))
	}
	if err := o.printResult(&result, draft, &seen.Snapshot); err != nil {
		return err
	}
	return o.judgeAfter(seen.Snapshot, before, draft)
}

// judgeAfter prints what the last look found and the preflight did not.
func (o *joinOptions) judgeAfter(after, before mesh.Snapshot, draft *join.Draft) error {
	for i := range after.Clusters {
		// Azure was not asked again: what is named by it is the same.
		after.Clusters[i].Azure = before.Clusters[i].Azure
		if draft.Clusters[i].KubeProxy.Needed {
			after.Clusters[i].Azure = switchedOff(before.Clusters[i].Azure)
		}
	}
	o.flags.file.declare(&after)
	return o.preflight.after(after, "the clusters are joined")
}

// switchedOff is what Azure said, after kube-proxy was switched off.
func switchedOff(a *mesh.Azure) *mesh.Azure {
	now := *a
	now.KubeProxy = string(azure.KubeProxyDisabled)
	return &now
}
