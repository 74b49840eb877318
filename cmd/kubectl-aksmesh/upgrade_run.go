package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/pkg/upgrade"
)

// run is the flow of upgrade: look, judge, plan, ask, change and wait cluster
// by cluster, look again.
func (o *upgradeOptions) run(ctx context.Context) error {
	seen, added, err := o.look(ctx)
	if err != nil {
		return err
	}
	charts := newCharts(o.flags.chart, o.stored(seen.Charts))
	draft, err := o.judge(ctx, seen, charts)
	if err != nil {
		return err
	}
	run := draft.Plan(upgrade.Live{Clusters: o.opened.byContext(), Chart: func(ctx context.Context) (*chartv2.Chart, error) {
		return charts.load(ctx, anyContext, draft.Version())
	}})
	if draft.NothingToDo() {
		return o.nothingToDo(draft, run, seen.Snapshot)
	}
	if err := run.Try(ctx); err != nil {
		return err
	}
	change := change{o.app, &o.flags.changeFlags}
	if err := change.show(run.Plan, upgradeHeader(draft, o.wish.Parallel, added)); err != nil {
		return err
	}
	if err := change.agree(ctx, run.Plan); err != nil {
		return ended(err)
	}
	result := change.run(ctx, run.Plan, len(o.opened.clusters))
	return o.report(ctx, result, run)
}

// look collects from all members. Every one of them counts: a version that is
// not known cannot be compared.
func (o *upgradeOptions) look(ctx context.Context) (collect.Result, map[string]string, error) {
	o.app.say("looking at %s", count(len(o.opened.clusters), "cluster"))
	seen, added := o.opened.lookToChange(ctx, false, collect.Options{Parallel: o.app.clusters.parallel, Rights: join.Rights(), Agents: true})
	if ctx.Err() != nil {
		return seen, nil, context.Cause(ctx)
	}
	if join.Unreadable(seen.Snapshot) {
		return seen, nil, o.preflight.unreadable(seen.Snapshot)
	}
	var errs []error
	for _, name := range join.Strangers(seen.Snapshot.Clusters) {
		errs = append(errs, fmt.Errorf("cluster %q is a member of this mesh, and the versions of all members count, but no context reaches it: add its --context", name))
	}
	return seen, added, errors.Join(errs...)
}

// anyContext is what the new chart is loaded for: it is one for all clusters.
const anyContext = ""

// stored is the chart of a release that has the version already, if some has:
// then no network is needed for the others.
func (o *upgradeOptions) stored(charts map[string]*chartv2.Chart) map[string]*chartv2.Chart {
	for _, cluster := range o.opened.clusters {
		if c := charts[cluster.Context]; c != nil && c.Metadata != nil && c.Metadata.Version == o.wish.Version {
			return map[string]*chartv2.Chart{anyContext: c}
		}
	}
	return nil
}

// judge drafts the upgrade, and refuses what must not be done. The chart is
// loaded first, so that one that cannot be had stops the command early.
func (o *upgradeOptions) judge(ctx context.Context, seen collect.Result, charts *charts) (*upgrade.Draft, error) {
	loaded, err := charts.load(ctx, anyContext, o.wish.Version)
	if err != nil {
		return nil, err
	}
	o.wish.Defaults = loaded.Values
	back, err := o.goBack(ctx)
	if err != nil {
		return nil, err
	}
	defaults := map[string]map[string]any{}
	for context, c := range seen.Charts {
		defaults[context] = c.Values
	}
	draft, err := upgrade.Make(upgrade.Seen{Snapshot: seen.Snapshot, Back: back, Defaults: defaults}, o.wish)
	if err != nil {
		return nil, err
	}
	report := draft.Report()
	if err := o.preflight.refuse(&report); err != nil {
		return nil, err
	}
	return draft, draft.NotWhole()
}

// goBack reads to which revisions the clusters can go back.
func (o *upgradeOptions) goBack(ctx context.Context) (map[string]release.Back, error) {
	found := make(map[string]release.Back, len(o.opened.clusters))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(plan.DefaultParallel)
	for _, cluster := range o.opened.clusters {
		group.Go(func() error {
			back, err := release.GoBack(ctx, cluster.Client, cilium.Namespace)
			if err != nil {
				return fmt.Errorf("context %q: %w", cluster.Context, err)
			}
			mu.Lock()
			defer mu.Unlock()
			found[cluster.Context] = back
			return nil
		})
	}
	return found, group.Wait()
}

// report shows the result, and looks once more at what came of it.
func (o *upgradeOptions) report(ctx context.Context, result plan.Result, run *upgrade.Run) error {
	if !result.OK() {
		return errors.Join(o.printResult(&result, run, nil), failure(&result))
	}
	seen := collect.Collect(ctx, o.opened.clusters, collect.Options{Parallel: o.app.clusters.parallel, Agents: true})
	if ctx.Err() != nil {
		return errors.Join(o.printResult(&result, run, nil), context.Cause(ctx))
	}
	if err := o.printResult(&result, run, &seen.Snapshot); err != nil {
		return err
	}
	return o.preflight.after(seen.Snapshot, "the clusters are upgraded")
}

// nothingToDo is the result of an upgrade that finds all as it should be.
func (o *upgradeOptions) nothingToDo(draft *upgrade.Draft, run *upgrade.Run, seen mesh.Snapshot) error {
	if o.flags.output != "" {
		if o.flags.dryRun != dryRunNone {
			return printDocument(o.app.streams.Out, o.flags.output, plan.Plan{})
		}
		return o.printResult(&plan.Result{}, run, &seen)
	}
	for _, line := range upgradeHeader(draft, o.wish.Parallel, nil)[1:] {
		fmt.Fprintln(o.app.streams.Out, line)
	}
	fmt.Fprintln(o.app.streams.Out, "nothing to do")
	return nil
}
