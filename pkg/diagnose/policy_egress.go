package diagnose

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
)

// implied is a peer without a cluster.
type implied struct {
	of *policies.Rules
	on *policies.Rule
	to *policies.Peer
}

// exits are what a cluster's policies say about reaching out.
type exits struct {
	implied book[implied]
	// openers are rule sets that let some pods reach other clusters.
	openers []*policies.Rules
	// clusters are those with endpoints, as far as they were judged.
	clusters map[*mesh.Facts]*policies.Cluster
}

// readEgress reads all policies of the cluster.
func readEgress(own *policies.Cluster) *exits {
	o := &exits{clusters: map[*mesh.Facts]*policies.Cluster{}}
	stranger := own.Stranger()
	all := own.Rules(policies.Egress)
	for i := range all {
		e := &all[i]
		lets := false
		for j := range e.Allow {
			r := &e.Allow[j]
			lets = lets || opens(r, &stranger)
			for k := range r.Peers {
				if p := &r.Peers[k]; e.Denies && !p.Named {
					o.implied.add(p.Pods, implied{e, r, p})
				}
			}
		}
		if lets {
			o.openers = append(o.openers, e)
		}
	}
	return o
}

// keeping are the peers by which pods reach endpoints like this one, on the
// port, in their own cluster only. Rule sets about some of the same pods, which
// may let them out, are not weighed: others of these pods are kept in.
func (o *exits) keeping(far *policies.Pod, port mesh.EndpointPort) []implied {
	var out []implied
	for _, x := range o.implied.about(far) {
		if x.to.Pods.Match(far) != policies.Yes || x.on.Ports(port) != policies.Yes {
			continue
		}
		if !slices.ContainsFunc(o.openers, func(e *policies.Rules) bool {
			return e.Subject.Covers(x.of.Subject) && slices.ContainsFunc(e.Allow, func(r policies.Rule) bool {
				return r.Ports(port) != policies.No && opens(&r, far)
			})
		}) {
			out = append(out, x)
		}
	}
	return out
}
