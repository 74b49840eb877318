package diagnose

import (
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// placeNodes finds the subnet of each node, by its address.
func (n *azureNet) placeNodes() {
	for j := range n.subnets { // mostly one, which has all
		n.subnets[j].nodes = make([]netip.Addr, 0, len(n.cluster.Nodes)/len(n.subnets))
	}
	for i := range n.cluster.Nodes {
		a, ok := underlay(&n.cluster.Nodes[i])
		if !ok {
			continue
		}
		for j := range n.subnets {
			s := &n.subnets[j]
			if len(s.prefixes) == 0 || slices.ContainsFunc(s.prefixes, func(p netip.Prefix) bool { return p.Contains(a) }) {
				s.nodes = append(s.nodes, a)
			}
		}
	}
	for j := range n.subnets {
		s := &n.subnets[j]
		if len(s.nodes) == 0 && len(s.prefixes) > 0 {
			a := s.prefixes[0].Addr()
			for range 4 { // Azure keeps the first four of a subnet
				a = a.Next()
			}
			s.nodes = []netip.Addr{a}
		}
	}
	n.subnets = slices.DeleteFunc(n.subnets, func(s azureSubnet) bool { return len(s.nodes) == 0 })
}

// underlay is the address that other nodes send to: IPv4 where there is one.
func underlay(n *mesh.Node) (netip.Addr, bool) {
	var found netip.Addr
	for _, text := range n.InternalIPs {
		if a, err := netip.ParseAddr(text); err == nil && (!found.IsValid() || a.Unmap().Is4() && !found.Is4()) {
			found = a.Unmap()
		}
	}
	return found, found.IsValid()
}

// samples are nodes of the subnet, one for each way in which the cuts tell
// nodes apart. Most cut nothing, so that one node stands for a thousand.
func (s *azureSubnet) samples(cuts ...[]netip.Prefix) []netip.Addr {
	var inner []netip.Prefix
	for _, list := range cuts {
		for _, c := range list {
			if len(s.prefixes) == 0 || slices.ContainsFunc(s.prefixes, func(p netip.Prefix) bool { return p.Overlaps(c) && !contains(c, p) }) {
				inner = append(inner, c)
			}
		}
	}
	if len(inner) == 0 {
		return s.nodes[:1]
	}
	seen := map[string]bool{}
	var out []netip.Addr
	for _, a := range s.nodes {
		key := make([]byte, len(inner))
		for i, c := range inner {
			if c.Contains(a) {
				key[i] = 1
			}
		}
		if !seen[string(key)] {
			seen[string(key)] = true
			out = append(out, a)
		}
	}
	return out
}
