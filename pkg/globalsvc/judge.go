package globalsvc

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judge predicts for the same clients again and again. It remembers what does
// not depend on the question, since thousands of services are judged by
// hundreds of policies: which of them select a pod is asked once for each pod.
// It serves one snapshot, which must not change, and one goroutine.
type judge struct {
	clientLabels map[string]string
	services     map[*mesh.Facts]map[serviceName]*mesh.GlobalService
	clients      map[clientKey]*subject
	servers      map[*mesh.Endpoint]*subject
	selectors    map[*mesh.Facts][]policySelector
}

// policySelector is one rule of a policy with its selector of pods, read.
type policySelector struct {
	policy *mesh.Policy
	spec   map[string]any
	own    requirements
}

type serviceName struct{ namespace, name string }

// clientKey tells clients apart: each is in its service's namespace.
type clientKey struct {
	facts     *mesh.Facts
	namespace string
}

func newJudge(clientLabels map[string]string) *judge {
	return &judge{
		clientLabels: clientLabels,
		services:     map[*mesh.Facts]map[serviceName]*mesh.GlobalService{},
		clients:      map[clientKey]*subject{},
		servers:      map[*mesh.Endpoint]*subject{},
		selectors:    map[*mesh.Facts][]policySelector{},
	}
}

// find is [mesh.Services.Find] for many services.
func (j *judge) find(f *mesh.Facts, namespace, name string) *mesh.GlobalService {
	if f.Services == nil {
		return nil
	}
	known, ok := j.services[f]
	if !ok {
		known = make(map[serviceName]*mesh.GlobalService, len(f.Services.Items))
		for i := range f.Services.Items {
			g := &f.Services.Items[i]
			known[serviceName{g.Namespace, g.Name}] = g
		}
		j.services[f] = known
	}
	return known[serviceName{namespace, name}]
}

// subject is a pod and what policies rule of its traffic in one direction.
type subject struct {
	pod    pod
	rulers []ruler
	// never is true if no policy is enforced, always if what no policy allows
	// is denied.
	never, always bool
}

// ruler is one rule of a policy that selects a pod, or perhaps does.
type ruler struct {
	policy  *mesh.Policy
	rules   rules
	selects outcome
}

// name is what a verdict's reason says.
func (r *ruler) name(direction string, at *pod) string {
	return fmt.Sprintf("%s of %s %s in %s", direction, r.policy.Kind, r.policy.Name, at.facts.Context)
}

// client is the client's pod with what rules its way out.
func (j *judge) client(f *mesh.Facts, namespace string) *subject {
	key := clientKey{f, namespace}
	if j.clients[key] == nil {
		j.clients[key] = j.subject(newPod(f, namespace, j.clientLabels, true), "egress")
	}
	return j.clients[key]
}

// server is an endpoint's pod with what rules its way in.
func (j *judge) server(b *backend, namespace string) *subject {
	if j.servers[b.endpoint] == nil {
		own := newPod(b.from, namespace, b.endpoint.Labels, b.endpoint.Labels != nil)
		j.servers[b.endpoint] = j.subject(own, "ingress")
	}
	return j.servers[b.endpoint]
}

func (j *judge) subject(p pod, direction string) *subject {
	mode := setting(p.facts, "enable-policy")
	s := &subject{pod: p, never: mode == "never", always: mode == "always"}
	if s.never {
		return s
	}
	all := j.policies(p.facts)
	for i := range all {
		one := &all[i]
		if one.policy.Kind != clusterwide && one.policy.Namespace != p.namespace {
			continue
		}
		if selects := one.own.matches(&p); selects != no {
			s.rulers = append(s.rulers, ruler{one.policy, p.read(one.policy, one.spec, direction), selects})
		}
	}
	return s
}

// policies are those of a cluster that are enforced there.
func (j *judge) policies(f *mesh.Facts) []policySelector {
	if all, ok := j.selectors[f]; ok {
		return all
	}
	off := map[string]string{
		kubernetesPolicy: "enable-k8s-networkpolicy",
		ciliumPolicy:     "enable-cilium-network-policy",
		clusterwide:      "enable-cilium-clusterwide-network-policy",
	}
	var all []policySelector
	for i := range f.Services.Policies {
		policy := &f.Services.Policies[i]
		if setting(f, off[policy.Kind]) == "false" {
			continue
		}
		for _, spec := range policy.Rules {
			if own, ok := podSelector(policy, spec); ok {
				all = append(all, policySelector{policy, spec, own})
			}
		}
	}
	j.selectors[f] = all
	return all
}
