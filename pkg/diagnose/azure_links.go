package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// linkKind is how the virtual networks of two clusters are connected.
type linkKind int

// Kinds of links.
const (
	oneVNet      linkKind = iota // both clusters are in the same virtual network
	peered                       // both halves of a peering are connected
	unpeered                     // a peering is there, and not whole
	routed                       // routes lead to appliances or gateways, both ways
	oneWay                       // routes lead there, and nothing leads back
	oneWAN                       // both hang on the same Virtual WAN
	disconnected                 // nothing connects them
	unclear                      // something that cannot be seen through may
)

// link is how two networks are connected.
type link struct {
	kind   linkKind
	faults []linkFault // of a peering
	around bool        // for unpeered: routes or a Virtual WAN lead around the peering
	back   onward      // for oneWay: the direction that has no way
	why    []string    // for unclear
	blind  []*azureNet // for unclear: those of which too little could be read
}

// linkFault is what is wrong with one network's half of a peering.
type linkFault struct {
	at, to  *azureNet
	peering *mesh.Peering // nil if the half is missing
	what    string
}

// linkOf finds out how two networks are connected.
func linkOf(a, b *azureNet) link {
	if a.vnetID == "" || b.vnetID == "" { // which are not the same for that
		return unclearFor("which virtual network it is in could not be read", func(n *azureNet) bool { return n.vnetID == "" }, a, b)
	}
	if strings.EqualFold(a.vnetID, b.vnetID) {
		return link{kind: oneVNet}
	}
	if a.vnet == nil && b.vnet == nil {
		return link{kind: unclear, why: []string{"neither virtual network could be read"}, blind: []*azureNet{a, b}}
	}
	pa, pb := a.peerOf(b), b.peerOf(a)
	faults := append(a.faults(pa, b), b.faults(pb, a)...)
	if (pa != nil || pb != nil) && len(faults) == 0 {
		return link{kind: peered}
	}
	there, back := a.onward(b), b.onward(a)
	byRoutes := there.finds == surely && back.finds == surely
	switch {
	case pa.broken() || pb.broken():
		return link{kind: unpeered, faults: faults, around: byRoutes || inOneWAN(a, b)}
	case byRoutes:
		return link{kind: routed}
	case pa != nil || pb != nil:
		return link{kind: unpeered, faults: faults}
	}
	return farLink(a, b, there, back, faults)
}

// unclearFor is a link that is not known for want of what is blind.
func unclearFor(why string, blind func(*azureNet) bool, nets ...*azureNet) link {
	return link{kind: unclear, why: []string{why}, blind: slices.DeleteFunc(nets, func(n *azureNet) bool { return !blind(n) })}
}

// farLink is the link of networks that no peering connects, as far as routes lead
// there and back.
func farLink(a, b *azureNet, there, back onward, faults []linkFault) link {
	ha, hb := a.hub(), b.hub()
	switch {
	case inOneWAN(a, b):
		return link{kind: oneWAN}
	case ha != nil && hb != nil && (ha.WAN == "" || hb.WAN == ""):
		return unclearFor("each is connected to a Virtual WAN hub, and whether both are in one WAN could not be read", func(n *azureNet) bool { return n.hub().WAN == "" }, a, b)
	case there.finds == surely && back.finds == never:
		return link{kind: oneWay, back: back, faults: faults}
	case there.finds == never && back.finds == surely:
		return link{kind: oneWay, back: there, faults: faults}
	case there.finds == never || back.finds == never:
		return link{kind: disconnected, faults: faults}
	}
	l := link{kind: unclear}
	for _, o := range []onward{there, back} {
		if o.finds != perhaps {
			continue
		}
		l.why = append(l.why, o.why)
		if o.unread {
			l.blind = append(l.blind, o.from)
		}
	}
	return l
}

func inOneWAN(a, b *azureNet) bool {
	ha, hb := a.hub(), b.hub()
	return ha != nil && hb != nil && (strings.EqualFold(ha.ID, hb.ID) || ha.WAN != "" && strings.EqualFold(ha.WAN, hb.WAN))
}

func (n *azureNet) hub() *mesh.VirtualHub {
	if n.vnet == nil {
		return nil
	}
	return n.vnet.Hub
}

// far says whether the network may reach others without a peering: through a
// hub or a gateway, of its own or of a peer.
func (n *azureNet) far() bool {
	if n.vnet == nil {
		return false
	}
	far := n.vnet.Gateway || n.vnet.Hub != nil
	for _, p := range n.peers {
		far = far || p.RemoteGateways
	}
	return far
}

// peerOf is the network's half of its peering with the other; nil without one.
func (n *azureNet) peerOf(other *azureNet) *azurePeer {
	if i, ok := n.remotes[other.vnetKey]; ok {
		return &n.peers[i]
	}
	return nil
}

// broken says whether there is such a half, and it is not connected.
func (p *azurePeer) broken() bool { return p != nil && !p.connected }

// faults are what is wrong with the network's half p of a peering with the other.
func (n *azureNet) faults(p *azurePeer, other *azureNet) []linkFault {
	fault := linkFault{at: n, to: other}
	switch {
	case n.vnet == nil:
		return nil
	case p == nil:
		fault.what = "virtual network " + last(n.vnetID) + " has no peering with " + last(other.vnetID)
	case !p.connected:
		fault.peering = p.Peering
		fault.what = "peering " + p.Name + " of virtual network " + last(n.vnetID) + " is in state " + p.State
	default:
		for _, s := range other.subnets {
			if a := s.nodes[0]; len(p.space) > 0 && !inAny(p.space, a) {
				fault.peering = p.Peering
				fault.what = "peering " + p.Name + " of virtual network " + last(n.vnetID) + " leaves out node " + a.String()
				return []linkFault{fault}
			}
		}
		return nil
	}
	return []linkFault{fault}
}

// hop is the user's route that packets to an address take; nil if they take one
// of Azure's own. The longest prefix wins, and the user's route among equals.
func (n *azureNet) hop(s *azureSubnet, to netip.Addr) *userRoute {
	if len(s.routes) == 0 {
		return nil
	}
	longest := -1
	system := func(space []netip.Prefix) {
		for _, p := range space {
			if p.Contains(to) {
				longest = max(longest, p.Bits())
			}
		}
	}
	system(n.space)
	for i := range n.peers {
		if n.peers[i].connected {
			system(n.peers[i].space)
		}
	}
	var found *userRoute
	for i := range s.routes {
		r := &s.routes[i]
		better := r.prefix.Bits() >= longest && (found == nil || r.prefix.Bits() > found.prefix.Bits())
		if r.prefix.Contains(to) && better {
			found = r
		}
	}
	return found
}
