package addressing

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// Input is what [PlanPodCIDRs] plans from.
type Input struct {
	// Pool is where new pod CIDRs are taken from (--pod-pool); the zero value
	// is [DefaultPool].
	Pool netip.Prefix
	// Bits is the prefix length of a new pod CIDR; 0 chooses by the size of
	// the pool and the number of nodes.
	Bits int
	// Clusters come in the order in which they choose: one that is appended
	// never moves those before it.
	Clusters []Cluster
	// Avoid are the ranges in use: nodes, virtual networks, services, pod
	// CIDRs of members that have no context. [Reserved] is always avoided.
	Avoid []Range
}

// Cluster is one cluster of an [Input].
type Cluster struct {
	Context string
	// Existing is the pool that a running Cilium has. It is never changed.
	Existing []netip.Prefix
	// Wanted is the user's choice (--pod-cidr CONTEXT=CIDR); zero if none.
	Wanted netip.Prefix
	// Preferred is taken if nothing else uses it: the podCidr that Azure has
	// for the cluster, by which its control plane routes to pods. Zero if none.
	Preferred netip.Prefix
	// Nodes is how many nodes there are now.
	Nodes int
}

// PlanPodCIDRs gives every cluster its pod CIDRs: the existing ones, else the
// wanted one, else one from the pool that overlaps nothing. The error joins
// what is wrong with every cluster.
func PlanPodCIDRs(in Input) (map[string][]netip.Prefix, error) {
	if !in.Pool.IsValid() {
		in.Pool = DefaultPool()
	}
	if !in.Pool.Addr().Is4() {
		return nil, fmt.Errorf("the pool %s is not IPv4: choose another with --pod-pool", in.Pool)
	}
	p := planner{in: in, out: map[string][]netip.Prefix{}}
	p.taken = append(append(p.taken, Reserved()...), in.Avoid...)

	// What is fixed is taken first, whatever the order, so that nothing new
	// is put where something already is or is wanted.
	errs := p.fix()
	for _, c := range in.Clusters {
		if _, done := p.out[c.Context]; done || c.Wanted.IsValid() {
			continue
		}
		prefix, err := p.choose(c)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.take(c.Context, prefix)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return p.out, nil
}

// planner holds what one run of PlanPodCIDRs has given away so far.
type planner struct {
	in    Input
	taken []Range
	out   map[string][]netip.Prefix
}

func (p *planner) take(context string, prefixes ...netip.Prefix) {
	p.out[context] = append(p.out[context], prefixes...)
	for _, prefix := range prefixes {
		p.taken = append(p.taken, Range{Prefix: prefix, What: fmt.Sprintf("the pod CIDR of context %q", context)})
	}
}

// fix takes the existing pools, then the wanted ones.
func (p *planner) fix() []error {
	var errs []error
	for _, c := range p.in.Clusters {
		if len(c.Existing) == 0 {
			continue
		}
		if c.Wanted.IsValid() && !slices.Contains(c.Existing, c.Wanted) {
			errs = append(errs, fmt.Errorf("context %q already runs with the pod CIDR %s, which cannot be changed: leave out --pod-cidr %s=%s",
				c.Context, c.Existing[0], c.Context, c.Wanted))
		}
		p.take(c.Context, c.Existing...)
	}
	for _, c := range p.in.Clusters {
		if !c.Wanted.IsValid() || len(c.Existing) > 0 {
			continue
		}
		if err := p.accept(c); err != nil {
			errs = append(errs, err)
			continue
		}
		p.take(c.Context, c.Wanted)
	}
	return errs
}

// accept says whether the wanted pod CIDR can be used.
func (p *planner) accept(c Cluster) error {
	for _, r := range p.taken {
		if !r.Soft && r.Prefix.Overlaps(c.Wanted) {
			return fmt.Errorf("pod CIDR %s of context %q overlaps %s (%s): choose another with --pod-cidr %s=CIDR",
				c.Wanted, c.Context, r.Prefix, r.What, c.Context)
		}
	}
	if room := blocks(c.Wanted.Bits()); room < c.Nodes {
		return fmt.Errorf("pod CIDR %s of context %q holds %d nodes, and the cluster has %d: choose a larger one with --pod-cidr %s=CIDR",
			c.Wanted, c.Context, room, c.Nodes, c.Context)
	}
	return nil
}

// choose finds a pod CIDR for a cluster that has none.
func (p *planner) choose(c Cluster) (netip.Prefix, error) {
	size := p.size(c)
	if c.Preferred.IsValid() && c.Preferred.Bits() <= fits(c.Nodes) && !p.blocked(c.Preferred, c.Context).IsValid() {
		return c.Preferred, nil
	}
	if size < p.in.Pool.Bits() {
		return netip.Prefix{}, fmt.Errorf("context %q needs a pod CIDR of size /%d for its %d nodes, and the pool %s is smaller: choose a larger one with --pod-pool",
			c.Context, size, c.Nodes, p.in.Pool)
	}
	for at := p.in.Pool.Masked().Addr(); at.IsValid() && p.in.Pool.Contains(at); {
		candidate := netip.PrefixFrom(at, size)
		hit := p.blocked(candidate, "")
		if !hit.IsValid() {
			return candidate, nil
		}
		at = after(candidate, hit)
	}
	return netip.Prefix{}, fmt.Errorf("the pool %s has no room for a pod CIDR of size /%d for context %q: choose a larger pool with --pod-pool, or a CIDR with --pod-cidr %s=CIDR",
		p.in.Pool, size, c.Context, c.Context)
}

// blocked is the taken range that overlaps the prefix; invalid if none does.
// Ranges of an owner do not count, if one is given.
func (p *planner) blocked(prefix netip.Prefix, owner string) netip.Prefix {
	for _, r := range p.taken {
		if r.Prefix.Overlaps(prefix) && (owner == "" || r.Owner != owner) {
			return r.Prefix
		}
	}
	return netip.Prefix{}
}

// after is the first address behind both prefixes; invalid at the end of the
// address space. Both start at multiples of their size, so the result is one
// of the smaller's, and of the larger's as well.
func after(a, b netip.Prefix) netip.Addr {
	last := netipx.PrefixLastIP(a)
	if l := netipx.PrefixLastIP(b); last.Less(l) {
		last = l
	}
	return last.Next()
}

// size is the prefix length of a new pod CIDR for the cluster. It depends on
// this cluster and the pool alone: a further cluster must not change it.
func (p *planner) size(c Cluster) int {
	size := p.in.Bits
	if size == 0 {
		size = min(max(DefaultBits, p.in.Pool.Bits()+share), NodeBits)
	}
	return min(size, fits(c.Nodes))
}

// fits is the longest prefix that holds twice the nodes: room to grow, and
// for the surge nodes of an upgrade.
func fits(nodes int) int {
	return max(NodeBits-bits.Len(uint(2*max(nodes, 1)-1)), 8)
}

// blocks is how many nodes a pod CIDR of the prefix length holds.
func blocks(prefixLen int) int {
	if prefixLen > NodeBits {
		return 0
	}
	return 1 << (NodeBits - prefixLen)
}
