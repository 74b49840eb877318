package diagnose

import (
	"net/netip"
)

// hostAddress is what machines know Azure itself by: DNS, DHCP and the probes
// of load balancers.
func hostAddress() netip.Addr { return netip.AddrFrom4([4]byte{168, 63, 129, 16}) }

// tagger says what service tags mean in security groups of the subnet. With
// mended true, networks whose peering is at fault count as peered: that fault is
// reported by itself, and what a security group would do is worth knowing, too.
func (n *azureNet) tagger(s *azureSubnet, l linkKind, mended bool) tagger {
	known := map[netip.Addr]truth{} // of VirtualNetwork, which most rules name
	virtual := func(a netip.Addr) truth {
		is, ok := known[a]
		if !ok {
			is = n.inVirtualNetwork(s, a, l, mended)
			known[a] = is
		}
		return is
	}
	return func(tag string, a netip.Addr) truth {
		switch tag {
		case tagVirtualNetwork:
			return virtual(a)
		case tagLoadBalancer:
			if a == hostAddress() {
				return surely
			}
			return never
		case tagInternet:
			return inInternet(a, virtual(a))
		}
		return perhaps
	}
}

// inVirtualNetwork is about the tag VirtualNetwork: the network itself, those it
// is peered with and may access, those behind gateways, what user routes name,
// and Azure's own address.
func (n *azureNet) inVirtualNetwork(s *azureSubnet, a netip.Addr, l linkKind, mended bool) truth {
	if inAny(n.space, a) || a == hostAddress() || l == oneVNet {
		return surely
	}
	for i := range n.peers {
		p := &n.peers[i]
		if p.connected && p.Access && inAny(p.space, a) {
			return surely
		}
	}
	out := never
	for i := range s.routes {
		r := &s.routes[i]
		if r.prefix.Contains(a) && r.prefix.Bits() > 0 {
			return surely
		} else if r.prefix.Contains(a) {
			out = perhaps // Azure says that default routes may count
		}
	}
	direct := l == peered || l == unpeered || l == disconnected
	switch {
	case mended && direct, l == oneWAN: // what a hub announces counts like what a gateway does
		return surely
	case n.vnet == nil || s.unrouted != "" || !direct || n.far():
		return perhaps
	}
	return out
}

// inInternet is about the tag Internet: public addresses outside of VirtualNetwork.
func inInternet(a netip.Addr, virtual truth) truth {
	switch {
	case virtual == surely:
		return never
	case virtual == never && public(a):
		return surely
	}
	return perhaps
}
