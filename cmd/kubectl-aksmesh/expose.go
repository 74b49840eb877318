package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
	"github.com/aksmesh/kubectl-aksmesh/pkg/export"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

type exposeOptions struct {
	app       *app
	flags     changeFlags
	namespace string
	shared    bool
	wish      globalsvc.Wish
	create    string

	manifests manifestFlags

	opened *opened
	// contexts are those that were named; other members are looked at alone.
	contexts []string
}

func newExpose(a *app) *cobra.Command {
	o := &exposeOptions{app: a}
	command := &cobra.Command{
		Use:   "expose SERVICE --context CONTEXT …",
		Short: "Make a service global, shared or preferred, across clusters",
		Long: `expose annotates a service in each named cluster, so that clients of every
cluster of the mesh reach the endpoints of all of them under the service's own
name. With --shared or --affinity it changes that as well, in the named clusters
alone: what is global there already stays so, and what is not becomes so.

  global    the service takes endpoints of other clusters, and gives its own
  shared    with --shared=false it takes, but does not give
  affinity  local: others only if there is no ready endpoint here;
            remote: own ones only if no other cluster has one; none: all alike

It writes by server-side apply as its own field manager, and no annotation that
somebody else owns unless --force-conflicts is given. unexpose takes back what
expose has set.`,
		Example: `  # make a service global in three clusters
  kubectl aksmesh expose aks-helloworld --context aks-1,aks-2,aks-3

  # aks-1 gives nothing any more; clients in aks-2 prefer the others
  kubectl aksmesh expose aks-helloworld --context aks-1 --shared=false
  kubectl aksmesh expose aks-helloworld --context aks-2 --affinity remote

  # make the service where it is missing
  kubectl aksmesh expose web -n shop --context aks-1,aks-2 --create`,
		GroupID: groupChange,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("shared") {
				o.wish.Shared = &o.shared
			}
			o.wish.Name, o.wish.Namespace, o.wish.Create = args[0], o.namespace, globalsvc.CreateMode(o.create)
			return o.run(c.Context())
		},
	}
	flags := command.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "default", "the service's namespace")
	flags.BoolVar(&o.shared, "shared", true, "give this cluster's endpoints to the others")
	flags.StringVar(&o.wish.Affinity, "affinity", "", "local, remote or none: whose endpoints clients in this cluster prefer")
	flags.StringVar(&o.create, "create", "", "make the service, and its namespace, where they are missing: selector (also if no value is given) or no-selector")
	flags.Lookup("create").NoOptDefVal = string(globalsvc.CreateWithSelector)
	flags.BoolVar(&o.wish.ReplaceLegacy, "replace-legacy", false, "replace annotations of Cilium's older names (io.cilium/…)")
	flags.BoolVar(&o.wish.Force, "force-conflicts", false, "take over annotations that another field manager owns")
	o.manifests.add(flags)
	o.flags.add(flags, changeWords{output: manifestsHelp, wait: "wait until agents answer clients as the rules say", timeout: 2 * time.Minute})
	return command
}

func (o *exposeOptions) run(ctx context.Context) error {
	if err := o.manifests.validate(&o.flags); err != nil {
		return err
	}
	seen, err := o.look(ctx, outputManifests)
	if err != nil {
		return err
	}
	if o.flags.output == outputManifests {
		return o.writeManifests(seen)
	}
	draft, err := globalsvc.Make(seen, o.wish)
	if err != nil {
		return codeError{exitError, fmt.Errorf("nothing was changed: %w", err)}
	}
	planned := draft.Plan(o.opened.byContext())
	planned.Notes = notes(draft.Targets)
	o.warn(draft.Projected(seen))
	return o.finish(ctx, planned)
}

// writeManifests writes what expose would do as files for Git. Annotations that
// a GitOps controller keeps are changed in Git only, so all may be taken over.
func (o *exposeOptions) writeManifests(seen mesh.Snapshot) error {
	wish := o.wish
	wish.Force = true
	draft, err := globalsvc.Make(seen, wish)
	if err != nil {
		return codeError{exitError, fmt.Errorf("nothing was written: %w", err)}
	}
	o.warn(draft.Projected(seen))
	set, err := export.Expose(draft)
	if err != nil {
		return err
	}
	return o.manifests.write(o.app, set)
}

// look collects from the named clusters and from the other members. outputs
// are the values of --output that the command has besides the usual ones.
func (o *exposeOptions) look(ctx context.Context, outputs ...string) (mesh.Snapshot, error) {
	if err := o.flags.validate(outputs...); err != nil {
		return mesh.Snapshot{}, err
	}
	if err := o.wish.Validate(); err != nil {
		return mesh.Snapshot{}, err
	}
	var err error
	o.opened, err = o.app.clusters.openFor("expose " + o.wish.Name)
	if err != nil {
		return mesh.Snapshot{}, err
	}
	for _, c := range o.opened.clusters {
		o.contexts = append(o.contexts, c.Context)
	}
	o.wish.Contexts = o.contexts
	seen := o.opened.lookServices(ctx, o.scope(0))
	return seen, context.Cause(ctx)
}

func (o *exposeOptions) scope(agents int) collect.ServiceOptions {
	return collect.ServiceOptions{Parallel: o.app.clusters.parallel, Namespace: o.namespace, Name: o.wish.Name, Agents: agents}
}

// warn says which traps the service would be in after the change, and what of
// that could not be judged.
func (o *exposeOptions) warn(after mesh.Snapshot) {
	report := diagnose.Judge(after, diagnose.Options{Phase: diagnose.Preflight})
	_, style := o.app.terminal()
	out := o.app.streams.ErrOut
	writeFindings(out, style, ofServices(report.Errors()), ofServices(report.Warnings()))
	for _, f := range ofServices(report.Infos()) {
		if f.ExplainedBy == "" {
			writeFinding(out, style, "note", ui.Dim, &f)
		}
	}
	o.app.writeProblems(allProblems(after))
	for _, line := range notJudged(ofServices(report.Unknowns())) {
		fmt.Fprintln(out, clean(line))
	}
}

// ofServices are the findings about services and about policies before them.
func ofServices(found []diagnose.Finding) []diagnose.Finding {
	return slices.DeleteFunc(found, func(f diagnose.Finding) bool {
		family := f.Code.Family()
		return family != diagnose.Services && family != diagnose.Policy
	})
}

// notJudged are lines that name the checks which could not judge, by reason.
func notJudged(unknowns []diagnose.Finding) []string {
	codes := map[string][]string{}
	var reasons []string
	for i := range unknowns {
		reason := unknowns[i].Message
		if codes[reason] == nil {
			reasons = append(reasons, reason)
		}
		codes[reason] = append(codes[reason], string(unknowns[i].Code))
	}
	var lines []string
	for _, reason := range reasons {
		lines = append(lines, fmt.Sprintf("not judged: %s: %s", strings.Join(slices.Compact(codes[reason]), ", "), reason))
	}
	return lines
}

func notes(targets []globalsvc.Target) []string {
	var lines []string
	for i := range targets {
		for _, note := range targets[i].Notes {
			lines = append(lines, targets[i].Context+": "+note)
		}
	}
	return lines
}

// finish shows the plan, asks, changes, waits and reports.
func (o *exposeOptions) finish(ctx context.Context, planned plan.Plan) error {
	change := change{o.app, &o.flags}
	if err := change.show(planned, planned.Notes); err != nil {
		return err
	}
	if planned.Empty() {
		return o.nothingToDo(planned.Notes)
	}
	if err := change.agree(ctx, planned); err != nil {
		return ended(err)
	}
	bounded, cancel := o.flags.bounded(ctx)
	defer cancel()
	result := change.run(bounded, planned, len(o.contexts))
	rows, err := o.settle(bounded, &result)
	return firstError(o.printResult(&result, planned.Notes, rows), failure(&result), err)
}

func (o *exposeOptions) nothingToDo(notes []string) error {
	shown := o.flags.dryRun != dryRunNone // with its notes
	switch {
	case o.flags.output != "" && shown:
		return nil
	case o.flags.output != "":
		return o.printResult(&plan.Result{}, notes, nil)
	case !shown:
		for _, note := range notes {
			fmt.Fprintln(o.app.streams.ErrOut, clean(note))
		}
	}
	_, err := fmt.Fprintln(o.app.streams.Out, "nothing to do")
	return err
}

// firstError is the first that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// exposeReport is the document of a finished change of services.
type exposeReport struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Result     *plan.Result    `json:"result"`
	Notes      []string        `json:"notes,omitempty"`    // of the plan
	Services   *servicesReport `json:"services,omitempty"` // absent if the run ended early
}

func (o *exposeOptions) printResult(result *plan.Result, notes []string, rows *servicesReport) error {
	if o.flags.output != "" {
		return printDocument(o.app.streams.Out, o.flags.output, exposeReport{plan.APIVersion, "ExposeReport", result, notes, rows})
	}
	_, style := o.app.outStyle()
	if err := ui.ResultText(o.app.streams.Out, result, ui.ResultView{Style: style}); err != nil || rows == nil {
		return err
	}
	fmt.Fprintln(o.app.streams.Out)
	view := servicesOptions{app: o.app, namespace: o.namespace, name: o.wish.Name}
	return view.print(rows)
}
