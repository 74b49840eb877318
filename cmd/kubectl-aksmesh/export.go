package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/pkg/meshfile"
)

type exportOptions struct {
	app     *app
	output  string
	partial bool
	azure   azureFlags
}

func newExport(a *app) *cobra.Command {
	o := &exportOptions{app: a}
	command := &cobra.Command{
		Use:   "export --context CONTEXT …",
		Short: "Write the mesh that runs as a file, for join -f and doctor -f",
		Long: `export writes a mesh that runs as a mesh file to stdout: its clusters with their
names, ids and pod CIDRs, its settings, and the Helm values that are the user's
own. Members that are configured are found by themselves; one that no context
reaches stops the command, unless --partial is given.

What is written is what runs, so that join -f has nothing to do. No secret gets
into the file: Helm values that may be secret are left out, and named on stderr
and in the file's comments.`,
		Example: `  kubectl aksmesh export --context aks-1 > mesh.yaml
  kubectl aksmesh join -f mesh.yaml
  kubectl aksmesh doctor -f mesh.yaml`,
		GroupID: groupSee,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context()) },
	}
	command.Flags().StringVarP(&o.output, "output", "o", outputYAML, "yaml or json")
	command.Flags().BoolVar(&o.partial, "partial", false, "write the file though it lacks members that no context reaches; leave -f does not take such a file")
	o.azure.add(command.Flags())
	return command
}

func (o *exportOptions) run(ctx context.Context) error {
	if o.output != outputYAML && o.output != outputJSON {
		return fmt.Errorf("--output %q is not one of yaml, json", o.output)
	}
	opened, err := o.app.clusters.openFor("export")
	if err != nil {
		return err
	}
	client, ids, err := o.azure.client(o.app)
	if err != nil {
		return err
	}
	o.app.say("looking at %s", count(len(opened.clusters), "cluster"))
	seen, _ := opened.look(ctx, collect.Options{Parallel: o.app.clusters.parallel, Azure: client, AzureIDs: ids})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	exported, err := meshfile.FromSnapshot(seen.Snapshot)
	if err != nil {
		return err
	}
	if err := o.whole(exported.Missing); err != nil {
		return err
	}
	return o.write(exported)
}

// whole refuses to leave members out without a word that everybody sees: what
// is not in the file leaves by leave -f.
func (o *exportOptions) whole(missing []string) error {
	if len(missing) == 0 || o.partial {
		return nil
	}
	names := strings.Join(missing, " and ")
	return fmt.Errorf("nothing was written: no context reaches %s: add --context for each member, have one that is gone forgotten with kubectl aksmesh leave --forget %s, or leave what cannot be reached out with --partial", names, strings.Join(missing, ","))
}

func (o *exportOptions) write(exported *meshfile.Exported) error {
	for _, note := range exported.Notes {
		fmt.Fprintln(o.app.streams.ErrOut, "note: "+note)
	}
	text, err := exported.File.JSON()
	if o.output == outputYAML {
		comments := []string{"The mesh as kubectl aksmesh export saw it: join -f brings it about, doctor -f compares it with what runs."}
		text, err = exported.File.YAML(append(comments, exported.Notes...)...)
	}
	if err != nil {
		return err
	}
	_, err = o.app.streams.Out.Write(text)
	return err
}
