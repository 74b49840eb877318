package diagnose

import (
	"maps"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
)

// ingress is what one rule set of a policy says about being reached.
type ingress struct {
	*policies.Rules
	implied *policies.Peer // the first that names no cluster; nil if all do
	open    bool           // some pods of other clusters are allowed
}

// readIngress reads all policies of the cluster.
func readIngress(own *policies.Cluster) *book[*ingress] {
	b := &book[*ingress]{}
	stranger := own.Stranger()
	all := own.Rules(policies.Ingress)
	for i := range all {
		in := &ingress{Rules: &all[i]}
		for j := range in.Allow {
			r := &in.Allow[j]
			in.open = in.open || opens(r, &stranger)
			if at := slices.IndexFunc(r.Peers, func(p policies.Peer) bool { return !p.Named }); at >= 0 && in.implied == nil {
				in.implied = &r.Peers[at]
			}
		}
		b.add(in.Subject, in)
	}
	return b
}

// opens says whether a rule may mean a pod of another cluster where peers that
// name no cluster do not.
func opens(r *policies.Rule, far *policies.Pod) bool {
	return r.Everybody != policies.No || slices.ContainsFunc(r.Peers, func(p policies.Peer) bool {
		return p.Named && p.Pods.Match(far) != policies.No
	})
}

// denying are the rules that keep clients of other clusters from an endpoint
// of the service by naming no cluster: those of the first endpoint that has any.
func denying(own *policies.Cluster, rules *book[*ingress], s *mesh.GlobalService) []*ingress {
	var last map[string]string
	for i := range s.Endpoints {
		// Pods of one Deployment have the same labels.
		if i > 0 && maps.Equal(last, s.Endpoints[i].Labels) {
			continue
		}
		last = s.Endpoints[i].Labels
		pod := own.Endpoint(s, &s.Endpoints[i])
		if by := denyingOne(rules.about(&pod), &pod); len(by) > 0 {
			return by
		}
	}
	return nil
}

// denyingOne does not weigh ports, nor which pods are let in: rules that let in
// any pod of another cluster let clients in.
func denyingOne(rules []*ingress, pod *policies.Pod) []*ingress {
	var by []*ingress
	for _, in := range rules {
		match := in.Subject.Match(pod)
		if in.open && match != policies.No {
			return nil
		}
		if in.Denies && match == policies.Yes && in.implied != nil {
			by = append(by, in)
		}
	}
	return by
}
