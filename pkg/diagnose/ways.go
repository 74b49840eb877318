package diagnose

import (
	"cmp"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// fault is what the measurements towards nodes come to. They can come to
// several things at once.
type fault uint8

const (
	underlayFault fault = 1 << iota // neither nodes nor pods are reached
	tunnelFault                     // nodes are reached, pods are not
	portFault                       // pods are reached, and TCP 4240 somewhere is not
	echoFault                       // TCP is reached, and ICMP is not
)

// ways are what the agents of one cluster measured towards another one.
type ways struct {
	measured int    // ways from an agent to a node
	faults   [4]bad // by the bits of fault
}

// bad are the ways that have one fault.
type bad struct {
	count int
	lines []string // some of them
}

// has is what has one fault.
func (w *ways) has(f fault) *bad {
	if w == nil {
		return &bad{}
	}
	return &w.faults[bits.TrailingZeros8(uint8(f))]
}

// waysOf sums up what a cluster's agents measured, by the names of the
// clusters that they measured.
func waysOf(c *mesh.Facts) map[string]*ways {
	if c.AgentTier == nil {
		return nil
	}
	all := map[string]*ways{}
	for i := range c.AgentTier.Health {
		h := &c.AgentTier.Health[i]
		for j := range h.Paths {
			p := &h.Paths[j]
			w := all[p.Cluster]
			if w == nil {
				w = &ways{}
				all[p.Cluster] = w
			}
			w.measured += p.Nodes
			w.add(h, p)
		}
	}
	return all
}

func (w *ways) add(h *mesh.NodeHealth, p *mesh.Paths) {
	found := faultsOf(p)
	for _, f := range []fault{underlayFault, tunnelFault, portFault, echoFault} {
		if found&f == 0 {
			continue
		}
		b := w.has(f)
		b.count += p.Nodes
		for i := range p.Examples {
			if len(b.lines) < maxEvidence {
				b.lines = append(b.lines, wayLine(h, &p.Examples[i], f))
			}
		}
	}
}

// faultsOf compares the way to the nodes with the one to their pods. A health
// port that is closed, or an echo that is filtered, does not tell of the rest.
func faultsOf(p *mesh.Paths) fault {
	host, pods := reach(p.Host), reach(p.Endpoint)
	filtered := fault(0)
	if p.Host.TCP == mesh.Lost || p.Endpoint.TCP == mesh.Lost && pods == mesh.Reached {
		filtered |= portFault
	}
	if p.Host.ICMP == mesh.Lost || p.Endpoint.ICMP == mesh.Lost && pods == mesh.Reached {
		filtered |= echoFault
	}
	switch {
	case host == mesh.Lost && pods == mesh.Lost, host == mesh.Lost && pods == "" && p.Host.ICMP == p.Host.TCP:
		return underlayFault
	case host == mesh.Reached && pods == mesh.Lost:
		return tunnelFault | filtered
	case host == "" && pods == mesh.Lost:
		return 0 // it cannot be told which
	}
	return filtered
}

// reach is whether anything came through.
func reach(p mesh.Path) mesh.Outcome {
	if p.ICMP == mesh.Reached || p.TCP == mesh.Reached {
		return mesh.Reached
	}
	return cmp.Or(p.ICMP, p.TCP)
}

func wayLine(h *mesh.NodeHealth, e *mesh.Example, f fault) string {
	address := e.Host
	if f == tunnelFault {
		address = e.Endpoint
	}
	return fmt.Sprintf("node %s to node %s at %s: %s", h.Node, e.Node, address, cmp.Or(e.Text, "no answer"))
}

// arrived says whether connections of one cluster reached nodes of the other
// that cannot answer them; known is false if no node was asked, or if the
// first cluster's addresses are not known.
func arrived(from, to *mesh.Facts, endpoint bool) (yes, known bool) {
	if to.AgentTier == nil || len(from.Nodes) == 0 ||
		!slices.ContainsFunc(to.AgentTier.Health, func(h mesh.NodeHealth) bool { return h.Arrivals != nil }) {
		return false, false
	}
	nodes, pods := sourcesOf(from)
	if len(nodes) == 0 {
		return false, false
	}
	for i := range to.AgentTier.Health {
		h := &to.AgentTier.Health[i]
		if h.Arrivals == nil {
			continue
		}
		known = true
		for _, a := range *h.Arrivals {
			address, err := netip.ParseAddr(a.From)
			if err != nil || a.Endpoint != endpoint {
				continue
			}
			if nodes[address.Unmap()] || within(pods, address.Unmap()) {
				return true, true
			}
		}
	}
	return false, known
}

// sourcesOf are the addresses that nodes of a cluster send from: their own,
// and towards pods one of their pod CIDR.
func sourcesOf(c *mesh.Facts) (nodes map[netip.Addr]bool, pods []netip.Prefix) {
	nodes = map[netip.Addr]bool{}
	cidrs := c.Config.PodCIDRs
	for i := range c.Nodes {
		for _, ip := range c.Nodes[i].InternalIPs {
			if a, err := netip.ParseAddr(ip); err == nil {
				nodes[a.Unmap()] = true
			}
		}
		if len(c.Config.PodCIDRs) == 0 {
			cidrs = append(cidrs, c.Nodes[i].PodCIDRs...)
		}
	}
	for _, cidr := range cidrs {
		if p, err := netip.ParsePrefix(cidr); err == nil {
			pods = append(pods, p)
		}
	}
	return nodes, pods
}

func within(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
