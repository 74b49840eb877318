package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// Values of --dry-run and --output.
const (
	dryRunNone   = "none"
	dryRunClient = "client"
	dryRunServer = "server"

	outputJSON = "json"
	outputYAML = "yaml"
)

// changeFlags are those of every command that changes clusters.
type changeFlags struct {
	yes     bool
	dryRun  string
	output  string
	wait    bool
	timeout time.Duration
}

// changeWords are the parts of the flags' help that differ between commands.
type changeWords struct {
	output  string // further values of --output, and what they mean
	wait    string
	timeout time.Duration
}

func (f *changeFlags) add(flags *pflag.FlagSet, words changeWords) {
	flags.BoolVarP(&f.yes, "yes", "y", false, "go on without asking")
	flags.StringVar(&f.dryRun, "dry-run", dryRunNone, "none, client (show the plan) or server (also ask the API servers whether they would accept it)")
	flags.StringVarP(&f.output, "output", "o", "", "json or yaml: the plan or the result for machines"+words.output)
	flags.BoolVar(&f.wait, "wait", true, words.wait)
	flags.DurationVar(&f.timeout, "timeout", words.timeout, "bound of the changes and waits")
}

func (f *changeFlags) validate(outputs ...string) error {
	outputs = append([]string{outputJSON, outputYAML}, outputs...)
	switch {
	case !slices.Contains([]string{dryRunNone, dryRunClient, dryRunServer}, f.dryRun):
		return fmt.Errorf("--dry-run %q is not one of none, client, server", f.dryRun)
	case f.output != "" && !slices.Contains(outputs, f.output):
		return fmt.Errorf("--output %q is not one of %s", f.output, strings.Join(outputs, ", "))
	case f.timeout <= 0:
		return fmt.Errorf("--timeout %s is not a positive time", f.timeout)
	}
	return nil
}

// bounded is the context that changes and waits have.
func (f *changeFlags) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, f.timeout, errTimeout{f.timeout})
}

// errTimeout is the cause of a context that --timeout ended.
type errTimeout struct{ after time.Duration }

func (e errTimeout) Error() string {
	return fmt.Sprintf("not done within --timeout %s: the same command goes on from here", e.after)
}

// change is what all commands that change clusters do with a plan.
type change struct {
	app   *app
	flags *changeFlags
}

// show writes the plan: on stdout if it is the result (a dry run), on stderr
// if a question follows.
func (c change) show(p plan.Plan, header []string) error {
	if c.flags.dryRun != dryRunNone && c.flags.output != "" {
		return printDocument(c.app.streams.Out, c.flags.output, p)
	}
	if c.flags.dryRun == dryRunNone && (c.flags.output != "" && c.flags.yes || p.Empty()) {
		return nil
	}
	out := c.app.streams.ErrOut
	_, style := c.app.terminal()
	if c.flags.dryRun != dryRunNone {
		out = c.app.streams.Out
		_, style = c.app.outStyle()
	}
	return ui.PlanText(out, &p, ui.PlanView{Style: style, Header: header, Footer: c.footer(p)})
}

func (c change) footer(p plan.Plan) []string {
	suffix := ""
	switch c.flags.dryRun {
	case dryRunClient:
		suffix = " (dry run)"
	case dryRunServer:
		suffix = " (server dry run)"
	}
	changes := 0
	for i := range p.Steps {
		if p.Steps[i].Action != plan.Wait {
			changes++
		}
	}
	return []string{fmt.Sprintf("%s of %s%s", count(changes, "change"), count(changed(p), "cluster"), suffix)}
}

// errDryRun ends a flow in which nothing is to be changed; it is no failure.
var errDryRun = errors.New("dry run")

// ended is the error of a flow that agree ended.
func ended(err error) error {
	if errors.Is(err, errDryRun) {
		return nil
	}
	return err
}

// agree goes on only if the changes are wanted: it ends dry runs, and asks.
func (c change) agree(ctx context.Context, p plan.Plan) error {
	switch {
	case c.flags.dryRun == dryRunClient:
		return errDryRun
	case c.flags.dryRun == dryRunServer:
		if err := c.check(ctx, p); err != nil {
			return err
		}
		return errDryRun
	case c.flags.yes || p.Empty():
		return nil
	}
	yes, err := ui.Confirm(ctx, c.app.streams, fmt.Sprintf("Change %s?", count(changed(p), "cluster")))
	if err == nil && !yes {
		err = codeError{exitError, errors.New("nothing was changed")}
	}
	return err
}

// check has the API servers judge the plan (--dry-run=server).
func (c change) check(ctx context.Context, p plan.Plan) error {
	result := plan.Check(ctx, p, plan.Options{Parallel: c.app.clusters.parallel})
	if err := result.Err(); err != nil {
		return err
	}
	c.app.say("the API servers would accept these changes (server dry run)")
	return nil
}

// run carries out the plan and shows its progress. clusters is how many are
// worked on.
func (c change) run(ctx context.Context, p plan.Plan, clusters int) plan.Result {
	ctx, cancel := c.flags.bounded(ctx)
	defer cancel()
	terminal, style := c.app.terminal()
	progress := ui.NewProgress(c.app.streams.ErrOut, terminal, style, c.app.progress)
	result := plan.Run(ctx, p, plan.Options{Parallel: stepsAtOnce(c.app.clusters.parallel, clusters), Sink: progress.Sink})
	if err := progress.Close(); err != nil {
		c.app.say("progress could not be shown: %v", err)
	}
	return result
}

// stepsAtOnce gives every cluster that is worked on room for the steps that
// merely wait for Azure beside the one that works.
func stepsAtOnce(wanted, clusters int) int {
	const stepsOfACluster = 4
	if wanted > 0 {
		clusters = min(wanted, clusters)
	}
	return stepsOfACluster * clusters
}

// failure is the error for a run that did not do everything. What failed has
// been said by the result; the error says what to type.
func failure(result *plan.Result) error {
	if result.OK() {
		return nil
	}
	if err := result.Err(); errors.Is(err, errInterrupted) {
		return codeError{exitInterrupted, fmt.Errorf("%w: the same command goes on from here", errInterrupted)}
	}
	if result.Interrupted {
		return codeError{exitError, result.Cause}
	}
	return codeError{exitError, errors.New("not everything is done: fix what is named above, then the same command goes on from here")}
}

// changed counts the clusters that a plan changes.
func changed(p plan.Plan) int {
	contexts := map[string]bool{}
	for i := range p.Steps {
		if p.Steps[i].Action != plan.Wait {
			contexts[p.Steps[i].Cluster] = true
		}
	}
	return len(contexts)
}

// say tells what is going on, unless nobody wants to know.
func (a *app) say(format string, args ...any) {
	if a.progress != ui.ProgressQuiet {
		fmt.Fprintf(a.streams.ErrOut, format+"\n", args...)
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
