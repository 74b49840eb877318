package globalsvc

import (
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Kinds of policies in a snapshot.
const (
	kubernetesPolicy = "NetworkPolicy"
	ciliumPolicy     = "CiliumNetworkPolicy"
	clusterwide      = "CiliumClusterwideNetworkPolicy"
)

// direction is the side of a connection that a rule is about.
type direction struct {
	name           string // ingress or egress
	peers          string // from or to, as both kinds of policies have it
	selected, peer *pod
}

// allowed says whether network policies let the client's request through to
// an endpoint: those of the client's cluster for its way out, those of the
// endpoint's cluster for its way in.
func (j *judge) allowed(here *mesh.Facts, b *backend, q Query) (Verdict, string) {
	for _, f := range []*mesh.Facts{here, b.from} {
		for i := range f.Problems {
			if p := &f.Problems[i]; p.Section == mesh.SectionPolicies {
				return Uncertain, fmt.Sprintf("network policies of %s, which cannot be read (%s)", f.Context, p.Kind)
			}
		}
	}
	if open(here) && open(b.from) {
		return Allowed, "" // most meshes have no policies, and need no memory of pods
	}
	client, server := j.client(here, q.Namespace), j.server(b, q.Namespace)
	out := direction{"egress", "to", &client.pod, &server.pod}
	if verdict, reason := client.verdict(out, b.port); verdict != Allowed {
		return verdict, reason
	}
	return server.verdict(direction{"ingress", "from", &server.pod, &client.pod}, b.port)
}

// open says whether a cluster has nothing that could deny.
func open(f *mesh.Facts) bool {
	return len(f.Services.Policies) == 0 && setting(f, "enable-policy") != "always"
}

// outcome is what one rule says, three-valued.
type outcome int

const (
	no outcome = iota
	maybe
	yes
)

// setting is a value of the cluster's Cilium; empty if it is not set or not known.
func setting(f *mesh.Facts, name string) string {
	if f.Config == nil {
		return ""
	}
	return f.Config.Raw[name]
}

// verdict weighs all policies that select the pod: what one denies is denied;
// if any of them rules this direction, one must allow it. A policy of which it
// is not known whether it selects the pod counts as maybe for all it says.
func (s *subject) verdict(d direction, port mesh.EndpointPort) (Verdict, string) {
	allow, deny, ruled := no, no, no
	denies, rules := "", ""
	if s.always {
		ruled, rules = yes, d.name+" of "+s.pod.facts.Context+", which allows only what a policy allows"
	}
	for i := range s.rulers {
		r := &s.rulers[i]
		allow = max(allow, min(r.selects, d.any(r.policy, r.rules.allow, port)))
		if one := min(r.selects, d.any(r.policy, r.rules.deny, port)); one > deny {
			deny, denies = one, r.name(d.name, &s.pod)
		}
		if r.rules.rules && r.selects > ruled {
			ruled, rules = r.selects, r.name(d.name, &s.pod)
		}
	}
	switch {
	case deny == yes:
		return Denied, denies
	case deny == maybe:
		return Uncertain, denies
	case ruled == no || allow == yes:
		return Allowed, ""
	case ruled == maybe || allow == maybe:
		return Uncertain, rules
	default:
		return Denied, rules
	}
}

// rules are those of one policy for one direction.
type rules struct {
	allow, deny []map[string]any
	// rules is true if what is not allowed is denied.
	rules bool
}

// podSelector is what a policy selects pods by; false if it selects nodes.
func podSelector(policy *mesh.Policy, spec map[string]any) (requirements, bool) {
	if policy.Kind == kubernetesPolicy {
		own, _ := newSelector(spec["podSelector"])
		return own, true
	}
	own, ok := newSelector(spec["endpointSelector"])
	if policy.Kind != clusterwide {
		own = own.without("k8s", labelNamespace) // the policy's namespace takes its place
	}
	return own, ok
}

// read takes from a policy what is said of a direction.
func (p *pod) read(policy *mesh.Policy, spec map[string]any, direction string) rules {
	if policy.Kind == kubernetesPolicy {
		return readKubernetes(spec, direction)
	}
	return p.readCilium(spec, direction)
}

// readKubernetes follows Cilium, for which rules of a direction count even if
// policyTypes leaves it out (pkg/k8s.ParseNetworkPolicy).
func readKubernetes(spec map[string]any, direction string) rules {
	types, _ := spec["policyTypes"].([]any)
	has := func(name string) bool { return slices.Contains(types, any(name)) }
	r := rules{allow: objects(spec[direction])}
	r.rules = len(r.allow) > 0
	if direction == "egress" {
		r.rules = r.rules || has("Egress")
	} else {
		r.rules = r.rules || has("Ingress") || !has("Egress")
	}
	return r
}

// readCilium: a direction without any rule is not ruled, whatever
// enableDefaultDeny says (pkg/policy/utils.RulesToPolicyEntries).
func (p *pod) readCilium(spec map[string]any, direction string) rules {
	r := rules{allow: objects(spec[direction]), deny: objects(spec[direction+"Deny"])}
	r.rules = len(r.allow)+len(r.deny) > 0
	if set, ok := spec["enableDefaultDeny"].(map[string]any); ok && setting(p.facts, "enable-non-default-deny-policies") != "false" {
		if value, ok := set[direction].(bool); ok {
			r.rules = r.rules && value
		}
	}
	return r
}

// any is the most that one of the rules says.
func (d direction) any(p *mesh.Policy, rules []map[string]any, port mesh.EndpointPort) outcome {
	most := no
	for _, rule := range rules {
		if p.Kind == kubernetesPolicy {
			most = max(most, min(d.kubernetesPeers(rule), kubernetesPorts(rule["ports"], port)))
		} else {
			most = max(most, min(d.ciliumPeers(p, rule), ciliumPorts(rule, port)))
		}
	}
	return most
}

// localOnly says whether peers of a policy that name no cluster are pods of
// the policy's own cluster: so since Cilium 1.19, unless set otherwise.
func (d direction) localOnly() bool {
	if value := setting(d.selected.facts, "policy-default-local-cluster"); value != "" {
		return value == "true"
	}
	return d.selected.facts.Config != nil && !before119(d.selected.facts)
}
