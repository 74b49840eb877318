package diagnose

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Bytes that a packet grows by, as Cilium counts them (pkg/mtu of 1.18 to 1.20).
const (
	tunnelBytesIPv4 = 50 // of the underlay
	tunnelBytesIPv6 = 70
	wireGuardBytes  = 80 // up to 1.19.4, which leaves out padding
	paddedWireGuard = 95 // from 1.19.5 on: cilium pull request 45940
	ipsecBytes      = 77
)

// wireGuardOf is what a release of Cilium takes off for WireGuard. If it is not
// known it is the smaller number: nobody is told of bytes that are not there.
func wireGuardOf(cilium *semver.Version) int {
	if cilium == nil || cilium.LessThan(semver.New(1, 19, 5, "", "")) {
		return wireGuardBytes
	}
	return paddedWireGuard
}

// overhead is how many bytes a pod's packet grows by between nodes.
func overhead(c *mesh.Config, cilium *semver.Version) int {
	bytes := 0
	if tunnels(c) {
		bytes = tunnelBytesIPv4
		if c.Raw["underlay-protocol"] == "ipv6" {
			bytes = tunnelBytesIPv6
		}
	}
	switch c.Encryption {
	case "wireguard":
		bytes += wireGuardOf(cilium)
	case "ipsec":
		bytes += ipsecBytes
	}
	return bytes
}

// judgeDeviceMTU compares what pods may send, with what is put around it, to
// what the network devices of this cluster and of the others carry.
func judgeDeviceMTU() func(*View) []Finding {
	own := eachCluster([]string{mesh.SectionConfig, mtuSection}, func(v *View, c *mesh.Facts) []Finding {
		var lines []string
		for _, s := range v.sizes[c].all {
			if s.wire > s.device {
				lines = append(lines, fmt.Sprintf("node %s: pods send %d bytes, %d on the wire; device %s carries %d", s.node, s.route, s.wire, s.name, s.device))
			}
		}
		if len(lines) == 0 {
			return nil
		}
		return one(failed(ofCluster(c), "context %q: pods may send packets that are larger on the wire than the devices of %s carry, so they are cut in pieces or lost", c.Context, counted(len(lines), "node")).
			seen(lines...).
			mend("set MTU in the Helm values of context %s to %d or less; Cilium takes the %d bytes of its own part off by itself", quote(c.Context), v.sizes[c].least.device, overhead(c.Config, v.version(c))))
	})
	pairs := eachDirection([]string{mesh.SectionConfig, mtuSection}, func(v *View, from, to *mesh.Facts) []Finding {
		most, least := v.sizes[from].most, v.sizes[to].least
		// Who sends too much for its own devices is told of that.
		if most.wire <= least.device || most.wire > most.device {
			return nil
		}
		return one(failed(ofPair(from, to), "pods of context %q may send packets of %d bytes on the wire, and nodes of %q carry %d, so large ones are lost", from.Context, most.wire, to.Context, least.device).
			seen(fmt.Sprintf("node %s: device %s carries %d bytes", most.node, most.name, most.device),
				fmt.Sprintf("node %s: device %s carries %d bytes", least.node, least.name, least.device)).
			mend("set MTU in the Helm values of all clusters to %d", least.device))
	})
	return both(own, pairs)
}

// size is what a node's pods send and its devices carry, in bytes.
type size struct {
	node, name          string
	route, wire, device int
}

// sizes are those of all nodes of a cluster that tell.
type sizes struct {
	all   []size
	most  size // the one whose pods send the largest packets
	least size // the one whose device carries least
}

func (v *View) sizesOf(c *mesh.Facts) sizes {
	var out sizes
	if c.AgentTier == nil || c.Config == nil {
		return out
	}
	grows := v.overheads(c)
	for i := range c.AgentTier.Health {
		h := &c.AgentTier.Health[i]
		if h.MTU == nil {
			continue
		}
		s := size{node: h.Node, name: "of the network", route: h.MTU.Route, wire: h.MTU.Route + grows(h.Pod), device: h.MTU.Device}
		for j, d := range h.MTU.Devices {
			if j == 0 || d.MTU < s.device {
				s.name, s.device = d.Name, d.MTU
			}
		}
		if len(out.all) == 0 || s.wire > out.most.wire {
			out.most = s
		}
		if len(out.all) == 0 || s.device < out.least.device {
			out.least = s
		}
		out.all = append(out.all, s)
	}
	return out
}

// overheads returns the overhead on the node of each agent: during an upgrade
// they have two versions.
func (v *View) overheads(c *mesh.Facts) func(pod string) int {
	said := make(map[string]string, len(c.Agents))
	for i := range c.Agents {
		said[c.Agents[i].Pod] = c.Agents[i].Version
	}
	return func(pod string) int {
		own, err := semver.NewVersion(said[pod])
		if err != nil {
			own = v.version(c)
		}
		return overhead(c.Config, own)
	}
}

// knowsMTU says whether any agent told its MTU.
func knowsMTU(c *mesh.Facts) bool {
	if c.AgentTier == nil {
		return false
	}
	for i := range c.AgentTier.Health {
		if c.AgentTier.Health[i].MTU != nil {
			return true
		}
	}
	return false
}
