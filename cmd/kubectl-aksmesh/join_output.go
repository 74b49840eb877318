package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/export"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// header says what the mesh will be, and what the plan leaves out.
func header(draft *join.Draft, added map[string]string) []string {
	lines := []string{fmt.Sprintf("join makes %s one mesh:", count(len(draft.Clusters), "cluster"))}
	for i := range draft.Clusters {
		c := &draft.Clusters[i]
		line := fmt.Sprintf("  %s: cluster name %s, id %d, pods %v", c.Context, c.Name, c.ID, c.PodCIDRs)
		if name, ok := added[c.Context]; ok {
			line += fmt.Sprintf(" (found as member %s)", name)
		}
		lines = append(lines, line)
		for _, note := range c.Notes {
			lines = append(lines, "    note: "+note)
		}
	}
	return lines
}

// nothingToDo is the result of a join that finds all as it should be, or has
// nothing to do with what is not.
func (o *joinOptions) nothingToDo(draft *join.Draft, seen collect.Result) error {
	if o.flags.output != "" {
		if o.flags.dryRun != dryRunNone {
			return printDocument(o.app.streams.Out, o.flags.output, plan.Plan{Notes: draft.Notes()})
		}
		return o.printResult(&plan.Result{}, draft, &seen.Snapshot)
	}
	for _, line := range header(draft, nil)[1:] {
		fmt.Fprintln(o.app.streams.Out, line)
	}
	fmt.Fprintln(o.app.streams.Out, cmp.Or(o.toCommit(draft), "nothing to do"))
	return nil
}

// toCommit says which clusters' values are left to be committed, and how they
// are had; empty if there are none.
func (o *joinOptions) toCommit(draft *join.Draft) string {
	owned := draft.ToCommit()
	if len(owned) == 0 {
		return ""
	}
	command := "kubectl aksmesh join"
	if o.flags.file.path != "" {
		command += " -f " + o.flags.file.path
	}
	command += " --context " + strings.Join(draft.Contexts(), ",") + " -o values"
	if o.flags.chooses() {
		command += ", with the other flags of this command"
	}
	return fmt.Sprintf("values to commit for %s: %s; they are printed by: %s", count(len(owned), "cluster"), strings.Join(owned, ", "), command)
}

// printResult writes what was done and, if it is known, how the mesh stands.
func (o *joinOptions) printResult(result *plan.Result, draft *join.Draft, seen *mesh.Snapshot) error {
	change := change{o.app, &o.flags.changeFlags}
	if err := change.printNoted("JoinReport", result, draft.Notes(), draft.Contexts(), seen); err != nil {
		return err
	}
	if left := o.toCommit(draft); left != "" && o.flags.output == "" {
		fmt.Fprintln(o.app.streams.Out, left)
	}
	return nil
}

// printValues writes the Helm values of every cluster, one YAML document each,
// for someone who keeps them in Git.
func (o *joinOptions) printValues(draft *join.Draft) error {
	for i := range draft.Clusters {
		c := &draft.Clusters[i]
		all, missing, err := draft.FileValues(c)
		if err != nil {
			return err
		}
		text, err := yaml.Marshal(all)
		if err != nil {
			return err
		}
		fmt.Fprintf(o.app.streams.Out, "---\n# Helm values of release cilium in namespace kube-system, context %s\n", c.Context)
		for _, note := range export.ValuesNotes(missing, values.Hidden(all)) {
			fmt.Fprintln(o.app.streams.Out, "# "+note)
		}
		if _, err := o.app.streams.Out.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// writeManifests writes what the join would do as files for Git.
func (o *joinOptions) writeManifests(ctx context.Context, draft *join.Draft, seen mesh.Snapshot) error {
	set, err := export.Join(draft, azureFiles(ctx, o.azure, o.azureIDs, seen))
	if err != nil {
		return err
	}
	return o.flags.manifests.write(o.app, set)
}

// printDocument writes one JSON or YAML document.
func printDocument(w io.Writer, format string, document any) error {
	var text []byte
	var err error
	switch format {
	case outputJSON:
		text, err = json.MarshalIndent(document, "", "  ")
		text = append(text, '\n')
	case outputYAML:
		text, err = yaml.Marshal(document)
	default:
		err = errors.New("--output " + format + " is not known here")
	}
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func width(t ui.Terminal) int {
	if t.Size == nil {
		return 0
	}
	columns, _ := t.Size()
	return columns
}

func sortedNames(names map[string]bool) []string {
	var all []string
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
