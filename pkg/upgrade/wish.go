// Package upgrade brings the clusters of a mesh to another version of Cilium,
// one after another. [Make] turns what was seen and what is wished into a
// [Draft], purely; [Draft.Report] is what speaks against it; [Draft.Plan] binds
// the draft to live clusters as steps.
package upgrade

import (
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Wish is what the user asked for.
type Wish struct {
	// Version is the chart's, semver without "v".
	Version string
	// Defaults are the default values of the chart of that version.
	Defaults map[string]any
	// Values are the user's own Helm values: under "" for all clusters, else by
	// context. They win over what releases have.
	Values map[string]map[string]any
	// Parallel is how many clusters are upgraded at once; less than 1 is 1.
	Parallel int
}

// Seen is what the draft is made from.
type Seen struct {
	mesh.Snapshot // every member of the mesh, in the order of work
	// Back are the ways back, by context.
	Back map[string]release.Back
	// Defaults are the default values of the releases' charts by context, as
	// far as they are known.
	Defaults map[string]map[string]any
}
