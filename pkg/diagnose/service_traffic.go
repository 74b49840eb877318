package diagnose

import (
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Keys of cilium-config, as the chart writes them.
const (
	keyEndpointSync = "clustermesh-enable-endpoint-sync"
	keyCacheTTL     = "clustermesh-cache-ttl"
)

// judgeHeadless: a headless service has no address to balance, so its clients
// know other clusters' endpoints only by EndpointSlices.
func judgeHeadless() func(*View) []Finding {
	return eachService([]string{mesh.SectionConfig}, func(_ *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		if !s.Global() || !s.Headless {
			return nil
		}
		start := "context %q: headless service %s is global, but clients do not see endpoints of other clusters, as "
		sync, set := s.Annotations[mesh.AnnotationSyncSlice]
		_, newer := s.Annotations[mesh.AnnotationGlobal]
		switch {
		case c.Config.Raw[keyEndpointSync] != "true":
			return one(failed(ofService(c, s), start+"EndpointSlice synchronization is off", c.Context, keyOf(s)).
				seen(keyEndpointSync+" in cilium-config: "+orUnset(c.Config.Raw[keyEndpointSync])).
				mend("set clustermesh.enableEndpointSliceSynchronization=true in the Helm values of context %s, then %s --namespace kube-system rollout restart deployment cilium-operator", quote(c.Context), kubectl(c)))
		case set && !strings.EqualFold(sync, "true"):
			return one(failed(ofService(c, s), start+"its annotation turns EndpointSlice synchronization off", c.Context, keyOf(s)).
				seen(mesh.AnnotationSyncSlice+"="+sync).
				mend("%s annotate service %s %s-", inNamespace(c, keyOf(s)), quote(s.Name), mesh.AnnotationSyncSlice))
		case !newer:
			return one(failed(ofService(c, s), start+"EndpointSlice synchronization does not read the annotation's older name", c.Context, keyOf(s)).
				mend("%s", expose(keyOf(s), "--replace-legacy", place{c, s})))
		}
		return nil
	})
}

func orUnset(value string) string {
	if value == "" {
		return "not set"
	}
	return value
}

// Minor versions of Cilium 1.x since which namespaces that are not global
// keep back the identities of their pods, and their services' endpoints.
const (
	podsByNamespace     = 19
	servicesByNamespace = 20
)

// judgeNamespaces: a namespace that is not global keeps what its services would give.
func judgeNamespaces() func(*View) []Finding {
	return eachService([]string{mesh.SectionNamespaces, mesh.SectionConfig}, func(v *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		if !s.Shared() || !hasNamespace(c, s.Namespace) || c.GlobalNamespace(s.Namespace) {
			return nil
		}
		effect := "other clusters get none of its endpoints"
		if version := ciliumVersion(c, v.phase); version != nil && version.Major() == 1 && version.Minor() < servicesByNamespace {
			if version.Minor() < podsByNamespace {
				return nil
			}
			effect = "other clusters do not know its pods to policies, and from Cilium 1.20 on get none of its endpoints"
		}
		why := "its annotation " + mesh.AnnotationNamespaceGlobal + " is " + c.Services.Namespaces[s.Namespace].Global
		if c.Services.Namespaces[s.Namespace].Global == "" {
			why = "it has no annotation " + mesh.AnnotationNamespaceGlobal + ", and cilium-config makes no namespace global without one"
		}
		return one(failed(ofService(c, s), "context %q: service %s is shared, but its namespace is not global, so %s", c.Context, keyOf(s), effect).
			seen("namespace "+s.Namespace+": "+why).
			mend("%s annotate namespace %s %s=true --overwrite", kubectl(c), quote(s.Namespace), mesh.AnnotationNamespaceGlobal))
	})
}

// judgeOutside: kube-proxy knows endpoints of its own cluster only.
func judgeOutside() func(*View) []Finding {
	return eachService([]string{mesh.SectionConfig}, func(_ *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		if !s.Global() || !fromOutside(s) || c.Config.KubeProxyReplacement {
			return nil
		}
		return one(failed(ofService(c, s), "context %q: without Cilium's kube-proxy replacement, clients from outside reach only this cluster's endpoints of %s service %s", c.Context, s.Type, keyOf(s)).
			mend("set kubeProxyReplacement=true in the Helm values of context %s; kubectl aksmesh join does", quote(c.Context)))
	})
}

func fromOutside(s *mesh.GlobalService) bool { return s.Type == "NodePort" || s.Type == "LoadBalancer" }

// judgeTrafficPolicy: Cilium leaves out endpoints on other nodes by the
// node's name, and endpoints of other clusters come without one.
func judgeTrafficPolicy() func(*View) []Finding {
	return eachService(nil, func(_ *View, c *mesh.Facts, s *mesh.GlobalService) []Finding {
		if !s.Global() {
			return nil
		}
		const local = "Local"
		var out []Finding
		add := func(field, message string) {
			out = append(out, failed(ofService(c, s), message, c.Context, field, keyOf(s)).
				mend(`%s patch service %s --patch '{"spec":{"%s":"Cluster"}}'`, inNamespace(c, keyOf(s)), quote(s.Name), field))
		}
		if fromOutside(s) && s.ExternalTrafficPolicy == local {
			add("externalTrafficPolicy", "context %q: %s Local of global service %s leaves out endpoints on other nodes of this cluster, yet every node takes those of other clusters and tells the load balancer that it has one")
		}
		if s.InternalTrafficPolicy == local {
			add("internalTrafficPolicy", "context %q: %s Local of global service %s leaves out endpoints on other nodes of this cluster, yet pods on every node reach those of other clusters")
		}
		return out
	})
}
