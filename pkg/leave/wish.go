// Package leave takes clusters out of the mesh. [Make] turns what was seen and
// what is wished into a [Draft], purely; [Draft.Plan] binds it to live clusters
// as steps. The members that remain forget the others first. A cluster that
// leaves changes last: its configuration is the map by which a leave that was
// cut short finds the rest.
package leave

import (
	"fmt"
	"slices"
)

// Wish is what the user asked for. Either clusters leave, or dead ones are
// forgotten by the living.
type Wish struct {
	// Contexts are the clusters that leave; with Forget, some or all of those
	// that stay.
	Contexts []string
	// Forget are names in the mesh of clusters that are gone for good.
	Forget []string
	// RestoreKubeProxy has clusters that leave go back to kube-proxy.
	RestoreKubeProxy bool
}

// Validate finds what can be told to be wrong without looking at a cluster.
// The error is one plain line.
func (w *Wish) Validate() error {
	if w.RestoreKubeProxy && len(w.Forget) > 0 {
		return fmt.Errorf("--restore-kube-proxy is for a cluster that leaves, and --forget touches only those that stay: leave one out")
	}
	for i, name := range w.Forget {
		switch {
		case name == "":
			return fmt.Errorf("--forget names no cluster: give the name that it has in the mesh")
		case slices.Contains(w.Forget[:i], name):
			return fmt.Errorf("--forget names %q twice", name)
		}
	}
	return nil
}

// leaves says whether the cluster of a context leaves.
func (w *Wish) leaves(context string) bool {
	return len(w.Forget) == 0 && slices.Contains(w.Contexts, context)
}
