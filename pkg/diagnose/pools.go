package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// nodeMask is the prefix length of a node's block if cilium-config does not
// say: the default of Cilium's clusterPoolIPv4MaskSize.
const nodeMask = 24

// judgePoolSize compares the blocks of the IPv4 pool with the nodes, and says
// whether nodes have blocks that the pool does not hold.
func judgePoolSize() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionConfig, mesh.SectionNodes, podCIDRSection}, func(_ *View, c *mesh.Facts) []Finding {
		if len(c.Config.PodCIDRs) == 0 {
			return nil // another IPAM mode: there is no pool
		}
		var out []Finding
		if room := poolBlocks(c.Config); room > 0 && room < len(c.Nodes) {
			out = append(out, failed(ofCluster(c), "context %q: the pod CIDR has room for %s, and there are %d", c.Context, counted(room, "node"), len(c.Nodes)).
				seen(c.Config.PodCIDRs...).
				mend("add a range of its own to ipam.operator.clusterPoolIPv4PodCIDRList in the Helm values of context %s", quote(c.Context)))
		}
		if outside := outsidePool(c); len(outside) > 0 {
			out = append(out, failed(ofCluster(c), "context %q: the configured pod CIDR does not hold %s", c.Context, counted(len(outside), "node block")).
				seen(outside...).
				mend("put the range that was there before back into ipam.operator.clusterPoolIPv4PodCIDRList in the Helm values of context %s", quote(c.Context)))
		}
		return out
	})
}

// poolBlocks is how many nodes the IPv4 pool holds; 0 if that is not known.
func poolBlocks(c *mesh.Config) int {
	mask, room := c.PodCIDRMaskSize, 0
	if mask <= 0 || mask > 32 {
		mask = nodeMask
	}
	for _, cidr := range c.PodCIDRs {
		p, err := netip.ParsePrefix(cidr)
		if err == nil && p.Addr().Is4() && p.Bits() <= mask {
			room += 1 << (mask - p.Bits())
		}
	}
	return room
}

func outsidePool(c *mesh.Facts) []string {
	var pool []netip.Prefix
	for _, cidr := range c.Config.PodCIDRs {
		if p, err := netip.ParsePrefix(cidr); err == nil {
			pool = append(pool, p)
		}
	}
	var out []string
	for i := range c.Nodes {
		for _, cidr := range c.Nodes[i].PodCIDRs {
			p, err := netip.ParsePrefix(cidr)
			if err == nil && !slices.ContainsFunc(pool, func(q netip.Prefix) bool { return contains(q, p) }) {
				out = append(out, fmt.Sprintf("node %s has %s", c.Nodes[i].Name, cidr))
			}
		}
	}
	return out
}

// judgeNativeCIDR: with native routing, what is outside of
// ipv4-native-routing-cidr leaves a node with the node's address, so that
// other clusters cannot tell which pod it came from.
func judgeNativeCIDR() func(*View) []Finding {
	return eachDirection([]string{mesh.SectionConfig, podCIDRSection}, func(v *View, from, to *mesh.Facts) []Finding {
		native, err := netip.ParsePrefix(from.Config.Raw["ipv4-native-routing-cidr"])
		if from.Config.RoutingMode != "native" || err != nil {
			return nil
		}
		var out []string
		for _, s := range v.ranges[to].pods {
			if s.prefix.Addr().Is4() && !contains(native, s.prefix) {
				out = append(out, s.String()+" is outside of "+native.String())
			}
		}
		if len(out) == 0 {
			return nil
		}
		return one(failed(ofPair(from, to), "pods of context %q reach those of %q with their node's address, as native routing does not cover them", from.Context, to.Context).
			seen(out...).
			mend("set ipv4NativeRoutingCIDR in the Helm values of context %s to a range that holds all clusters' pods", quote(from.Context)))
	})
}

func judgeARMPodCIDR() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionConfig, mesh.SectionAzure}, func(_ *View, c *mesh.Facts) []Finding {
		arm, pool := prefixSet(c.Azure.PodCIDRs), prefixSet(c.Config.PodCIDRs)
		if len(pool) == 0 || slices.Equal(arm, pool) {
			return nil
		}
		if len(arm) == 0 {
			return one(skipped(ofCluster(c), "context %q: Azure names no pod CIDR", c.Context))
		}
		f := failed(ofCluster(c), "context %q: Azure routes pods by another pod CIDR than Cilium uses, so the API server may miss webhooks and pods", c.Context).
			seen(fmt.Sprintf("Azure: %v", c.Azure.PodCIDRs), fmt.Sprintf("Cilium: %v", c.Config.PodCIDRs))
		return one(f.mend("az aks update %s --pod-cidr %s (not if Terraform manages the cluster: it would plan to replace it)", azTarget(c), c.Config.PodCIDRs[0]))
	})
}

// prefixSet is the prefixes in one spelling and order.
func prefixSet(cidrs []string) []string {
	var out []string
	for _, cidr := range cidrs {
		if p, err := netip.ParsePrefix(cidr); err == nil {
			cidr = p.Masked().String()
		}
		out = append(out, cidr)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
