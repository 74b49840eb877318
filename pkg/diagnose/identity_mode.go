package diagnose

import (
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const keyIdentityMode = "identity-allocation-mode"

// judgeIdentityMode: the mesh API server tells other clusters of identities that
// are objects of Kubernetes. Where agents keep them in a key-value store, Cilium's
// chart leaves out the container that does (the modes that write both keep it),
// and others are to dial that store instead.
func judgeIdentityMode() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionConfig}, func(v *View, c *mesh.Facts) []Finding {
		switch c.Config.Raw[keyIdentityMode] {
		case "":
			return one(skipped(ofCluster(c), "context %q: cilium-config does not say where identities are kept", c.Context))
		case "kvstore":
		default:
			return nil
		}
		remedy := fmt.Sprintf("set identityAllocationMode=crd in the Helm values of context %s", quote(c.Context))
		if runs(c) {
			remedy = "move the identities over (Cilium's upgrade guide: CRD-backed identities), then " + remedy
		}
		f := failed(ofCluster(c), "context %q keeps identities in a key-value store, so its %s has nothing of it for other clusters", c.Context, meshService).
			seen(keyIdentityMode+" in cilium-config: kvstore").mend("%s", remedy)
		if v.phase == Running && !v.dialledAtMesh(c) {
			f = f.as(Warning) // others may well dial the store
		}
		return one(f)
	})
}

// dialledAtMesh says whether another cluster dials the mesh API server of this one.
func (v *View) dialledAtMesh(c *mesh.Facts) bool {
	if c.Service == nil {
		return false
	}
	return slices.ContainsFunc(v.clusters, func(other *mesh.Facts) bool {
		p := peer(other, c.Config.ClusterName)
		return p != nil && slices.ContainsFunc(p.Addresses, func(a string) bool { return slices.Contains(c.Service.Addresses, a) })
	})
}
