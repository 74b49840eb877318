package diagnose

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// egress is what one rule set of a policy says about reaching out.
type egress struct {
	policy  *mesh.Policy
	subject selector // the pods that it is about
	denies  bool     // what it does not allow is denied
	ways    []way
}

// way is one rule: to whom, and on which ports.
type way struct {
	everybody bool // pods of all clusters
	targets   []target
	ports     []map[string]any
	anyPort   bool
}

// target selects pods to reach, by the namespace that it means, too.
type target struct {
	pods  selector
	named bool   // it chooses clusters itself
	words string // what it says
}

// implied is a target without a cluster.
type implied struct {
	of *egress
	on *way
	to *target
}

// exits are what a cluster's policies say about reaching out.
type exits struct {
	implied book[implied]
	// openers are rule sets that let some pods reach other clusters.
	openers []*egress
}

// readEgress reads all policies of the cluster.
func readEgress(c *mesh.Facts) *exits {
	o := &exits{}
	for i := range c.Services.Policies {
		p := &c.Services.Policies[i]
		read := ciliumEgress
		if p.Kind == networkPolicy {
			read = networkEgress
		}
		for _, spec := range p.Rules {
			if e := read(p, spec); e != nil {
				o.add(e)
			}
		}
	}
	return o
}

func (o *exits) add(e *egress) {
	opens := false
	for i := range e.ways {
		w := &e.ways[i]
		opens = opens || w.everybody
		for j := range w.targets {
			p := &w.targets[j]
			opens = opens || p.named
			if e.denies && !p.named {
				o.implied.add(p.pods, implied{e, w, p})
			}
		}
	}
	if opens {
		o.openers = append(o.openers, e)
	}
}

// keeping are the targets by which pods reach endpoints of the labels and port in
// their own cluster only. Rule sets about some of the same pods, which may let
// them out, are not weighed: others of these pods are kept in.
func (o *exits) keeping(l labelled, port mesh.EndpointPort) []implied {
	var out []implied
	for _, x := range o.implied.about(l) {
		if x.to.pods.match(l) != yes || x.on.about(port) != yes {
			continue
		}
		if !slices.ContainsFunc(o.openers, func(e *egress) bool { return e.covers(x.of) && e.opens(l, port) }) {
			out = append(out, x)
		}
	}
	return out
}

// covers says whether e is about all pods that other is about.
func (e *egress) covers(other *egress) bool {
	for _, r := range e.subject {
		if !slices.ContainsFunc(other.subject, func(o requirement) bool {
			return r.key == o.key && r.operator == o.operator && slices.Equal(r.values, o.values)
		}) {
			return false
		}
	}
	return true
}

// opens says whether endpoints of the labels, in another cluster, may be reached.
func (e *egress) opens(l labelled, port mesh.EndpointPort) bool {
	return slices.ContainsFunc(e.ways, func(w way) bool {
		named := func(t target) bool { return t.named && t.pods.match(l) != no }
		return w.about(port) != no && (w.everybody || slices.ContainsFunc(w.targets, named))
	})
}

// ofNamespace are pods of one namespace.
func ofNamespace(name string) requirement {
	return requirement{podNamespace, "In", []string{name}}
}

// networkEgress reads the spec of a NetworkPolicy; nil if it is not about egress.
func networkEgress(p *mesh.Policy, spec map[string]any) *egress {
	rules := items(spec["egress"])
	e := &egress{policy: p, subject: append(readSelector(spec["podSelector"]), ofNamespace(p.Namespace))}
	e.denies = len(rules) > 0 || slices.Contains(items(spec["policyTypes"]), any("Egress"))
	for _, raw := range rules {
		rule, _ := raw.(map[string]any)
		to := items(rule["to"])
		w := way{everybody: len(to) == 0, ports: objects(rule["ports"])}
		w.anyPort = len(w.ports) == 0
		for _, one := range to {
			if to, _ := one.(map[string]any); to["ipBlock"] == nil { // addresses are none of pods
				w.targets = append(w.targets, networkTarget(p, to))
			}
		}
		e.ways = append(e.ways, w)
	}
	if !e.denies {
		return nil
	}
	return e
}

// networkTarget reads a peer of a NetworkPolicy: its podSelector alone can name a
// cluster, and its namespaceSelector is about labels of namespaces.
func networkTarget(p *mesh.Policy, raw map[string]any) target {
	pods := readSelector(raw["podSelector"])
	out := target{named: pods.namesCluster(), words: peerWords(raw)}
	if raw["namespaceSelector"] == nil {
		out.pods = append(pods, ofNamespace(p.Namespace))
		return out
	}
	for _, r := range readSelector(raw["namespaceSelector"]) {
		r.key = namespaceLabels + r.key
		pods = append(pods, r)
	}
	out.pods = pods
	return out
}

// ciliumEgress reads a spec of a CiliumNetworkPolicy or of a
// CiliumClusterwideNetworkPolicy; nil if it is about nodes, or not about egress.
func ciliumEgress(p *mesh.Policy, spec map[string]any) *egress {
	rules := items(spec["egress"])
	if spec["endpointSelector"] == nil || len(rules) == 0 {
		return nil
	}
	e := &egress{policy: p, subject: readSelector(spec["endpointSelector"]), denies: defaultDeny(spec, "egress", true)}
	if p.Namespace != "" {
		e.subject = append(e.subject, ofNamespace(p.Namespace))
	}
	for _, raw := range rules {
		rule, _ := raw.(map[string]any)
		e.ways = append(e.ways, ciliumWay(p, rule))
	}
	return e
}

// ciliumWay reads one rule. What toServices comes to is not known here, so it
// counts as letting everybody out.
func ciliumWay(p *mesh.Policy, rule map[string]any) way {
	w := way{everybody: rule["toServices"] != nil, anyPort: len(items(rule["toPorts"]))+len(items(rule["icmps"])) == 0}
	for _, group := range objects(rule["toPorts"]) {
		w.ports = append(w.ports, objects(group["ports"])...)
	}
	destinations := false
	for _, key := range []string{
		"toEndpoints", "toRequires", "toCIDR", "toCIDRSet", "toEntities", "toServices", "toFQDNs", "toGroups", "toNodes",
	} {
		destinations = destinations || rule[key] != nil
	}
	// Without destinations, ports are open to all; a rule of nothing allows nothing.
	w.everybody = w.everybody || !destinations && !w.anyPort
	for _, entity := range items(rule["toEntities"]) {
		w.everybody = w.everybody || entity == "all" || entity == "cluster-mesh"
	}
	for _, raw := range items(rule["toEndpoints"]) {
		s := readSelector(raw)
		one := target{pods: s, named: s.namesCluster(), words: s.String()}
		if p.Namespace != "" && !s.namesNamespace() {
			one.pods = append(one.pods, ofNamespace(p.Namespace))
		}
		w.targets = append(w.targets, one)
	}
	return w
}
