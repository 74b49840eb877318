package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/hubble"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

type statusOptions struct {
	app      *app
	output   string
	from     string
	flows    time.Duration
	watch    bool
	interval time.Duration

	opened *opened
}

func newStatus(a *app) *cobra.Command {
	o := &statusOptions{app: a}
	command := &cobra.Command{
		Use:   "status --context CONTEXT …",
		Short: "Show the clusters of a mesh and who sees whom",
		Long: `status asks every agent and every kvstoremesh of the clusters which other
clusters they see, and shows the matrix in both directions. Members that the
named clusters are configured with are found by themselves if the kubeconfig has
a context for them.

With -o html, svg, mermaid or dot it draws a picture and writes it to stdout. The
page of HTML is one file without script, and has nodes, MTUs, global services and
what the doctor found, too.

With --flows it listens to Hubble relay in every cluster for a while, and shows
the connections that were really made between pods: between clusters first, each
counted once, even though both sides saw it.

It exits with 0 only if every agent of every cluster sees every other cluster
connected and synced, and with 2 if not, whatever --output is.`,
		Example: `  kubectl aksmesh status --context aks-1
  kubectl aksmesh status --context aks-1,aks-2,aks-3 -o json
  kubectl aksmesh status --context aks-1 -o html > mesh.html
  kubectl aksmesh status --context aks-1 --flows 60s -o svg > mesh.svg
  kubectl aksmesh status --context aks-1 --watch`,
		GroupID: groupSee,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	flags := command.Flags()
	flags.StringVarP(&o.output, "output", "o", "", strings.Join(statusOutputs()[1:], ", "))
	flags.StringVar(&o.from, "from", "", "show a file that doctor --save wrote, instead of looking at clusters")
	flags.DurationVar(&o.flows, "flows", 0, "listen so long to flows through Hubble relay, as 60s")
	flags.BoolVarP(&o.watch, "watch", "w", false, "go on: redraw on a terminal, else print what changes")
	flags.DurationVar(&o.interval, "interval", 5*time.Second, "time between two looks of --watch")
	return command
}

// statusOutputs are the values of --output.
func statusOutputs() []string {
	return append([]string{"", outputJSON, outputYAML}, pictureOutputs()...)
}

func (o *statusOptions) validate() error {
	drawn := slices.Contains(pictureOutputs(), o.output)
	switch {
	case !slices.Contains(statusOutputs(), o.output):
		return fmt.Errorf("--output %q is not one of %s", o.output, strings.Join(statusOutputs()[1:], ", "))
	case o.watch && drawn:
		return fmt.Errorf("--watch shows text, json or yaml; a picture is of one moment: leave one of --watch and -o %s out", o.output)
	case o.watch && (o.flows != 0 || o.from != ""):
		return errors.New("--watch goes with neither --flows nor --from")
	case o.from != "" && (o.flows != 0 || len(o.app.clusters.contexts) > 0):
		return errors.New("--from shows a file and looks at no cluster: leave --context and --flows out")
	case o.flows < 0:
		return fmt.Errorf("--flows %s is not a positive time", o.flows)
	case o.watch && o.interval <= 0:
		return fmt.Errorf("--interval %s is not a positive time", o.interval)
	}
	return nil
}

func (o *statusOptions) run(ctx context.Context) error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.from == "" {
		var err error
		o.opened, err = o.app.clusters.openFor("status")
		if err != nil {
			return err
		}
	}
	if o.watch {
		return o.follow(ctx)
	}
	seen, err := o.see(ctx)
	if err != nil {
		return err
	}
	if err := o.print(seen); err != nil {
		return err
	}
	return seen.verdict()
}

// statusSeen is one look: the snapshot, what came of it, and the flows.
type statusSeen struct {
	snapshot mesh.Snapshot
	*statusReport
}

// see takes as much of a snapshot as is shown, and listens to flows.
func (o *statusOptions) see(ctx context.Context) (*statusSeen, error) {
	if o.from != "" {
		snapshot, err := mesh.LoadSnapshot(o.from)
		if err != nil {
			return nil, err
		}
		return &statusSeen{snapshot, newStatusReport(snapshot)}, nil
	}
	drawn := slices.Contains(pictureOutputs(), o.output)
	result, _ := o.opened.look(ctx, collect.Options{Parallel: o.app.clusters.parallel, Agents: true, Health: drawn})
	if ctx.Err() == nil && (drawn || o.flows > 0) {
		addServices(&result.Snapshot, collect.Services(ctx, o.opened.clusters, collect.ServiceOptions{Parallel: o.app.clusters.parallel}))
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	seen := &statusSeen{result.Snapshot, newStatusReport(result.Snapshot)}
	if o.flows > 0 {
		seen.Flows = o.listen(ctx, seen.snapshot)
	}
	return seen, context.Cause(ctx)
}

// listen reads flows, and says on stderr where that was not possible.
func (o *statusOptions) listen(ctx context.Context, s mesh.Snapshot) *hubble.Report {
	o.app.say("listening to flows of %s for %s", count(len(o.opened.clusters), "cluster"), o.flows)
	report := hubble.Read(ctx, o.opened.clusters, hubble.Options{
		For: o.flows, Names: namesByContext(s), Service: servicesByAddress(s), Parallel: o.app.clusters.parallel,
	})
	for i := range report.Sources {
		if source := &report.Sources[i]; source.Error != "" && ctx.Err() == nil {
			fmt.Fprintf(o.app.streams.ErrOut, "%s: %s\n", clean(source.Context), clean(sourceText(source)))
		}
	}
	return &report
}

// verdict is the exit code, whatever was printed.
func (r *statusReport) verdict() error {
	if !r.Ready {
		return codeError{exitFindings, errors.New("the mesh is not ready: " + r.reason())}
	}
	return nil
}

func (o *statusOptions) print(seen *statusSeen) error {
	switch {
	case o.output == "":
		terminal, style := o.app.outStyle()
		return seen.write(o.app.streams.Out, style, width(terminal))
	case slices.Contains(pictureOutputs(), o.output):
		return draw(o.app.streams.Out, o.output, pictureOf(seen))
	default:
		return printDocument(o.app.streams.Out, o.output, seen.statusReport)
	}
}

// problemsOf are the sections of a cluster that could not be read, one line each.
func problemsOf(f *mesh.Facts) []string {
	var lines []string
	for _, problem := range f.Problems {
		lines = append(lines, fmt.Sprintf("%s: %s (%s)", problem.Section, problem.Message, problem.Kind))
	}
	return lines
}
