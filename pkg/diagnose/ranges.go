package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// span is a range of addresses and what it is for.
type span struct {
	prefix netip.Prefix
	what   string // as `node vm-1 of context "aks-1"`
}

func (s span) String() string { return s.what + " (" + s.prefix.String() + ")" }

// ranges are all addresses of one cluster, by use.
type ranges struct {
	pods     []span
	services []span
	nodes    []span         // one address each
	near     []netip.Prefix // small networks that all nodes are in
	subnets  []span         // of the node pools
	vnets    []span
	meshLB   []span   // addresses of the mesh's load balancer, one each
	bad      []string // what could not be parsed
}

func rangesOf(c *mesh.Facts) *ranges {
	r := &ranges{}
	of := fmt.Sprintf("context %q", c.Context)
	if c.Config != nil {
		r.add(&r.pods, "the pod CIDR of "+of, c.Config.PodCIDRs...)
	}
	if c.Kubernetes != nil {
		r.add(&r.services, "the service range of "+of, c.Kubernetes.ServiceCIDRs...)
	}
	r.nodes = make([]span, 0, len(c.Nodes))
	for i := range c.Nodes {
		n := &c.Nodes[i]
		what := "node " + n.Name + " of " + of
		for _, ip := range n.InternalIPs {
			r.addIP(&r.nodes, what, ip)
		}
		r.addOutside(what, n.PodCIDRs)
	}
	r.near = networksOf(r.nodes)
	if c.Service != nil {
		r.addAddresses("the mesh address of "+of, c.Service.Addresses)
	}
	if c.Azure != nil {
		r.addAzure(c.Azure, of)
	}
	return r
}

func (r *ranges) addAzure(a *mesh.Azure, of string) {
	r.add(&r.services, "the service range of "+of, a.ServiceCIDRs...)
	for _, s := range a.Subnets {
		r.add(&r.subnets, "the node subnet of "+of, s.Prefixes...)
		r.add(&r.vnets, "the virtual network of "+of, s.VNetSpace...)
	}
}

// add parses CIDRs; one that is there already is not added again.
func (r *ranges) add(to *[]span, what string, cidrs ...string) {
	for _, cidr := range cidrs {
		p, err := netip.ParsePrefix(cidr)
		if err != nil {
			r.bad = append(r.bad, fmt.Sprintf("%s is %q", what, cidr))
			continue
		}
		p = p.Masked()
		if !slices.ContainsFunc(*to, func(s span) bool { return s.prefix == p }) {
			*to = append(*to, span{p, what})
		}
	}
}

func (r *ranges) addIP(to *[]span, what, ip string) {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		r.bad = append(r.bad, fmt.Sprintf("%s is %q", what, ip))
		return
	}
	*to = append(*to, single(a, what))
}

// single is a range of one address.
func single(a netip.Addr, what string) span {
	a = a.Unmap().WithZone("")
	return span{netip.PrefixFrom(a, a.BitLen()), what}
}

// addAddresses adds a load balancer's addresses. Host names are left out:
// what they resolve to is not known here.
func (r *ranges) addAddresses(what string, addresses []string) {
	for _, s := range addresses {
		if a, err := netip.ParseAddr(s); err == nil {
			r.meshLB = append(r.meshLB, single(a, what))
		}
	}
}

// addOutside adds those of a node's pod CIDRs that no known pool contains.
func (r *ranges) addOutside(node string, cidrs []string) {
	for _, cidr := range cidrs {
		p, err := netip.ParsePrefix(cidr)
		if err == nil && slices.ContainsFunc(r.pods, func(s span) bool { return contains(s.prefix, p) }) {
			continue
		}
		r.add(&r.pods, "the pod CIDR of "+node, cidr)
	}
}

func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// hits are lines that say which of as overlap which of bs.
func hits(as, bs []span) []string {
	var out []string
	for _, a := range as {
		for _, b := range bs {
			if a.prefix.Overlaps(b.prefix) {
				out = append(out, fmt.Sprintf("%s overlaps %s", a, b))
			}
		}
	}
	return out
}

// clash is a failure if as overlap bs, with the overlaps as its evidence.
func clash(s Subject, as, bs []span, message string, args ...any) (Finding, bool) {
	return clashing(s, hits(as, bs), message, args...)
}

// clashing is clash where the overlaps have been found.
func clashing(s Subject, found []string, message string, args ...any) (Finding, bool) {
	if len(found) == 0 {
		return Finding{}, false
	}
	return failed(s, message, args...).seen(found...), true
}

// list is the finding alone if ok, else nothing: what a check returns.
func list(f Finding, ok bool) []Finding {
	if !ok {
		return nil
	}
	return one(f)
}
