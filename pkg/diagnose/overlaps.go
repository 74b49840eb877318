package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// podRemedy says how to get other pod addresses for the first of the clusters
// whose Cilium does not run yet. The pool of a running one can only be
// extended (Cilium's ipam/cluster-pool.rst).
func podRemedy(clusters ...*mesh.Facts) string {
	for _, c := range clusters {
		if !runs(c) {
			return "kubectl aksmesh join --pod-cidr " + quote(c.Context+"=CIDR") + ", or another pool with --pod-pool CIDR"
		}
	}
	return fmt.Sprintf("the pool of a running Cilium cannot be changed: leave context %s out, or install its Cilium anew with another clusterPoolIPv4PodCIDRList",
		quote(clusters[0].Context))
}

func judgePodsPods() func(*View) []Finding {
	return eachPair([]string{podCIDRSection}, func(v *View, a, b *mesh.Facts) []Finding {
		f, ok := clash(ofPair(a, b), v.ranges[a].pods, v.ranges[b].pods,
			"the pod CIDRs of contexts %q and %q overlap, so pods in both may have the same address", a.Context, b.Context)
		if !ok {
			return nil
		}
		return one(f.mend("%s", podRemedy(b, a)))
	})
}

func judgePodsServices() func(*View) []Finding {
	return eachCluster([]string{podCIDRSection, serviceCIDRSection}, func(v *View, c *mesh.Facts) []Finding {
		r := v.ranges[c]
		f, ok := clash(ofCluster(c), r.pods, r.services,
			"context %q: pod CIDR and service range overlap, so a service may have a pod's address", c.Context)
		if !ok {
			return nil
		}
		return one(f.mend("%s", podRemedy(c)))
	})
}

// judgePodsFarServices refuses while another range costs nothing; on a mesh
// that runs, only those pods whose address is also a service's are cut off.
func judgePodsFarServices() func(*View) []Finding {
	return eachDirection([]string{podCIDRSection, serviceCIDRSection}, func(v *View, from, to *mesh.Facts) []Finding {
		f, ok := clash(ofPair(from, to), v.ranges[from].pods, v.ranges[to].services,
			"the pod CIDR of context %q overlaps the service range of %q, whose pods take the former's pods for services", from.Context, to.Context)
		if v.phase == Running {
			f = f.as(Warning)
		}
		if !ok {
			return nil
		}
		return one(f.mend("%s", podRemedy(from)))
	})
}

func judgePodsNodes() func(*View) []Finding {
	needs := []string{podCIDRSection, mesh.SectionNodes}
	return both(
		eachCluster(needs, func(v *View, c *mesh.Facts) []Finding {
			r := v.ranges[c]
			f, ok := clashing(ofCluster(c), append(hits(r.pods, r.subnets), r.nodeHits(r.pods)...),
				"context %q: the pod CIDR contains the cluster's own nodes, so they lose each other", c.Context)
			if !ok {
				return nil
			}
			return one(f.mend("%s", podRemedy(c)))
		}),
		eachDirection(needs, func(v *View, from, to *mesh.Facts) []Finding {
			pods, r := v.ranges[from].pods, v.ranges[to]
			var found []string
			if !shareVNet(from, to) { // else its own network, AKSM308's
				found = hits(pods, r.vnets)
			}
			found = slices.Concat(found, hits(pods, r.subnets), r.nodeHits(pods), hits(pods, r.meshLB))
			f, ok := clashing(ofPair(from, to), found,
				"the pod CIDR of context %q contains nodes or the virtual network of %q, so it takes them for pods and never reaches them", from.Context, to.Context)
			if !ok {
				return nil
			}
			return one(f.mend("%s", podRemedy(from)))
		}),
	)
}

func judgePodsVNet() func(*View) []Finding {
	return eachCluster([]string{podCIDRSection, mesh.SectionAzure}, func(v *View, c *mesh.Facts) []Finding {
		r := v.ranges[c]
		if len(hits(r.pods, r.subnets)) > 0 || len(r.nodeHits(r.pods)) > 0 {
			return nil // AKSM303 says worse
		}
		f, ok := clash(ofCluster(c), r.pods, r.vnets,
			"context %q: the pod CIDR covers part of the cluster's virtual network, which pods then cannot reach", c.Context)
		if !ok {
			return nil
		}
		return one(f.mend("%s", podRemedy(c)))
	})
}

// judgeNodesNodes compares addresses, and subnets of different virtual
// networks: two clusters may well share one subnet.
func judgeNodesNodes() func(*View) []Finding {
	return eachPair([]string{mesh.SectionNodes}, func(v *View, a, b *mesh.Facts) []Finding {
		ra, rb := v.ranges[a], v.ranges[b]
		found := v.twins[[2]*mesh.Facts{a, b}]
		if !shareVNet(a, b) {
			subnets := hits(ra.subnets, rb.subnets)
			found.count, found.lines = found.count+len(subnets), slices.Concat(found.lines, subnets)
		}
		if found.count == 0 {
			return nil
		}
		return one(failed(ofPair(a, b), "contexts %q and %q have nodes in the same addresses, so no route can tell them apart", a.Context, b.Context).
			seenOf(found.count, found.lines).mend("a cluster's nodes keep their subnet: leave one of the two out, or build it anew in a virtual network of its own"))
	})
}

func shareVNet(a, b *mesh.Facts) bool {
	if a.Azure == nil || b.Azure == nil {
		return false
	}
	for _, sa := range a.Azure.Subnets {
		for _, sb := range b.Azure.Subnets {
			if sa.VNet != "" && strings.EqualFold(sa.VNet, sb.VNet) {
				return true
			}
		}
	}
	return false
}

func judgeVNets() func(*View) []Finding {
	return eachPair([]string{mesh.SectionAzure}, func(v *View, a, b *mesh.Facts) []Finding {
		ra, rb := v.ranges[a], v.ranges[b]
		if shareVNet(a, b) || len(hits(ra.subnets, rb.subnets)) > 0 {
			return nil // the same network, or AKSM309 says worse
		}
		f, ok := clash(ofPair(a, b), ra.vnets, rb.vnets,
			"the virtual networks of contexts %q and %q overlap, so they cannot be peered with each other", a.Context, b.Context)
		return list(f.mend("az network vnet list --query '[].{name:name,space:addressSpace.addressPrefixes}' --output table; then take the shared space out of one of the two"), ok)
	})
}
