package leave

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// MakeForFiles drafts the leave for files to be kept in Git. Nothing will be
// written to a cluster, so those that a GitOps controller owns, which [Make]
// leaves alone, are drafted as all others are.
func MakeForFiles(s mesh.Snapshot, w Wish) (*Draft, error) {
	s.Clusters = slices.Clone(s.Clusters)
	for i := range s.Clusters {
		if release := s.Clusters[i].Release; release != nil {
			free := *release
			free.Owner = ""
			s.Clusters[i].Release = &free
		}
	}
	return Make(s, w)
}

// FileValues are the Helm values that a cluster shall have, for a file, with
// nothing secret among them; nil if nothing of them changes.
func (c *Cluster) FileValues() map[string]any {
	if c.wanted == nil || !c.Helm.Needed {
		return nil
	}
	return values.Mask(c.wanted)
}
