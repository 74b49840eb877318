package globalsvc

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
)

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
	if j.cluster(here).Open() && j.cluster(b.from).Open() {
		return Allowed, "" // most meshes have no policies, and need no memory of pods
	}
	client, server := j.client(here, q.Namespace), j.server(b, q)
	if verdict, reason := client.verdict(&server.pod, b.port); verdict != Allowed {
		return verdict, reason
	}
	return server.verdict(&client.pod, b.port)
}

// verdict weighs all policies that select the pod: what one denies is denied;
// if any of them rules this direction, one must allow it. A policy of which it
// is not known whether it selects the pod counts as maybe for all it says.
func (s *subject) verdict(peer *policies.Pod, port mesh.EndpointPort) (Verdict, string) {
	allow, deny, ruled := policies.No, policies.No, policies.No
	denies, rules := "", ""
	if s.cluster.Always() {
		ruled, rules = policies.Yes, string(s.direction)+" of "+s.context+", which allows only what a policy allows"
	}
	for i := range s.rulers {
		r := &s.rulers[i]
		allow = max(allow, min(r.selects, s.any(r.Allow, peer, port)))
		if one := min(r.selects, s.any(r.Deny, peer, port)); one > deny {
			deny, denies = one, s.name(r)
		}
		if r.Denies && r.selects > ruled {
			ruled, rules = r.selects, s.name(r)
		}
	}
	switch {
	case deny == policies.Yes:
		return Denied, denies
	case deny == policies.Maybe:
		return Uncertain, denies
	case ruled == policies.No || allow == policies.Yes:
		return Allowed, ""
	case ruled == policies.Maybe || allow == policies.Maybe:
		return Uncertain, rules
	default:
		return Denied, rules
	}
}

// any is the most that one of the rules says.
func (s *subject) any(rules []policies.Rule, peer *policies.Pod, port mesh.EndpointPort) policies.Answer {
	most := policies.No
	for i := range rules {
		most = max(most, s.cluster.Match(&rules[i], peer, port))
	}
	return most
}

// name is what a verdict's reason says.
func (s *subject) name(r *ruler) string {
	return fmt.Sprintf("%s of %s %s in %s", s.direction, r.Policy.Kind, r.Policy.Name, s.context)
}
