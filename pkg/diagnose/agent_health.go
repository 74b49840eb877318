package diagnose

import (
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgeUnderlay: nodes that do not reach each other at all.
func judgeUnderlay() func(*View) []Finding {
	return judgeWays(underlayFault, func(v *View, a, b *mesh.Facts) []Finding {
		loss, ok := v.lossOf(a, b, underlayFault)
		if !ok {
			return nil
		}
		return one(failed(ofPair(loss.from, loss.to), "nodes of contexts %q and %q do not reach each other: packets are lost %s", loss.from.Context, loss.to.Context, loss.words).
			seen(loss.lines...).
			mend("let the node subnets reach each other both ways (peering, routes, network security groups, firewalls); %s measures each direction", probe(a, b)))
	}, "nodes do not reach each other",
		"let nodes reach each other in the cluster's own network: network security groups, routes, and firewalls of the nodes")
}

// judgeEncapsulation: nodes reach each other, and their pods do not.
func judgeEncapsulation() func(*View) []Finding {
	return judgeWays(tunnelFault, func(v *View, a, b *mesh.Facts) []Finding {
		loss, ok := v.lossOf(a, b, tunnelFault)
		if !ok {
			return nil
		}
		carrier := carrierOf(loss.from.Config)
		return one(failed(ofPair(loss.from, loss.to), "nodes of contexts %q and %q reach each other and their pods do not: %s lost %s", loss.from.Context, loss.to.Context, carrier.lost, loss.words).
			seen(loss.lines...).
			mend("%s between the node subnets, both ways; %s measures each direction", carrier.remedy, probe(a, b)))
	}, "nodes reach each other and their pods do not",
		"allow what carries pods' packets between the nodes: Cilium's tunnel or, with native routing, the pod CIDRs")
}

// judgeHealthPort: what is lost is needed to measure, not to work.
func judgeHealthPort() func(*View) []Finding {
	filtered := func(subject Subject, who string, w *ways) []Finding {
		port, echo := w.has(portFault), w.has(echoFault)
		switch {
		case port.count > 0:
			return one(failed(subject, "%s: TCP port 4240 is blocked, so Cilium reports nodes as unreachable that are not", who).seen(port.lines...).
				mend("allow TCP 4240 between the node subnets, both ways; nothing but health checks needs it"))
		case echo.count > 0:
			return one(failed(subject, "%s: ICMP is blocked, so Cilium's health checks are half blind", who).as(Info).seen(echo.lines...).
				mend("allow ICMP between the node subnets, both ways; path MTU discovery needs it too"))
		}
		return nil
	}
	pairs := eachDirection(healthSections(), func(v *View, from, to *mesh.Facts) []Finding {
		return filtered(ofPair(from, to), fmt.Sprintf("context %q to %q", from.Context, to.Context), v.ways[from][to.Config.ClusterName])
	})
	own := eachCluster(healthSections(), func(v *View, c *mesh.Facts) []Finding {
		return append(silentHealth(c), filtered(ofCluster(c), fmt.Sprintf("context %q, between its own nodes", c.Context), v.ways[c][c.Config.ClusterName])...)
	})
	return both(pairs, own)
}

// judgeWays judges one fault between every two clusters, and of each cluster
// with itself and with members that have no context.
func judgeWays(f fault, pair func(v *View, a, b *mesh.Facts) []Finding, words, remedy string) func(*View) []Finding {
	pairs := eachPair(healthSections(), pair)
	others := eachCluster(healthSections(), func(v *View, c *mesh.Facts) []Finding {
		out := silentHealth(c)
		for _, name := range append([]string{c.Config.ClusterName}, v.expected(c)...) {
			if other := v.named(name); other != nil && other != c {
				if _, lacking := lacks(other, healthSections()); !lacking {
					continue // a pair
				}
			}
			b := v.ways[c][name].has(f)
			if b.count == 0 {
				continue
			}
			subject, where := ofCluster(c), "among its own nodes"
			if name != c.Config.ClusterName {
				subject, where = v.between(c, name), "towards "+v.call(name)
			}
			out = append(out, failed(subject, "context %q, %s: %s (%d of %d ways)", c.Context, where, words, b.count, v.ways[c][name].measured).
				seen(b.lines...).mend("%s", remedy))
		}
		return out
	})
	return both(pairs, others)
}

func healthSections() []string { return []string{mesh.SectionConfig, healthSection} }

// silentHealth is one finding for all agents that could not be asked.
func silentHealth(c *mesh.Facts) []Finding {
	if !slices.ContainsFunc(c.AgentTier.Health, func(h mesh.NodeHealth) bool { return h.Error != "" }) {
		return nil
	}
	var asked []mesh.Agent
	for i := range c.AgentTier.Health {
		h := &c.AgentTier.Health[i]
		asked = append(asked, mesh.Agent{Pod: h.Pod, Error: h.Error})
	}
	return silent(c, asked, "agent")
}

// measuresHealth is false if agents do not measure, or were not asked.
func measuresHealth(c *mesh.Facts) bool {
	return c.AgentTier != nil && len(c.AgentTier.Health) > 0 &&
		(c.Config == nil || c.Config.Raw["enable-health-checking"] != "false")
}

// carrier is what takes pods' packets from node to node.
type carrier struct{ lost, remedy string }

func carrierOf(c *mesh.Config) carrier {
	port := func(what string, n int) carrier {
		return carrier{fmt.Sprintf("%s packets (UDP port %d) are", what, n), fmt.Sprintf("allow UDP %d", n)}
	}
	switch {
	case c.Encryption == "wireguard":
		return port("WireGuard", wireGuardPort)
	case c.Encryption == "ipsec":
		return carrier{"IPsec packets (ESP, IP protocol 50) are", "allow ESP (IP protocol 50)"}
	case tunnels(c) && c.TunnelPort != 0:
		return port(c.TunnelProtocol, c.TunnelPort)
	case tunnels(c):
		return carrier{"packets of the tunnel are", "allow the tunnel's UDP port"}
	}
	return carrier{"packets between pod CIDRs are", "route and allow the pod CIDRs"}
}

// probe is the command that measures with pods of its own.
func probe(a, b *mesh.Facts) string {
	return fmt.Sprintf("kubectl aksmesh doctor --probe --context %s --context %s", quote(a.Context), quote(b.Context))
}
