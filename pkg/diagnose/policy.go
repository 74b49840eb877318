package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
)

// judgePolicies looks for endpoints that clients of other clusters are sent
// to and may not reach. It says so only where no policy about an endpoint
// lets in anybody of another cluster.
func judgePolicies() func(*View) []Finding {
	return eachLocal(func(v *View, own *policies.Cluster, c *mesh.Facts) []Finding {
		rules := readIngress(own)
		if len(rules.all) == 0 {
			return nil
		}
		var out []Finding
		for i := range c.Services.Items {
			if s := &c.Services.Items[i]; s.Shared() && len(s.Endpoints) > 0 {
				out = append(out, denials(v, own, rules, c, s)...)
			}
		}
		return out
	})
}

// judgeEgress looks for clients that are sent to endpoints of other clusters
// and may not get there, as their policies let them out to such endpoints of
// their own cluster alone.
func judgeEgress() func(*View) []Finding {
	return eachLocal(func(v *View, own *policies.Cluster, c *mesh.Facts) []Finding {
		o := readEgress(own)
		if len(o.implied.all) == 0 {
			return nil
		}
		var out []Finding
		for i := range c.Services.Items {
			if s := &c.Services.Items[i]; s.Global() {
				out = append(out, kept(v, o, c, s)...)
			}
		}
		return out
	})
}

// eachLocal judges clusters with policies in which a peer without a cluster
// means the own cluster.
func eachLocal(judge func(*View, *policies.Cluster, *mesh.Facts) []Finding) func(*View) []Finding {
	sections := []string{
		mesh.SectionEndpoints, mesh.SectionNamespaces, mesh.SectionPolicies, mesh.SectionPods, mesh.SectionConfig,
	}
	return eachLooked(sections, func(v *View, c *mesh.Facts) []Finding {
		if len(c.Services.Policies) == 0 {
			return nil
		}
		own := policies.NewCluster(c, ciliumVersion(c, v.phase))
		if own.Local == policies.No {
			return nil
		}
		out := judge(v, own, c)
		if len(out) > 0 && own.Local == policies.Maybe {
			return one(unknown(ofCluster(c), "context %q: whether peers of its network policies are of other clusters, too, depends on Cilium's version, which is not known", c.Context))
		}
		return out
	})
}

func denials(v *View, own *policies.Cluster, rules *book[*ingress], c *mesh.Facts, s *mesh.GlobalService) []Finding {
	by := denying(own, rules, s)
	if len(by) == 0 {
		return nil
	}
	others := v.elsewhere(c, s)
	if len(others) == 0 {
		return nil
	}
	var seen []string
	for _, in := range by {
		seen = append(seen, fmt.Sprintf("%s lets in %s, without naming a cluster", title(in.Policy), in.implied))
	}
	return one(failed(ofService(c, s), "context %q: network policies let in only clients of this cluster, so clients of %s are denied by endpoints of shared service %s", c.Context, inWords(others), keyOf(s)).
		seen(seen...).
		mend("%s", nameClusters(c, by[0].Policy, others)))
}

// nameClusters says how to name the own cluster and others in a policy.
func nameClusters(c *mesh.Facts, p *mesh.Policy, others []*mesh.Facts) string {
	var names []string
	for _, o := range append([]*mesh.Facts{c}, others...) {
		if o.Config != nil {
			names = append(names, o.Config.ClusterName)
		}
	}
	return fmt.Sprintf("%s; add to its peers' matchExpressions {key: %s, operator: In, values: [%s]}", editPolicy(c, p), policies.ClusterLabel, strings.Join(names, ", "))
}

// kept judges clients in c of a global service.
func kept(v *View, o *exits, c *mesh.Facts, s *mesh.GlobalService) []Finding {
	n := v.services.byKey[keyOf(s)]
	if n == nil {
		return nil
	}
	var far []*mesh.Facts
	var by []implied
	for _, p := range n.global {
		if p.c == c || p.c.Config == nil || !p.s.Shared() {
			continue
		}
		if found := keepers(o, p); len(found) > 0 {
			far, by = append(far, p.c), append(by, found...)
		}
	}
	if len(far) == 0 {
		return nil
	}
	var seen []string
	for _, x := range by {
		line := fmt.Sprintf("%s lets its pods reach %s, without naming a cluster", title(x.of.Policy), x.to)
		if !slices.Contains(seen, line) {
			seen = append(seen, line)
		}
	}
	return one(failed(ofService(c, s), "context %q: network policies let clients of global service %s reach endpoints of this cluster only, so their requests to those in %s are denied", c.Context, keyOf(s), inWords(far)).
		seen(seen...).
		mend("%s", nameClusters(c, by[0].of.Policy, far)))
}

// keepers are the peers that keep clients from an endpoint of the service in
// its cluster: those of the first endpoint that has any.
func keepers(o *exits, p place) []implied {
	if o.clusters[p.c] == nil {
		o.clusters[p.c] = policies.NewCluster(p.c, nil) // its policies are not asked
	}
	var last *mesh.Endpoint
	for i := range p.s.Endpoints {
		e := &p.s.Endpoints[i]
		if last != nil && maps.Equal(last.Labels, e.Labels) && slices.Equal(last.Ports, e.Ports) {
			continue // pods of one Deployment have the same
		}
		last = e
		pod := o.clusters[p.c].Endpoint(p.s, e)
		for _, port := range e.Ports {
			if by := o.keeping(&pod, port); len(by) > 0 {
				return by
			}
		}
	}
	return nil
}

func title(p *mesh.Policy) string {
	if p.Namespace == "" {
		return p.Kind + " " + p.Name
	}
	return p.Kind + " " + p.Namespace + "/" + p.Name
}

func editPolicy(c *mesh.Facts, p *mesh.Policy) string {
	out := kubectl(c)
	if p.Namespace != "" {
		out += " --namespace " + quote(p.Namespace)
	}
	return out + " edit " + strings.ToLower(p.Kind) + " " + quote(p.Name)
}

// inWords lists contexts, in quotes and with commas.
func inWords(clusters []*mesh.Facts) string {
	var out []string
	for _, c := range clusters {
		out = append(out, fmt.Sprintf("%q", c.Context))
	}
	return strings.Join(out, ", ")
}
