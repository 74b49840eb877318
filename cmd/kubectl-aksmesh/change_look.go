package main

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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

// hasHubbleUI says whether the values of a cluster's release ask for Hubble UI,
// which the chart leaves out by default.
func hasHubbleUI(f *mesh.Facts) bool {
	if f.Release == nil {
		return false
	}
	enabled, _, err := unstructured.NestedBool(f.Release.Values, "hubble", "ui", "enabled")
	return err == nil && enabled
}
