package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// serviceRemedy: the service range is fixed when a cluster is made.
const serviceRemedy = "a cluster's service range is fixed when it is made: leave context %s out, or build it anew with another --service-cidr"

func judgeServiceNodes() func(*View) []Finding {
	needs := []string{serviceCIDRSection, mesh.SectionNodes}
	return both(
		eachCluster(needs, func(v *View, c *mesh.Facts) []Finding {
			r := v.ranges[c]
			f, ok := clashing(ofCluster(c), r.nodeHits(r.services),
				"context %q: the service range contains the cluster's own nodes", c.Context)
			return list(f.mend(serviceRemedy, quote(c.Context)), ok)
		}),
		eachDirection(needs, func(v *View, from, to *mesh.Facts) []Finding {
			f, ok := clashing(ofPair(from, to), v.ranges[to].nodeHits(v.ranges[from].services),
				"the service range of context %q contains nodes of %q, so they cannot be reached from there", from.Context, to.Context)
			return list(f.mend(serviceRemedy, quote(from.Context)), ok)
		}),
	)
}

// judgeServiceLB looks at the addresses that other clusters' meshes have, and
// at those this cluster is told to dial, of members that have no context.
func judgeServiceLB() func(*View) []Finding {
	return both(
		eachDirection([]string{serviceCIDRSection}, func(v *View, from, to *mesh.Facts) []Finding {
			f, ok := clash(ofPair(from, to), v.ranges[from].services, v.ranges[to].meshLB,
				"the service range of context %q contains the mesh address of %q, so it can never be dialled from there", from.Context, to.Context)
			return list(f.mend(serviceRemedy, quote(from.Context)), ok)
		}),
		eachCluster([]string{serviceCIDRSection}, func(v *View, c *mesh.Facts) []Finding {
			var far []span
			for _, p := range c.Peers {
				if v.named(p.Name) != nil {
					continue // judged as a pair
				}
				for _, s := range p.Addresses {
					if a, err := netip.ParseAddr(s); err == nil {
						far = append(far, single(a, fmt.Sprintf("the mesh address of member %q", p.Name)))
					}
				}
			}
			f, ok := clash(ofCluster(c), v.ranges[c].services, far,
				"context %q: the service range contains the mesh address of another member", c.Context)
			return list(f.mend(serviceRemedy, quote(c.Context)), ok)
		}),
	)
}

func judgeServiceVNet() func(*View) []Finding {
	needs := []string{serviceCIDRSection, mesh.SectionAzure}
	return both(
		eachCluster(needs, func(v *View, c *mesh.Facts) []Finding {
			r := v.ranges[c]
			if len(r.nodeHits(r.services)) > 0 {
				return nil // AKSM311 says worse
			}
			f, ok := clash(ofCluster(c), r.services, r.vnets,
				"context %q: the service range overlaps the cluster's virtual network, parts of which cannot be reached from it", c.Context)
			return list(f.mend(serviceRemedy, quote(c.Context)), ok)
		}),
		eachDirection(needs, func(v *View, from, to *mesh.Facts) []Finding {
			if shareVNet(from, to) || len(v.ranges[to].nodeHits(v.ranges[from].services)) > 0 {
				return nil // said of the cluster itself, or worse by AKSM311
			}
			f, ok := clash(ofPair(from, to), v.ranges[from].services, v.ranges[to].vnets,
				"the service range of context %q overlaps the virtual network of %q, parts of which cannot be reached from there", from.Context, to.Context)
			return list(f.mend(serviceRemedy, quote(from.Context)), ok)
		}),
	)
}

// judgeServices: equal service ranges, AKS's default, do no harm, since only
// pods' addresses cross clusters. That ends where a ClusterIP is dialled from outside.
func judgeServices() func(*View) []Finding {
	return eachPair([]string{serviceCIDRSection}, func(v *View, a, b *mesh.Facts) []Finding {
		crosses := func(c *mesh.Facts) bool { return c.Service != nil && c.Service.Type == "ClusterIP" }
		if !crosses(a) && !crosses(b) {
			return nil
		}
		f, ok := clash(ofPair(a, b), v.ranges[a].services, v.ranges[b].services,
			"the service ranges of contexts %q and %q overlap, and the mesh is dialled at a ClusterIP, which then means two things", a.Context, b.Context)
		return list(f.mend("set clustermesh.apiserver.service.type to LoadBalancer; kubectl aksmesh join does"), ok)
	})
}

// reserved are the ranges that AKS refuses for pods, services and virtual
// networks (concepts-network-cni-overview), and those that mean something
// else to Azure's network or to every host.
func reserved() []span {
	ranges := []struct{ cidr, what string }{
		{"169.254.0.0/16", "link-local addresses, reserved by AKS"},
		{"172.30.0.0/16", "a range reserved by AKS"},
		{"172.31.0.0/16", "a range reserved by AKS"},
		{"192.0.2.0/24", "a range reserved by AKS"},
		{"168.63.129.16/32", "Azure's host address"},
		{"0.0.0.0/8", "addresses of this host"},
		{"127.0.0.0/8", "loopback addresses"},
		{"224.0.0.0/4", "multicast addresses"},
		{"240.0.0.0/4", "addresses reserved by the IETF"},
	}
	var out []span
	for _, r := range ranges {
		out = append(out, span{netip.MustParsePrefix(r.cidr), r.what})
	}
	return out
}

// judgeReserved needs no section: it looks at whatever ranges are known.
func judgeReserved(v *View) []Finding {
	return eachCluster(nil, func(v *View, c *mesh.Facts) []Finding {
		r := v.ranges[c]
		f, ok := clash(ofCluster(c), slices.Concat(r.pods, r.services, r.vnets), reserved(),
			"context %q uses addresses that are reserved", c.Context)
		return list(f.mend("%s", podRemedy(c)), ok)
	})(v)
}

func judgeBadRange() func(*View) []Finding {
	return eachCluster(nil, func(v *View, c *mesh.Facts) []Finding {
		bad := v.ranges[c].bad
		if len(bad) == 0 {
			return nil
		}
		return one(failed(ofCluster(c), "context %q: some ranges or addresses make no sense, so overlaps with them cannot be seen", c.Context).
			seen(bad...).mend("%s --namespace kube-system get configmap cilium-config --output yaml", kubectl(c)))
	})
}
