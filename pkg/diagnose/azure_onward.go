package diagnose

import (
	"net/netip"
	"slices"
	"strings"
)

// onward is whether packets of a network find a way to another's nodes that is
// no peering.
type onward struct {
	from, to *azureNet
	finds    truth
	why      string // for perhaps
	unread   bool   // for perhaps: for want of something that could not be read
}

// onward looks at the user's routes, then at what may announce others.
func (n *azureNet) onward(to *azureNet) onward {
	out := onward{from: n, to: to, finds: perhaps}
	r, unread := n.detour(to), n.unrouted()
	switch {
	case r != nil && !r.general():
		out.finds = surely
	case unread != "":
		out.why, out.unread = unread+" could not be read", true
	case r != nil:
		out.why = r.String() + ", and what it leads to may know the way"
	case n.far():
		out.why = "virtual network " + last(n.vnetID) + " uses a gateway, which may know a way"
	default:
		out.finds = never
	}
	return out
}

// unrouted is why it is not known where routes of the network lead; empty if it is.
func (n *azureNet) unrouted() string {
	for i := range n.subnets {
		if n.subnets[i].unrouted != "" {
			return n.subnets[i].unrouted
		}
	}
	return ""
}

// general says whether the route is for everything, as the default route and its
// halves are: such a one is mostly there for the internet.
func (r *userRoute) general() bool { return r.prefix.Bits() <= 1 }

// passesOn says whether the route leads to something that may send packets on.
func (r *userRoute) passesOn() bool {
	return strings.EqualFold(r.NextHop, "VirtualAppliance") || strings.EqualFold(r.NextHop, "VirtualNetworkGateway")
}

// detour is the user's route that leads to the other's nodes by way of an
// appliance or a gateway, one that is not general before others; nil without one.
func (n *azureNet) detour(to *azureNet) *userRoute {
	var found *userRoute
	for i := range n.subnets {
		for j := range to.subnets {
			r := n.hop(&n.subnets[i], to.subnets[j].nodes[0])
			if r != nil && r.passesOn() && (found == nil || found.general()) {
				found = r
			}
		}
	}
	return found
}

// beaten says whether a route that cannot be seen may take precedence over the
// user's. What a Virtual WAN hub, a gateway or Virtual Network Manager announces
// is the other network, as a rule, and the user's route wins among equals: only
// one that lies in that network is safe from them.
func (n *azureNet) beaten(to *azureNet, r *userRoute, l linkKind) bool {
	if to.holds(r.prefix) {
		return false
	}
	return n.vnet == nil || n.far() || l != oneVNet && l != peered && l != routed
}

// holds says whether the prefix lies in the network.
func (n *azureNet) holds(p netip.Prefix) bool {
	in := func(outer netip.Prefix) bool { return contains(outer, p) }
	return slices.ContainsFunc(n.space, in) ||
		slices.ContainsFunc(n.subnets, func(s azureSubnet) bool { return slices.ContainsFunc(s.prefixes, in) })
}

// mendRoute takes a route of the subnet's away if it is for the other network
// alone. A wider one may be somebody's way to the internet: it stays, and a longer
// one is added, by way of what other packets between the two pass.
func (n *azureNet) mendRoute(to *azureNet, r *userRoute) string {
	if to.holds(r.prefix) {
		return "az network route-table route delete " + inTable(r.table) + " --name " + quote(r.Name)
	}
	by := n.detour(to)
	if by == nil {
		by = to.detour(n)
	}
	return n.addRoute(to, r.table, by)
}

// addRoute puts a route to the other network into a route table, by way of what
// another route leads to. The table is empty, and the other route nil, where
// there is none.
func (n *azureNet) addRoute(to *azureNet, table string, by *userRoute) string {
	prefix, hop, address := "PREFIX", "VirtualAppliance", "ADDRESS"
	if space := to.wholeSpace(); len(space) > 0 {
		prefix = space[0].String()
	}
	if by != nil {
		hop, address = by.NextHop, by.NextHopIP
	}
	out := "az network route-table route create " + inTable(table) + " --name " + quote("to-"+last(to.vnetID)) +
		" --address-prefix " + prefix + " --next-hop-type " + quote(hop)
	if address != "" {
		out += " --next-hop-ip-address " + quote(address)
	}
	return out
}

// wholeSpace is the network's address space, or as much of it as is known.
func (n *azureNet) wholeSpace() []netip.Prefix {
	out := slices.Clone(n.space)
	for i := 0; i < len(n.subnets) && len(n.space) == 0; i++ {
		out = append(out, n.subnets[i].prefixes...)
	}
	return out
}

// inTable is a route table as options of "az network route-table route"; the
// id is empty where there is no table yet.
func inTable(id string) string {
	if id == "" {
		return "--resource-group RESOURCE_GROUP --route-table-name ROUTE_TABLE"
	}
	return inGroup(id) + " --route-table-name " + quote(last(id))
}
