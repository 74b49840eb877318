package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	internalLB  = "service.beta.kubernetes.io/azure-load-balancer-internal"
	ciliumTaint = "node.cilium.io/agent-not-ready"
)

// isAKS says whether the cluster is known to be on AKS.
func isAKS(c *mesh.Facts) bool {
	return c.Azure != nil || c.Kubernetes != nil && c.Kubernetes.AKS
}

// judgeCNI: on any other plugin Azure owns the network, and undoes what a
// mesh of one's own would change.
func judgeCNI() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionAzure}, func(_ *View, c *mesh.Facts) []Finding {
		a := c.Azure
		f := failed(ofCluster(c), "context %q uses the network plugin %s, not a CNI of its own", c.Context, a.NetworkPlugin)
		switch {
		case a.NetworkPlugin == "none":
			return nil
		case a.NetworkPlugin == "":
			return one(unknown(ofCluster(c), "context %q: Azure does not say which network plugin it uses", c.Context))
		case workload(c, "Deployment", meshService) != nil:
			f = failed(ofCluster(c), "context %q is in a mesh that Azure Kubernetes Fleet Manager runs, and the two exclude each other", c.Context)
		case strings.EqualFold(a.NetworkDataplane, "cilium"):
			f = failed(ofCluster(c), "context %q has a Cilium that Azure manages and would change back", c.Context)
		}
		return one(f.seen("networkPlugin: "+a.NetworkPlugin, "networkDataplane: "+a.NetworkDataplane).
			mend("connect it with Azure Kubernetes Fleet Manager, or make a new cluster with: az aks create --network-plugin none"))
	})
}

func judgePublic() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionService}, func(_ *View, c *mesh.Facts) []Finding {
		s := c.Service
		if s.Type != "LoadBalancer" {
			return nil
		}
		fix := "kubectl aksmesh join sets it; by hand: set clustermesh.apiserver.service.annotations in the Helm values, then " +
			kubectl(c) + " --namespace kube-system delete service " + meshService + " once, for the address to change"
		internal := isAKS(c) && s.Annotations[internalLB] == "true"
		for _, text := range s.Addresses {
			if a, err := netip.ParseAddr(text); err == nil && !internal && onInternet(c, a) {
				return one(failed(ofCluster(c), "context %q: the mesh's address %s is public", c.Context, a).mend("%s", fix))
			}
		}
		if isAKS(c) && !internal {
			return one(failed(ofCluster(c), "context %q: the mesh's Service does not ask for an internal load balancer, so Azure makes it public", c.Context).
				seen("annotation "+internalLB+" is not \"true\"").mend("%s", fix))
		}
		return nil
	})
}

// public is an address outside of the private ranges, RFC 6598's included.
func public(a netip.Addr) bool {
	shared := netip.MustParsePrefix("100.64.0.0/10")
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a.Unmap())
}

// onInternet is an address of the cluster's that is public: a virtual network may
// have any range, one that is not private, too.
func onInternet(c *mesh.Facts, a netip.Addr) bool {
	if !public(a) {
		return false
	}
	if c.Azure == nil {
		return true
	}
	return !slices.ContainsFunc(c.Azure.Subnets, func(s mesh.Subnet) bool { return inAny(prefixesOf(s.VNetSpace), a.Unmap()) })
}

func judgeAzureState() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionAzure}, func(_ *View, c *mesh.Facts) []Finding {
		a := c.Azure
		switch {
		case strings.EqualFold(a.Power, "Stopped"):
			return one(failed(ofCluster(c), "context %q is stopped", c.Context).
				mend("az aks start %s", azTarget(c)))
		case strings.EqualFold(a.State, "Deleting"):
			return one(failed(ofCluster(c), "context %q is being deleted", c.Context).
				mend("leave context %s out", quote(c.Context)))
		case a.State != "" && !strings.EqualFold(a.State, "Succeeded"):
			return one(failed(ofCluster(c), "context %q: Azure's last operation on the cluster is in state %s", c.Context, a.State).
				as(Warning).mend("az aks show %s --query provisioningState; Azure accepts no other change until an operation has ended", azTarget(c)))
		}
		return nil
	})
}

// judgeProbeMode: Shared probes are answered by a program beside kube-proxy.
func judgeProbeMode() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionAzure}, func(v *View, c *mesh.Facts) []Finding {
		if !strings.EqualFold(c.Azure.ProbeMode, "Shared") {
			return nil
		}
		f := failed(ofCluster(c), "context %q: load balancers probe a program that goes away with kube-proxy, and all of them with it", c.Context).
			seen("clusterServiceLoadBalancerHealthProbeMode: Shared").
			mend("az aks update %s --cluster-service-load-balancer-health-probe-mode ServiceNodePort", azTarget(c))
		if v.phase == Running && c.KubeProxy != nil && c.KubeProxy.Present {
			f = f.as(Warning)
		}
		return one(f)
	})
}

// judgePoolTaint: a taint that came from the node pool's API cannot be
// removed from within Kubernetes, so pods that need Cilium never start.
func judgePoolTaint() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionAzure}, func(_ *View, c *mesh.Facts) []Finding {
		for _, t := range c.Azure.NodeTaints {
			if strings.HasPrefix(t, ciliumTaint) && !strings.HasSuffix(t, ":PreferNoSchedule") {
				return one(failed(ofCluster(c), "context %q: a node pool sets a taint that Cilium waits to remove and cannot, so pods stay pending", c.Context).
					seen("nodeTaints: "+t).
					mend("az aks nodepool update %s --name POOL --node-taints \"\"; use --node-init-taints for it instead", poolTarget(c)))
			}
		}
		return nil
	})
}

// poolTarget is azTarget for "az aks nodepool", where --name is the pool's.
func poolTarget(c *mesh.Facts) string {
	return strings.Replace(azTarget(c), " --name ", " --cluster-name ", 1)
}

func judgeKubeProxyARM() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionAzure, mesh.SectionKubeProxy}, func(_ *View, c *mesh.Facts) []Finding {
		there := c.KubeProxy.Present
		switch {
		case c.Azure.KubeProxy == "disabled" && there:
			return one(failed(ofCluster(c), "context %q: kube-proxy is switched off in Azure, and still there", c.Context).
				mend("%s --namespace kube-system get daemonset kube-proxy; Azure takes it away within minutes of: az aks update %s", kubectl(c), azTarget(c)))
		case c.Azure.KubeProxy == "enabled" && !there:
			return one(failed(ofCluster(c), "context %q: kube-proxy was deleted by hand, and Azure will bring it back", c.Context).
				mend("kubectl aksmesh join switches it off for good; by hand: az aks update %s --kube-proxy-config kube-proxy.json (extension aks-preview), with {\"enabled\": false} in that file", azTarget(c)))
		}
		return nil
	})
}

// judgeLBPools: with a pool, Cilium's own LB-IPAM wakes up and hands out
// addresses for Services that Azure serves.
func judgeLBPools() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionLBPools, mesh.SectionConfig}, func(_ *View, c *mesh.Facts) []Finding {
		if !isAKS(c) || len(c.LBPools) == 0 || len(c.Config.Raw) == 0 || c.Config.Raw["default-lb-service-ipam"] == "none" {
			return nil
		}
		f := failed(ofCluster(c), "context %q: Cilium and Azure both give addresses to load balancers", c.Context).
			seen("CiliumLoadBalancerIPPool: " + strings.Join(c.LBPools, ", "))
		if s := c.Service; s != nil && s.Type == "LoadBalancer" && len(s.Addresses) == 0 {
			f = f.as(Error) // the mesh's own Service waits already
		}
		return one(f.mend("set defaultLBServiceIPAM=none in the Helm values of context %s, and a load balancer class where Cilium should serve", quote(c.Context)))
	})
}
