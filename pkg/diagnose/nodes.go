package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Nodes of a large mesh are too many to compare each with each, or even with
// every other cluster's ranges: a hundred clusters of a thousand have ten
// million such pairs.

// networksOf are networks of 256 addresses (IPv6: /64, as Azure's subnets
// have) that the addresses are in: some for each subnet.
func networksOf(addresses []span) []netip.Prefix {
	seen := map[netip.Prefix]bool{}
	var out []netip.Prefix
	for _, s := range addresses {
		bits := 24
		if s.prefix.Addr().Is6() {
			bits = 64
		}
		if p := netip.PrefixFrom(s.prefix.Addr(), bits).Masked(); !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// nodeHits is hits for the cluster's nodes.
func (r *ranges) nodeHits(as []span) []string {
	var out []string
	for i := range as {
		if slices.ContainsFunc(r.near, as[i].prefix.Overlaps) {
			out = append(out, hits(as[i:i+1], r.nodes)...)
		}
	}
	return out
}

// twinsOf finds nodes of different clusters that have the same address, by
// pairs of clusters in their order.
func twinsOf(clusters []*mesh.Facts, of map[*mesh.Facts]*ranges) map[[2]*mesh.Facts]views {
	type holder struct{ cluster, node int32 }
	nodes := 0
	for _, c := range clusters {
		nodes += len(of[c].nodes)
	}
	first := make(map[netip.Addr]holder, nodes) // all that most addresses have
	others := map[netip.Addr][]holder{}
	twins := map[[2]*mesh.Facts]views{}
	for i, c := range clusters {
		for j := range of[c].nodes {
			n := &of[c].nodes[j]
			at, own := n.prefix.Addr(), holder{int32(i), int32(j)}
			has, known := first[at]
			if !known {
				first[at] = own
				continue
			}
			last := has
			for _, h := range append([]holder{has}, others[at]...) {
				last = h
				if h.cluster == own.cluster {
					continue
				}
				pair := [2]*mesh.Facts{clusters[h.cluster], c}
				found := twins[pair]
				found.add(func() string {
					return fmt.Sprintf("%s has the address of %s", of[pair[0]].nodes[h.node], n.what)
				})
				twins[pair] = found
			}
			if last.cluster != own.cluster {
				others[at] = append(others[at], own)
			}
		}
	}
	return twins
}
