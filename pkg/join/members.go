package join

import (
	"cmp"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// strangers are the names of members that are configured somewhere but were
// not looked at.
func (d *Draft) strangers() []string {
	facts := make([]mesh.Facts, 0, len(d.Clusters))
	for i := range d.Clusters {
		facts = append(facts, *d.Clusters[i].seen)
	}
	return slices.DeleteFunc(Strangers(facts), d.returns)
}

// returns says whether the member of that name is one of the clusters, which
// lost its place in the mesh: it was made anew, or Cilium was installed anew.
func (d *Draft) returns(name string) bool {
	return slices.ContainsFunc(d.Clusters, func(c Cluster) bool {
		if running := c.seen.Config; running != nil && running.ClusterID != 0 {
			return false
		}
		return name == cmp.Or(d.wantedName(&c), config.DeriveClusterName(c.Context))
	})
}

// Strangers are the names of clusters that a looked-at cluster is configured
// to connect to and that were not looked at themselves. A peer at the address
// of a looked-at cluster is that cluster, though a join that was killed may
// have told its peers of it before it had a name.
func Strangers(clusters []mesh.Facts) []string {
	known, addresses := map[string]bool{}, map[string]bool{}
	for i := range clusters {
		if name, _ := identity(&clusters[i]); name != "" {
			known[name] = true
		}
		if service := clusters[i].Service; service != nil {
			for _, address := range service.Addresses {
				addresses[address] = true
			}
		}
	}
	var names []string
	for i := range clusters {
		for _, peer := range peers(&clusters[i]) {
			at := func(address string) bool { return addresses[address] }
			if !known[peer.Name] && !slices.Contains(names, peer.Name) && !slices.ContainsFunc(peer.Addresses, at) {
				names = append(names, peer.Name)
			}
		}
	}
	return names
}

// ContextFor finds the context that a member's name was probably made from.
func ContextFor(member string, contexts []string) (string, bool) {
	for _, context := range contexts {
		if context == member || config.DeriveClusterName(context) == member {
			return context, true
		}
	}
	return "", false
}
