package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/pkg/rotate"
)

type caRotateOptions struct {
	app   *app
	flags changeFlags
	chart string
	force bool

	opened    *opened
	preflight preflight
}

func newCARotate(a *app) *cobra.Command {
	o := &caRotateOptions{app: a, preflight: preflight{app: a, command: "ca rotate"}}
	command := &cobra.Command{
		Use:   "rotate --context CONTEXT …",
		Short: "Replace the mesh's certificate authority without cutting a connection",
		Long: `rotate gives a running mesh a new certificate authority in three waves over all
members: trust the old and the new one; sign all certificates with the new one;
trust the new one only. No wave begins in any cluster before the one before it
has ended in all, so that every connection between clusters survives.

Cilium's agents restart node by node, twice; the datapath in the kernel, and so
the traffic of pods, goes on meanwhile. Members that the named clusters are
configured with are found by themselves; all members must take part.

A rotation that was interrupted goes on where it stood when it is run again.`,
		Example: `  kubectl aksmesh ca rotate --context aks-1
  kubectl aksmesh ca rotate --context aks-1,aks-2 --dry-run=client`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	flags := command.Flags()
	o.flags.add(flags, changeWords{wait: "wait in each wave until every agent sees every other cluster, and not only for ready pods", timeout: 45 * time.Minute})
	flags.StringVar(&o.chart, "chart", "", "path of Cilium's chart (default: the release's)")
	flags.BoolVar(&o.force, "force", false, "rotate though not every cluster sees every other")
	return command
}

// complete turns flags into clusters, without asking anything.
func (o *caRotateOptions) complete() error {
	if err := o.flags.validate(); err != nil {
		return err
	}
	opened, err := o.app.clusters.openFor("ca rotate")
	o.opened = opened
	return err
}

// run is the flow of a rotation: look, judge, plan, ask, change, look again.
func (o *caRotateOptions) run(ctx context.Context) error {
	o.app.say("looking at %s", count(len(o.opened.clusters), "cluster"))
	seen, added := o.opened.lookToChange(ctx, false, collect.Options{Parallel: o.app.clusters.parallel, Rights: join.Rights(), Agents: true})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	draft, err := o.judge(seen.Snapshot)
	if err != nil {
		return err
	}
	charts := newCharts(o.chart, seen.Charts)
	if err := charts.check(ctx, draft.ChartVersions()); err != nil {
		return err
	}
	planned := draft.Plan(rotate.Live{Clusters: o.opened.byContext(), Chart: charts.load, Wait: o.flags.wait})
	change := change{o.app, &o.flags}
	if err := change.show(planned, rotateHeader(draft, added)); err != nil {
		return err
	}
	if err := change.agree(ctx, planned); err != nil {
		return ended(err)
	}
	result := change.run(ctx, planned, len(o.opened.clusters))
	return o.report(ctx, change, &result)
}

// judge drafts the rotation, or says why there can be none.
func (o *caRotateOptions) judge(seen mesh.Snapshot) (*rotate.Draft, error) {
	if join.Unreadable(seen) {
		return nil, o.preflight.unreadable(seen)
	}
	var errs []error
	for _, name := range join.Strangers(seen.Clusters) {
		errs = append(errs, fmt.Errorf("cluster %q is a member of this mesh and must get the new authority, but no context reaches it: add its --context, or take it out with kubectl aksmesh leave --forget %s", name, name))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	// Others would wait between two waves for a member that is stopped there.
	if err := o.preflight.unhindered(seen); err != nil {
		return nil, err
	}
	draft, err := rotate.Make(seen)
	if err != nil {
		return nil, err
	}
	if missing := draft.Unconnected(); missing != "" && !draft.Resumed && !o.force {
		return nil, fmt.Errorf("nothing was changed: the mesh is not whole (%s): fix it first, see kubectl aksmesh doctor, or rotate all the same with --force", missing)
	}
	return draft, nil
}

func rotateHeader(draft *rotate.Draft, added map[string]string) []string {
	first := fmt.Sprintf("ca rotate gives %s a new certificate authority:", count(len(draft.Clusters), "cluster"))
	if draft.Resumed {
		first = fmt.Sprintf("ca rotate goes on with the rotation that has begun in %s:", count(len(draft.Clusters), "cluster"))
	}
	lines := []string{first}
	for i := range draft.Clusters {
		c := &draft.Clusters[i]
		line := fmt.Sprintf("  %s: cluster name %s, certificates by %s", c.Context, c.Name, c.Method)
		if c.Hubble != "" && c.Hubble != c.Method {
			line += ", Hubble's by " + c.Hubble
		}
		if _, ok := added[c.Context]; ok {
			line += " (found as a member)"
		}
		lines = append(lines, line)
	}
	return lines
}

// report shows the result, and looks once more at what came of it.
func (o *caRotateOptions) report(ctx context.Context, change change, result *plan.Result) error {
	var contexts []string
	for _, cluster := range o.opened.clusters {
		contexts = append(contexts, cluster.Context)
	}
	slices.Sort(contexts)
	if !result.OK() || !o.flags.wait {
		return errors.Join(change.printResult("CARotateReport", result, contexts, nil), failure(result))
	}
	seen := collect.Collect(ctx, o.opened.clusters, collect.Options{Parallel: o.app.clusters.parallel, Agents: true})
	if ctx.Err() != nil {
		return errors.Join(change.printResult("CARotateReport", result, contexts, nil), context.Cause(ctx))
	}
	if err := change.printResult("CARotateReport", result, contexts, &seen.Snapshot); err != nil {
		return err
	}
	return o.preflight.after(seen.Snapshot, "the authority is replaced")
}
