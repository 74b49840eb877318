package main

import (
	"context"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rbac"
)

// lookToChange collects as [opened.look] does, before Cilium's release is to
// change. That takes more rights where it has Hubble UI, or is to get it.
// Releases are read at the same time as rights, so that all are asked for.
func (o *opened) lookToChange(ctx context.Context, toGetUI bool, options collect.Options) (collect.Result, map[string]string) {
	options.Rights = rbac.Join(options.Rights, rbac.HubbleUI())
	seen, added := o.look(ctx, options)
	for i := range seen.Snapshot.Clusters {
		if f := &seen.Snapshot.Clusters[i]; !toGetUI && !hasHubbleUI(f) {
			f.Rights = slices.DeleteFunc(f.Rights, rbac.OfHubbleUI)
		}
	}
	return seen, added
}

func hasHubbleUI(f *mesh.Facts) bool { return f.Release != nil && values.HubbleUI(f.Release.Values) }
