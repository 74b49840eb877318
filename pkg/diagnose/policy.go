package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// keyPolicyLocal is the key of cilium-config that says whether a peer without
// a cluster means the own cluster only.
const keyPolicyLocal = "policy-default-local-cluster"

// policyLocal says whether a peer without a cluster means the own cluster
// only: as set, and else as the version has it, which changed with 1.19.
func policyLocal(v *View, c *mesh.Facts) (local, known bool) {
	switch value := c.Config.Raw[keyPolicyLocal]; value {
	case "true", "false":
		return value == "true", true
	}
	version := ciliumVersion(c, v.phase)
	if version == nil {
		return false, false
	}
	return version.Major() > 1 || version.Minor() >= 19, true
}

// judgePolicies looks for endpoints that clients of other clusters are sent
// to and may not reach. It says so only where no policy about an endpoint
// lets in anybody of another cluster.
func judgePolicies() func(*View) []Finding {
	sections := []string{
		mesh.SectionEndpoints, mesh.SectionNamespaces, mesh.SectionPolicies, mesh.SectionPods, mesh.SectionConfig,
	}
	return eachLooked(sections, func(v *View, c *mesh.Facts) []Finding {
		if len(c.Services.Policies) == 0 {
			return nil
		}
		local, known := policyLocal(v, c)
		if known && !local {
			return nil
		}
		books := readPolicies(c)
		var out []Finding
		for i := range c.Services.Items {
			if s := &c.Services.Items[i]; s.Shared() && len(s.Endpoints) > 0 {
				out = append(out, denials(v, books, c, s)...)
			}
		}
		if len(out) > 0 && !known {
			return one(unknown(ofCluster(c), "context %q: whether its network policies let in clients of other clusters depends on Cilium's version, which is not known", c.Context))
		}
		return out
	})
}

func denials(v *View, books map[string]*ruleBook, c *mesh.Facts, s *mesh.GlobalService) []Finding {
	by := denying(books, c, s)
	if len(by) == 0 {
		return nil
	}
	others := v.elsewhere(c, s)
	if len(others) == 0 {
		return nil
	}
	var seen, names []string
	for _, in := range by {
		seen = append(seen, fmt.Sprintf("%s lets in %s, without naming a cluster", title(in.policy), in.implied[0]))
	}
	for _, o := range append([]*mesh.Facts{c}, others...) {
		if o.Config != nil {
			names = append(names, o.Config.ClusterName)
		}
	}
	return one(failed(ofService(c, s), "context %q: network policies let in only clients of this cluster, so clients of %s are denied by endpoints of shared service %s", c.Context, inWords(others), keyOf(s)).
		seen(seen...).
		mend("%s; add to its peers' matchExpressions {key: %s, operator: In, values: [%s]}", editPolicy(c, by[0].policy), clusterLabel, strings.Join(names, ", ")))
}

// denying are the rules that keep clients of other clusters from an endpoint
// of the service by naming no cluster: those of the first endpoint that has any.
func denying(books map[string]*ruleBook, c *mesh.Facts, s *mesh.GlobalService) []*ingress {
	if books[""] == nil && books[s.Namespace] == nil {
		return nil
	}
	var last map[string]string
	for i := range s.Endpoints {
		// Pods of one Deployment have the same labels.
		if i > 0 && maps.Equal(last, s.Endpoints[i].Labels) {
			continue
		}
		last = s.Endpoints[i].Labels
		l := labelsOf(c, s, &s.Endpoints[i])
		rules := slices.Concat(books[""].about(l), books[s.Namespace].about(l))
		if by := denyingOne(rules, l); len(by) > 0 {
			return by
		}
	}
	return nil
}

func denyingOne(rules []*ingress, l labelled) []*ingress {
	var by []*ingress
	for _, in := range rules {
		match := in.subject.match(l)
		if in.open && match != no {
			return nil
		}
		if in.denies && match == yes && len(in.implied) > 0 {
			by = append(by, in)
		}
	}
	return by
}

// labelsOf are the labels of an endpoint as Cilium sees them. Without the
// pod's own labels, those that the service asks for are known.
func labelsOf(c *mesh.Facts, s *mesh.GlobalService, e *mesh.Endpoint) labelled {
	l := labelled{labels: map[string]string{}, whole: e.Labels != nil}
	maps.Copy(l.labels, s.Selector)
	maps.Copy(l.labels, e.Labels)
	l.labels["io.kubernetes.pod.namespace"] = s.Namespace
	l.labels[clusterLabel] = c.Config.ClusterName
	for key, value := range c.Services.Namespaces[s.Namespace].Labels {
		l.labels["io.cilium.k8s.namespace.labels."+key] = value
	}
	return l
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
