package diagnose

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgePathMTU: what Cilium sends to another cluster is not larger than what
// arrives there. Cilium fills packets up to its MTU, tunnel included.
func judgePathMTU() func(*View) []Finding {
	return eachProbed(nodeSilent, func(v *View, p *probed) []Finding {
		w := carries(p)
		if w == nil {
			return v.nothingCarried(p)
		}
		sends := w.Sent
		if p.from.Config != nil && p.from.Config.MTU > 0 {
			sends = min(sends, p.from.Config.MTU)
		}
		if w.Came >= sends {
			return nil
		}
		lines := []string{account(w), answers(w)}
		if hasResult(p.pod) { // whether pods get by with fragments
			lines = append(lines, account(p.pod))
		}
		return one(failed(ofPair(p.from, p.to), "packets of more than %d bytes do not pass in one piece from nodes of context %q to those of %q, and Cilium sends up to %d",
			w.Came, p.from.Context, p.to.Context, sends).
			seen(lines...).
			mend("kubectl aksmesh join --mtu %d%s (Cilium takes the tunnel's part off by itself), or let %d bytes pass between the node subnets",
				v.leastMTU(), v.contextFlags(), sends))
	})
}

// nothingCarried is unknown: which sizes pass is not seen where none does.
// Whether that is a failure is not this check's to say: with IPsec nothing but
// its own packets may be allowed.
func (v *View) nothingCarried(p *probed) []Finding {
	if !hasResult(p.node) {
		return v.unmeasured(p, p.node, nodeSilent)
	}
	f := unknown(ofPair(p.from, p.to), "which packets pass from nodes of context %q to those of %q is not known: of the probe's, none of any size arrives", p.from.Context, p.to.Context)
	lines := []string{account(p.node)}
	switch {
	case hasResult(p.tunnel):
		lines = append(lines, account(p.tunnel))
		f.ExplainedBy = CodeTunnelArrives
	case p.tunnel != nil:
		lines = append(lines, "the tunnel's packets were not measured: "+sentence(p.tunnel.Error))
	}
	return one(f.seen(append(lines, answers(p.node))...))
}

// carries is the way that shows which sizes pass between nodes: the tunnel's
// own if it could be watched. It is nil if neither carried anything.
func carries(p *probed) *mesh.ProbeWay {
	for _, w := range []*mesh.ProbeWay{p.tunnel, p.node} {
		if hasResult(w) && w.Came > 0 {
			return w
		}
	}
	return nil
}

// leastMTU is the MTU that works between all clusters, in bytes.
func (v *View) leastMTU() int {
	least := 0
	for _, p := range v.probed {
		if w := carries(p); w != nil && (least == 0 || w.Came < least) {
			least = w.Came
		}
	}
	return least
}

// contextFlags name all clusters that took part for a command: an MTU is to be
// the same everywhere.
func (v *View) contextFlags() string {
	flags := ""
	for i := range v.probes.Sites {
		flags += " --context " + quote(v.probes.Sites[i].Context)
	}
	return flags
}

// judgeSizes: if small packets pass, so do large ones.
func judgeSizes() func(*View) []Finding {
	return eachProbed(podSilent, func(v *View, p *probed) []Finding {
		found := append(largePackets(v, p), lostFragments(p)...)
		switch {
		case len(found) > 0:
			return found
		case !hasResult(p.pod):
			return v.unmeasured(p, p.pod, podSilent)
		case p.pod.Came == 0 && !connected(p.pod):
			return one(skipped(ofPair(p.from, p.to), "context %q to %q: no packet gets from pod to pod, so sizes cannot be compared", p.from.Context, p.to.Context))
		}
		return nil
	})
}

func largePackets(v *View, p *probed) []Finding {
	w := p.pod
	if !hasResult(w) {
		return nil
	}
	remedy := "lower the MTU of Cilium to what passes between the nodes (kubectl aksmesh doctor --show mtu --probe" + v.contextFlags() + "), or have routers on the way let its packets through; fragments must pass if packets are too large"
	bulk := w.Bulk
	stalls := connected(w) && bulk.Error != "" && bulk.Arrived < max(bulk.Out, 1)
	line := ""
	if bulk != nil {
		line = fmt.Sprintf("one connection of TCP: %d bytes were sent, %d of them arrived, %d came back", bulk.Out, bulk.Arrived, bulk.Back)
	}
	switch {
	case w.Came > 0 && w.Came < w.Sent:
		lines := []string{account(w)}
		if line != "" {
			lines = append(lines, line)
		}
		return one(failed(ofPair(p.from, p.to), "pods of context %q reach pods of %q with packets of up to %d bytes, and larger ones are lost: connections are made and then stall",
			p.from.Context, p.to.Context, w.Came).seen(lines...).mend("%s", remedy))
	case stalls:
		return one(failed(ofPair(p.from, p.to), "a connection from a pod of context %q to one of %q is made and then stalls: full packets of TCP are lost",
			p.from.Context, p.to.Context).seen(line, account(w)).mend("%s", remedy))
	}
	return nil
}

// lostFragments break only what sends datagrams that are too large: a tunnel
// whose MTU is right makes none.
func lostFragments(p *probed) []Finding {
	w := p.node
	if !hasResult(w) || w.Came == 0 || w.Fragments == nil || w.Fragments.Packets == 0 || w.Fragments.Arrived > 0 {
		return nil
	}
	return one(failed(ofPair(p.from, p.to), "fragments are lost on the way from nodes of context %q to those of %q", p.from.Context, p.to.Context).as(Warning).
		seen(fmt.Sprintf("%d datagrams of 3000 bytes left in fragments, none arrived; unfragmented packets of up to %d bytes did", w.Fragments.Packets, w.Came)).
		mend("let fragments pass between the node subnets (firewalls, network appliances); until then nothing may be larger than %d bytes", w.Came))
}
