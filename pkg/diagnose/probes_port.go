package diagnose

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgeTunnelArrives: packets that look like the tunnel's, sent to its port,
// arrive at the other cluster's node.
func judgeTunnelArrives() func(*View) []Finding {
	return eachProbed(nodeSilent, func(v *View, p *probed) []Finding {
		if !measurableTunnel(p.to.Config) {
			return one(skipped(ofPair(p.from, p.to), "context %q to %q: packets between nodes are not encapsulated in UDP", p.from.Context, p.to.Context))
		}
		switch w := p.tunnel; {
		case !hasResult(w):
			return v.unmeasured(p, w, nodeSilent)
		case w.Arrived == 0:
			return one(v.tunnelBlocked(p, w))
		}
		return nil
	})
}

// measurableTunnel says whether packets go to a UDP port between nodes.
func measurableTunnel(c *mesh.Config) bool {
	return c != nil && c.Encryption != "ipsec" && (tunnels(c) || c.Encryption == "wireguard")
}

func (v *View) tunnelBlocked(p *probed, w *mesh.ProbeWay) Finding {
	others, lines := "", []string{account(w)}
	if hasResult(p.node) {
		others = ", while UDP to another port does"
		if p.node.Arrived == 0 {
			others = ", nor does UDP to another port"
		}
		lines = append(lines, account(p.node))
	}
	direction := ""
	if b := v.back(p); b != nil && hasResult(b.tunnel) {
		direction = "; the other way they do"
		if b.tunnel.Arrived == 0 {
			direction = "; nor do they the other way"
		}
	}
	return failed(ofPair(p.from, p.to), "packets of the tunnel (UDP port %d) from nodes of context %q do not arrive at those of %q%s%s",
		w.Port, p.from.Context, p.to.Context, others, direction).
		seen(append(lines, answers(w))...).
		mend("allow UDP %d from the node subnet of context %s to that of %s: network security groups of both sides, firewalls on the way and on the nodes",
			w.Port, quote(p.from.Context), quote(p.to.Context))
}

// judgeDialled: a node and a pod of each cluster get a connection to the
// other's mesh address, and TLS answers there.
func judgeDialled() func(*View) []Finding {
	return eachProbed(anySilent, func(v *View, p *probed) []Finding {
		var lines, missed []string
		node, pod := false, false
		for _, d := range p.dials {
			where := "a node"
			if d.FromPod {
				where = "a pod"
			}
			why := d.Error
			if d.TLS != nil && d.TLS.Error != "" {
				why = "connected, and TLS fails: " + d.TLS.Error
			}
			switch {
			case d.Unknown != "":
				missed = append(missed, d.Unknown)
			case why != "":
				lines = append(lines, fmt.Sprintf("%s from %s of %s: %s", d.Address, where, d.From, why))
				node, pod = node || !d.FromPod, pod || d.FromPod
			}
		}
		switch {
		case len(lines) > 0:
			who := map[[2]bool]string{{true, true}: "nodes and pods", {true, false}: "nodes", {false, true}: "pods"}[[2]bool{node, pod}]
			return one(failed(ofPair(p.from, p.to), "%s of context %q cannot dial the mesh address of %q", who, p.from.Context, p.to.Context).
				seen(lines...).
				mend("%s --namespace kube-system get service,endpoints,pods --selector k8s-app=%s; if they are well, allow TCP to the address from the nodes and pods of context %s",
					kubectl(p.to), meshService, quote(p.from.Context)))
		case len(p.dials) == 0 && !v.silent(p.from, anySilent):
			return one(skipped(ofPair(p.from, p.to), "context %q to %q: there is no mesh address to dial", p.from.Context, p.to.Context))
		case len(missed) > 0:
			return one(unknown(ofPair(p.from, p.to), "context %q to %q: the probe could not dial the mesh address: %s", p.from.Context, p.to.Context, sentence(missed[0])))
		}
		return nil
	})
}
