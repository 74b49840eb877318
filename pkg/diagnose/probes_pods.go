package diagnose

import (
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgePodsReach: what a pod sends to a pod of another cluster arrives, of any
// size. Nothing else says so: sizes can only be compared where some pass.
func judgePodsReach() func(*View) []Finding {
	return eachProbed(podSilent, func(v *View, p *probed) []Finding {
		w := p.pod
		switch {
		case !hasResult(w):
			return v.unmeasured(p, w, podSilent)
		case connected(w):
			return nil // a policy may well let in TCP alone
		case w.Arrived == 0:
			return one(v.podsLost(p, fmt.Sprintf("no packet from pods of context %q arrives at those of %q, neither UDP nor TCP", p.from.Context, p.to.Context)))
		case w.Bulk != nil && v.answered(p):
			return one(v.podsLost(p, fmt.Sprintf("no connection of TCP from pods of context %q to those of %q is made, while UDP passes both ways", p.from.Context, p.to.Context)))
		}
		return nil
	})
}

// connected says whether TCP passes between pods, which needs both directions.
func connected(w *mesh.ProbeWay) bool { return w.Bulk != nil && w.Bulk.Connected }

// answered says whether pods' packets pass the other way.
func (v *View) answered(p *probed) bool {
	back := v.back(p)
	return back != nil && hasResult(back.pod) && back.pod.Arrived > 0
}

// podsLost is a failure with what was measured beside it, which tells where
// packets of pods get lost.
func (v *View) podsLost(p *probed, message string) Finding {
	lines := []string{account(p.pod)}
	if b := p.pod.Bulk; b != nil {
		lines = append(lines, "one connection of TCP was not made: "+b.Error)
	}
	where := "a route that does not lead to the other cluster's pods"
	switch tunnel := measurableTunnel(p.to.Config); {
	case tunnel && hasResult(p.tunnel):
		lines = append(lines, account(p.tunnel))
		where = "a reverse path filter of the node (rp_filter)"
	case tunnel && p.tunnel != nil:
		lines = append(lines, "the tunnel's port could not be watched: "+sentence(p.tunnel.Error))
		where = fmt.Sprintf("that UDP port %d of the tunnel is blocked between the node subnets", p.tunnel.Port)
	case hasResult(p.node):
		lines = append(lines, account(p.node))
	}
	return failed(ofPair(p.from, p.to), "%s", message).seen(lines...).
		mend("while doctor --probe runs again, see what drops them: %s --namespace kube-system exec %s --container cilium-agent -- cilium-dbg monitor --type drop; the usual reasons are a network policy for the probe's namespace, and %s",
			kubectl(p.to), quote(v.agentOf(p.to)), where)
}

// agentOf is the agent on the node that was measured, for kubectl exec.
func (v *View) agentOf(c *mesh.Facts) string {
	site := slices.IndexFunc(v.probes.Sites, func(s mesh.ProbeSite) bool { return s.Context == c.Context })
	for i := range c.Agents {
		if a := &c.Agents[i]; site >= 0 && a.Node != "" && a.Node == v.probes.Sites[site].Node {
			return a.Pod
		}
	}
	return "ds/cilium"
}
