package diagnose

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// externalName is the type of a Service that is a DNS alias: it has neither
// endpoints nor ports of its own, so a mesh does nothing with it.
const externalName = "ExternalName"

// judgeMissing: a mesh shares endpoints, not Services. Without one of its own
// a cluster has no address and no DNS name to reach them by.
func judgeMissing() func(*View) []Finding {
	return eachName(nil, func(_ *View, n *namesakes) []Finding {
		global := n.global
		if len(global) == 0 || global[0].s.Type == externalName {
			return nil
		}
		var out []Finding
		for _, c := range n.without {
			create := expose(n.serviceKey, "--create", global[0], place{c: c})
			if problem(c, mesh.SectionNamespaces) == nil && !hasNamespace(c, n.namespace) {
				out = append(out, failed(ofKey(c, n.serviceKey), "context %q has no namespace %s, so its clients do not reach service %s, which is global in %q", c.Context, n.namespace, n, global[0].c.Context).
					mend("%s create namespace %s && %s", kubectl(c), quote(n.namespace), create))
				continue
			}
			out = append(out, failed(ofKey(c, n.serviceKey), "context %q has no service %s, which is global in %q, so its clients have no address and no DNS name for it", c.Context, n, global[0].c.Context).
				mend("%s", create))
		}
		return out
	})
}

// hasNamespace is true if nobody looked.
func hasNamespace(c *mesh.Facts, name string) bool {
	_, ok := c.Services.Namespaces[name]
	return ok || c.Services.Namespaces == nil
}

// judgeUnshared: services that take from each other, of which none gives.
func judgeUnshared() func(*View) []Finding {
	return eachName(nil, func(_ *View, n *namesakes) []Finding {
		global := n.global
		if len(global) < 2 {
			return nil
		}
		var seen []string
		for _, p := range global {
			if p.s.Shared() {
				return nil
			}
			value, _ := p.s.Annotation(mesh.AnnotationShared)
			seen = append(seen, fmt.Sprintf("context %q: %s=%s", p.c.Context, mesh.AnnotationShared, value))
		}
		return one(failed(ofKey(global[0].c, n.serviceKey), "service %s is global in %s and shared in none, so each answers its own clients only", n, counted(len(global), "cluster")).
			seen(seen...).
			mend("%s", expose(n.serviceKey, "--shared=true", global[0])))
	})
}

// judgeLonely: both sides must call the service global.
func judgeLonely() func(*View) []Finding {
	return eachName(nil, func(_ *View, n *namesakes) []Finding {
		global := n.global
		if len(global) != 1 || len(n.in) < 2 {
			return nil
		}
		var seen []string
		for _, p := range n.in {
			if p.c != global[0].c {
				seen = append(seen, fmt.Sprintf("context %q: the service is there, and not global", p.c.Context))
			}
		}
		if len(seen) == 0 {
			return nil
		}
		return one(failed(ofKey(global[0].c, n.serviceKey), "service %s is global in context %q alone, so no endpoints are shared", n, global[0].c.Context).
			seen(seen...).
			mend("%s", expose(n.serviceKey, "", n.in...)))
	})
}

// judgeNoEndpoints holds back where endpoints of a cluster that has the
// service could not be read: they may be the ready ones.
func judgeNoEndpoints() func(*View) []Finding {
	return eachName([]string{mesh.SectionEndpoints}, func(_ *View, n *namesakes) []Finding {
		global := n.global
		if len(global) == 0 || global[0].s.Type == externalName {
			return nil
		}
		var seen []string
		for _, p := range n.in {
			if problem(p.c, mesh.SectionEndpoints) != nil || p.s.Count(mesh.Ready) > 0 {
				return nil
			}
			seen = append(seen, fmt.Sprintf("context %q: 0 ready, %d terminating, %d not ready",
				p.c.Context, p.s.Count(mesh.Terminating), p.s.Count(mesh.NotReady)))
		}
		c := global[0].c
		return one(failed(ofKey(c, n.serviceKey), "no cluster that was looked at has a ready endpoint of global service %s", n).
			seen(seen...).
			mend("%s get endpointslices --selector %s", inNamespace(c, n.serviceKey), quote("kubernetes.io/service-name="+n.name)))
	})
}
