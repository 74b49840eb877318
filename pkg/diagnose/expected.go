package diagnose

import (
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// expected are the cluster names that the cluster should see: all others of
// the snapshot that are in a mesh, then members that are configured but have
// no context.
func (v *View) expected(c *mesh.Facts) []string {
	if out, known := v.others[c]; known {
		return out
	}
	out := make([]string, 0, len(v.clusters))
	seen := map[string]bool{"": true, c.Config.ClusterName: true}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for _, other := range v.clusters {
		if other.Config != nil && other.Config.ClusterID != 0 {
			add(other.Config.ClusterName)
		}
	}
	for _, p := range c.Peers {
		add(p.Name)
	}
	v.others[c] = slices.Clip(out)
	return v.others[c]
}

// between is the pair of a cluster and a remote one, or the cluster alone if
// the remote one has no context.
func (v *View) between(c *mesh.Facts, name string) Subject {
	if other := v.named(name); other != nil {
		return ofPair(c, other)
	}
	return ofCluster(c)
}

// call is what to call a remote cluster in a sentence.
func (v *View) call(name string) string {
	if other := v.named(name); other != nil {
		return fmt.Sprintf("%q", other.Context)
	}
	return fmt.Sprintf("member %q, which has no context here", name)
}
