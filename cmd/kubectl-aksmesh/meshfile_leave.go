package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/export"
	"github.com/aksmesh/kubectl-aksmesh/pkg/leave"
)

// readFile reads the mesh file of leave -f, whose clusters are looked at: the
// members that leave are found through them.
func (o *leaveOptions) readFile() error {
	if err := o.file.load(o.app); err != nil || o.file.file == nil {
		return err
	}
	if len(o.flags.forget) > 0 {
		return errors.New("-f says which clusters stay, and --forget which are gone for good: leave one out")
	}
	if err := o.file.file.Whole(); err != nil {
		return err
	}
	contexts := &o.app.clusters.contexts
	for _, context := range o.file.file.Contexts() {
		if !slices.Contains(*contexts, context) {
			*contexts = append(*contexts, context)
		}
	}
	return o.file.azureIDs(*contexts, &o.flags.azure)
}

// leavingByFile has the members leave that the file does not name, and returns
// false if there are none. Clusters of the file that are in no mesh have no
// part in it.
func (o *leaveOptions) leavingByFile(seen *mesh.Snapshot) bool {
	o.wish.Contexts = o.file.file.Leaving(*seen)
	outside := func(f *mesh.Facts) bool { return len(f.Problems) == 0 && !f.Member() }
	for i := range seen.Clusters {
		if f := &seen.Clusters[i]; outside(f) {
			o.opened.clusters = slices.DeleteFunc(o.opened.clusters, func(c *mesh.Cluster) bool { return c.Context == f.Context })
		}
	}
	seen.Clusters = slices.DeleteFunc(seen.Clusters, func(f mesh.Facts) bool { return outside(&f) })
	if len(o.wish.Contexts) == 0 {
		return slices.ContainsFunc(seen.Clusters, func(f mesh.Facts) bool { return len(f.Problems) > 0 }) // judge tells
	}
	leaving := strings.Join(o.wish.Contexts, ",")
	o.app.say("%s does not name %s, which leaves, as with kubectl aksmesh leave --context %s; should this be interrupted, that command goes on",
		o.file.file.Name(), strings.Join(o.wish.Contexts, " and "), leaving)
	return true
}

// writeManifests writes what leave would do as files for Git.
func (o *leaveOptions) writeManifests(ctx context.Context, draft *leave.Draft, seen mesh.Snapshot) error {
	set, err := export.Leave(draft, azureFiles(ctx, o.azure, o.azureIDs, seen))
	if err != nil {
		return err
	}
	return o.manifests.write(o.app, set)
}

// allNamed is the result if no member is to leave.
func (o *leaveOptions) allNamed() error {
	if o.flags.output == outputJSON || o.flags.output == outputYAML {
		return printDocument(o.app.streams.Out, o.flags.output, plan.Plan{})
	}
	_, err := fmt.Fprintf(o.app.streams.Out, "nothing to do: every member that was found is in %s\n", o.file.file.Name())
	return err
}
