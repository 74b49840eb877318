package diagnose

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Ports of Cilium's that its ConfigMap does not name (Cilium's system
// requirements).
const (
	vxlanPort     = 8472
	genevePort    = 6081
	wireGuardPort = 51871 // fixed in pkg/wireguard/types
	healthPort    = 4240
)

// encapsulation are the flows that carry pods' packets from node to node. With
// encryption, packets that are not encrypted still use the tunnel's port.
func encapsulation(c *mesh.Config) []flow {
	var out []flow
	if tunnels(c) {
		name, port := "VXLAN", vxlanPort
		if c.TunnelProtocol == "geneve" {
			name, port = "Geneve", genevePort
		}
		if c.TunnelPort != 0 {
			port = c.TunnelPort
		}
		out = append(out, flow{fmt.Sprintf("%s (UDP %d)", name, port), "Udp", ephemeral(), port})
	}
	switch c.Encryption {
	case "wireguard":
		own := portRange{wireGuardPort, wireGuardPort}
		out = append(out, flow{fmt.Sprintf("WireGuard (UDP %d)", wireGuardPort), "Udp", own, wireGuardPort})
	case "ipsec":
		out = append(out, flow{"IPsec (ESP)", "Esp", portRange{}, 0})
	}
	return out
}

// judgeTunnelFilters: without the tunnel's or the encryption's packets no pod
// reaches another cluster's.
func judgeTunnelFilters() func(*View) []Finding {
	return eachDirection([]string{azureNetSection, mesh.SectionConfig}, func(v *View, from, to *mesh.Facts) []Finding {
		var out []Finding
		for _, k := range encapsulation(from.Config) {
			o := examine(v.azure[from], v.azure[to], k, nil, true)
			message := fmt.Sprintf("a network security group denies %s from the nodes of context %q to those of %q, so their pods do not reach each other",
				k.name, from.Context, to.Context)
			out = append(out, o.findings(ofPair(from, to), message, k.name)...)
		}
		return out
	})
}

// judgeMeshPorts: the mesh API server, without which clusters know nothing of
// each other, and what Cilium's health checks use.
func judgeMeshPorts() func(*View) []Finding {
	return eachDirection([]string{azureNetSection}, func(v *View, from, to *mesh.Facts) []Finding {
		a, b := v.azure[from], v.azure[to]
		var out []Finding
		if addresses := meshAddresses(to); len(addresses) > 0 {
			k := flow{fmt.Sprintf("TCP %d", to.Service.Port), "Tcp", ephemeral(), to.Service.Port}
			o := examine(a, b, k, addresses, true)
			message := fmt.Sprintf("a network security group denies %s from context %q to the mesh address of %q, so the former cannot connect",
				k.name, from.Context, to.Context)
			out = append(out, o.findings(ofPair(from, to), message, k.name+" to mesh addresses")...)
		}
		return append(out, judgeHealthPorts(a, b)...)
	})
}

func judgeHealthPorts(a, b *azureNet) []Finding {
	var all outcome
	var names []string
	for _, k := range []flow{
		{fmt.Sprintf("TCP %d", healthPort), "Tcp", ephemeral(), healthPort},
		{"ICMP", "Icmp", portRange{}, 0},
	} {
		o := examine(a, b, k, nil, true)
		all.denials = append(all.denials, o.denials...)
		for _, d := range o.doubts {
			all.doubt(d)
		}
		if len(o.denials) > 0 {
			names = append(names, k.name)
		}
	}
	from, to := a.cluster, b.cluster
	message := fmt.Sprintf("a network security group denies %s from the nodes of context %q to those of %q, so Cilium's health checks fail whether or not pods reach each other",
		strings.Join(names, " and "), from.Context, to.Context)
	out := all.findings(ofPair(from, to), message, "Cilium's health checks")
	for i := range out {
		out[i] = out[i].as(Warning)
	}
	return out
}

// meshAddresses are those of the cluster's mesh API server, in the family of its nodes.
func meshAddresses(c *mesh.Facts) []netip.Addr {
	var out []netip.Addr
	if c.Service == nil || c.Service.Port == 0 {
		return nil
	}
	for _, text := range c.Service.Addresses {
		if a, ok := address(text); ok {
			out = append(out, a)
		}
	}
	return out
}

func address(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a.Unmap(), err == nil
}
