package hubble

import "strings"

// In a mesh, a relay reads from the nodes of all clusters, as far as the network
// lets it reach port 4244 there. So that each flow is read once, a relay is asked
// for those that its own cluster's nodes see, and the first relay also for those
// of clusters that have none.

// share are the clusters that one relay is asked for: where their reading is
// noted, by Cilium's name. A relay that does not say whose it is has no share,
// and is asked for everything.
type share map[string]*Source

// shares divides clusters between relays; both and sources are in the same
// order. names are Cilium's, by context.
func shares(relays []*relay, sources []Source, names map[string]string) []share {
	all := make([]share, len(relays))
	first, taken := -1, map[string]bool{}
	for i, r := range relays {
		if r != nil && r.cluster != "" {
			all[i], taken[r.cluster] = share{r.cluster: &sources[i]}, true
			if first < 0 {
				first = i
			}
		}
	}
	for i, r := range relays {
		name := names[sources[i].Context]
		if r == nil && first >= 0 && name != "" && !taken[name] {
			all[first][name], taken[name] = &sources[i], true
		}
	}
	return all
}

// clusterOf is the cluster of a node by Hubble's name of it. Agents of a cluster
// without a name leave it out.
func clusterOf(node string) string {
	if cluster, _, named := strings.Cut(node, nodeSeparator); named {
		return cluster
	}
	return "default"
}
