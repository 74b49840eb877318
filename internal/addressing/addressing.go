// Package addressing plans what has to be unique in a mesh: pod CIDRs, cluster
// ids and cluster names. It is pure: equal input gives equal output, and what
// already runs is never renumbered, because neither Cilium's pool nor a
// cluster's id can be changed under running pods.
package addressing

import (
	"fmt"
	"net/netip"
)

const (
	// NodeBits is the prefix length of the block that Cilium's cluster pool
	// gives each node (the chart's clusterPoolIPv4MaskSize): 254 pods, which
	// holds AKS's largest maxPods of 250.
	NodeBits = 24
	// DefaultBits is the prefix length of a cluster's pod CIDR if the pool
	// leaves room: 256 nodes.
	DefaultBits = 16
	// share is how many bits a pool smaller than DefaultPool is split by, so
	// that the size of one cluster's CIDR never depends on how many others
	// there are: sixteen clusters.
	share = 4
)

// DefaultPool is where pod CIDRs come from: the shared address space of RFC
// 6598. AKS supports it for pods, and neither AKS's default service range
// (10.0.0.0/16), nor its virtual networks (10.224.0.0/12), nor a range that
// AKS reserves lies in it.
func DefaultPool() netip.Prefix { return netip.MustParsePrefix("100.64.0.0/10") }

// Range is a range of addresses that is in use, and by what.
type Range struct {
	Prefix netip.Prefix
	// What names the user of the range in an error, as `the service range of
	// context "aks-1"`.
	What string
	// Soft ranges are stepped around when a CIDR is chosen, but do not refuse
	// one that the user wants: overlapping them is unwise, not fatal.
	Soft bool
	// Owner is the context of a soft range that is meant for a cluster's pods:
	// the cluster itself may have it ([Cluster.Preferred]). Empty if nobody may.
	Owner string
}

// Reserved are the ranges that no cluster can use, with the reason in What.
// AKS refuses its four at create and update; the others mean something else
// to Azure's network or to every host.
func Reserved() []Range {
	return []Range{
		{Prefix: netip.MustParsePrefix("169.254.0.0/16"), What: "link-local addresses, reserved by AKS (instance metadata)"},
		{Prefix: netip.MustParsePrefix("172.30.0.0/16"), What: "a range reserved by AKS"},
		{Prefix: netip.MustParsePrefix("172.31.0.0/16"), What: "a range reserved by AKS"},
		{Prefix: netip.MustParsePrefix("192.0.2.0/24"), What: "a range reserved by AKS"},
		{Prefix: netip.MustParsePrefix("168.63.129.16/32"), What: "Azure's host address (DNS, health probes)"},
		{Prefix: netip.MustParsePrefix("0.0.0.0/8"), What: "addresses of this host"},
		{Prefix: netip.MustParsePrefix("127.0.0.0/8"), What: "loopback addresses"},
		{Prefix: netip.MustParsePrefix("224.0.0.0/4"), What: "multicast addresses"},
		{Prefix: netip.MustParsePrefix("240.0.0.0/4"), What: "addresses reserved by the IETF"},
	}
}

// Overlap is the part that two prefixes share: the smaller one of them.
func Overlap(a, b netip.Prefix) (netip.Prefix, bool) {
	if !a.Overlaps(b) {
		return netip.Prefix{}, false
	}
	if a.Bits() >= b.Bits() {
		return a.Masked(), true
	}
	return b.Masked(), true
}

// Overlaps are the parts that any of as shares with any of bs.
func Overlaps(as, bs []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, a := range as {
		for _, b := range bs {
			if p, ok := Overlap(a, b); ok {
				out = append(out, p)
			}
		}
	}
	return out
}

// ParseCIDR reads a pod CIDR or a pool as a user types it: IPv4, CIDR
// notation, no bits set behind the prefix, and room for at least one node.
func ParseCIDR(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%q is not a CIDR such as 100.64.0.0/16", s)
	case !p.Addr().Is4():
		return netip.Prefix{}, fmt.Errorf("%q is not an IPv4 CIDR; only IPv4 pod CIDRs are planned", s)
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("%q has bits set behind its prefix; did you mean %s?", s, p.Masked())
	case p.Bits() < 8:
		return netip.Prefix{}, fmt.Errorf("%q is larger than a /8", s)
	case p.Bits() > NodeBits:
		return netip.Prefix{}, fmt.Errorf("%q is too small: every node takes a /%d of it", s, NodeBits)
	}
	return p, nil
}
