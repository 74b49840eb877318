package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

type doctorOptions struct {
	app   *app
	flags doctorFlags

	filter   diagnose.Filter
	opened   *opened
	azure    *azure.Client
	azureIDs map[string]string // by context
	// probed are the clusters that --probe makes pods in: those that were
	// named, and no members that were found by themselves.
	probed []*mesh.Cluster
	image  string // of --probe's pods
}

func newDoctor(a *app) *cobra.Command {
	o := &doctorOptions{app: a}
	command := &cobra.Command{
		Use:   "doctor --context CONTEXT …",
		Short: "Find what keeps a mesh from working, and how to fix it",
		Long: `doctor looks at all clusters, and at each as every other one sees it, and says
what is wrong: causes first, each with what was seen and the command that fixes
it. What follows from a cause is folded under it. "doctor explain CODE" tells all
about one finding.

It looks in three tiers: static (objects of Kubernetes and of Azure), agent (what
Cilium's own pods say), and probe (short-lived pods that send packets between the
clusters; only with --probe, which says first what it makes, and asks). What it
has no right to look at is unknown, never a failure.

Exit codes, whatever --output is: 0 nothing at or above --fail-on, 1 usage or
internal error, 2 findings, 3 with --strict nothing failed but something could not
be examined.`,
		Example: `  kubectl aksmesh doctor --context aks-1
  kubectl aksmesh doctor --context aks-1,aks-2 --probe
  kubectl aksmesh doctor --context aks-1,aks-2 --cleanup
  kubectl aksmesh doctor --context aks-1 --save mesh.json.gz
  kubectl aksmesh doctor --from mesh.json.gz -o markdown
  kubectl aksmesh doctor -f mesh.yaml --only AKSM206 --fail-on warning
  kubectl aksmesh doctor explain AKSM607`,
		GroupID: groupSee,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.flags.add(command.Flags())
	command.AddCommand(newExplain(a))
	return command
}

func newExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "explain CODE",
		Short:   "Tell what a code means, how it is measured and how to fix it",
		Example: "  kubectl aksmesh doctor explain AKSM607\n  kubectl aksmesh doctor explain 607",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			page, err := diagnose.Explain(args[0])
			if err == nil {
				_, err = io.WriteString(a.streams.Out, page)
			}
			return err
		},
	}
}

// complete turns flags into clusters and a filter, without asking anything.
func (o *doctorOptions) complete() error {
	if err := o.flags.validate(); err != nil {
		return err
	}
	var err error
	if o.filter, err = o.flags.filter(time.Now()); err != nil {
		return err
	}
	if err := o.flags.file.load(o.app); err != nil {
		return err
	}
	if o.flags.from != "" {
		if len(o.app.clusters.contexts) > 0 {
			return fmt.Errorf("--from judges a file and looks at no cluster: leave --context out")
		}
		return nil
	}
	if err := o.flags.file.choose(o.app, &o.flags.azure); err != nil {
		return err
	}
	o.opened, err = o.app.clusters.openFor("doctor")
	if err != nil {
		return err
	}
	o.probed = slices.Clone(o.opened.clusters)
	if o.flags.probe {
		if len(o.probed) < 2 {
			return fmt.Errorf("--probe measures between clusters: name at least two with --context")
		}
		if o.image, err = o.app.probeImage("--probe-image", o.flags.probeImage); err != nil {
			return err
		}
	}
	o.azure, o.azureIDs, err = o.flags.azure.client(o.app)
	return err
}

func (o *doctorOptions) run(ctx context.Context) error {
	if o.flags.cleanup {
		return o.cleanUp(ctx)
	}
	if o.flags.probe {
		if err := o.agreeToProbe(ctx); err != nil {
			return err
		}
	}
	exam, err := o.examine(ctx)
	if err != nil {
		return err
	}
	if err := o.print(exam); err != nil {
		return err
	}
	if o.flags.watch {
		return o.follow(ctx, exam)
	}
	return exam.verdict(o.flags.failOn, o.flags.strict)
}

// examine looks, or reads a file, and judges.
func (o *doctorOptions) examine(ctx context.Context) (*examination, error) {
	started := time.Now()
	seen, err := o.see(ctx)
	if err != nil {
		return nil, err
	}
	o.flags.file.declare(&seen)
	if o.flags.save != "" {
		if err := seen.Save(o.flags.save); err != nil {
			return nil, err
		}
		o.app.say("saved what was seen to %s", o.flags.save)
	}
	exam := &examination{Snapshot: seen, Tiers: o.tiers()}
	exam.judge(o.filter)
	if o.flags.compare != "" {
		if err := exam.compare(o.flags.compare, o.filter); err != nil {
			return nil, err
		}
	}
	exam.Took = time.Since(started)
	return exam, nil
}

func (o *doctorOptions) tiers() []string {
	tiers := []string{"static", "agent"}
	if o.flags.from != "" {
		return []string{"from " + o.flags.from}
	}
	if o.flags.probe {
		tiers = append(tiers, "probe")
	}
	return tiers
}

// see takes the snapshot: the mesh, then its services.
func (o *doctorOptions) see(ctx context.Context) (mesh.Snapshot, error) {
	if o.flags.from != "" {
		return mesh.LoadSnapshot(o.flags.from)
	}
	o.app.say("looking at %s", count(len(o.opened.clusters), "cluster"))
	seen, _ := o.opened.look(ctx, collect.Options{
		Parallel: o.app.clusters.parallel, Agents: true, Health: true,
		Azure: o.azure, AzureNetwork: true, AzureIDs: o.azureIDs,
	})
	if ctx.Err() != nil {
		return mesh.Snapshot{}, context.Cause(ctx)
	}
	// Afterwards: by now all members are known, and the user is logged in.
	services := collect.Services(ctx, o.opened.clusters, collect.ServiceOptions{Parallel: o.app.clusters.parallel})
	addServices(&seen.Snapshot, services)
	if o.flags.probe {
		seen.Snapshot.Probes = o.measure(ctx, seen.Snapshot.Clusters)
	}
	return seen.Snapshot, context.Cause(ctx)
}

// addServices puts the services into the snapshot of the mesh.
func addServices(s *mesh.Snapshot, services mesh.Snapshot) {
	for i := range services.Clusters {
		from := &services.Clusters[i]
		at := slices.IndexFunc(s.Clusters, func(f mesh.Facts) bool { return f.Context == from.Context })
		if at < 0 {
			continue
		}
		to := &s.Clusters[at]
		to.Services = from.Services
		for _, p := range from.Problems {
			if p.Section == mesh.SectionAPI {
				p.Section = mesh.SectionServices // the API server answered the other look
			}
			if !slices.ContainsFunc(to.Problems, func(known mesh.Problem) bool { return known.Section == p.Section }) {
				to.Problems = append(to.Problems, p)
			}
		}
	}
}

// follow looks again and again, and prints what has changed.
func (o *doctorOptions) follow(ctx context.Context, last *examination) error {
	for {
		if !pause(ctx, o.flags.interval) {
			return context.Cause(ctx)
		}
		now, err := o.examine(ctx)
		if err != nil {
			return err
		}
		now.since(last.Report)
		if len(now.Changes.New)+len(now.Changes.Gone) > 0 {
			if err := o.print(now); err != nil {
				return err
			}
		}
		last = now
	}
}

// errStrict is the failure of a look that found nothing wrong and could not
// see everything.
var errStrict = errors.New("nothing failed, but not everything could be examined: see what is unknown above")

// verdict is the exit code, whatever was printed.
func (e *examination) verdict(failOn string, strict bool) error {
	c := e.Report.Counts
	switch {
	case c.Errors > 0:
		return codeError{exitFindings, fmt.Errorf("found %s", strings.Join(tally(c), ", "))}
	case c.Warnings > 0 && failOn == string(diagnose.Warning):
		return codeError{exitFindings, fmt.Errorf("found %s", strings.Join(tally(c), ", "))}
	case c.Unknown > 0 && strict:
		return codeError{exitInconclusive, errStrict}
	}
	return nil
}

func tally(c diagnose.Counts) []string {
	var parts []string
	if c.Errors > 0 {
		parts = append(parts, count(c.Errors, "error"))
	}
	if c.Warnings > 0 {
		parts = append(parts, count(c.Warnings, "warning"))
	}
	return parts
}
