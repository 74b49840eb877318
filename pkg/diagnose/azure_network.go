package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// azureNet is a cluster's part of Azure's network, made ready for many
// questions. AKS wants all node pools of a cluster in one virtual network.
type azureNet struct {
	cluster *mesh.Facts
	vnetID  string
	vnetKey string         // vnetID, as remotes has it
	vnet    *mesh.VNet     // nil if it could not be read
	space   []netip.Prefix // of vnet
	peers   []azurePeer    // of vnet
	remotes map[string]int // index in peers, by the other network's id in lower case
	subnets []azureSubnet
}

type azurePeer struct {
	*mesh.Peering
	connected bool
	space     []netip.Prefix
}

// azureSubnet is a subnet of node pools.
type azureSubnet struct {
	id       string
	prefixes []netip.Prefix
	nodes    []netip.Addr // at least one: an address that a node may get, if none is known
	filters  []filter     // on the subnet, then on the network interfaces
	unread   []string     // why filters are not known
	routes   []userRoute
	// unrouted is why routes are not known; empty if they are.
	unrouted string
	// cuts are all prefixes that rules and routes name.
	cuts []netip.Prefix
}

// filter is a security group and where it stands.
type filter struct {
	where string // as "on subnet nodes" or "on the network interfaces of pool-1"
	group *securityGroup
}

type userRoute struct {
	*mesh.Route
	table  string // ARM resource id
	prefix netip.Prefix
}

// newAzureNet is nil if the network was not looked at.
func newAzureNet(c *mesh.Facts) *azureNet {
	if c.Azure == nil || c.Azure.Network == nil {
		return nil
	}
	n := &azureNet{cluster: c, remotes: map[string]int{}}
	groups := map[string]*securityGroup{}
	for i := range c.Azure.Network.NSGs {
		g := &c.Azure.Network.NSGs[i]
		groups[strings.ToLower(g.ID)] = newSecurityGroup(g)
	}
	for i := range c.Azure.Subnets {
		s := &c.Azure.Subnets[i]
		if n.vnetID == "" {
			n.setVNet(s.VNet)
		}
		n.subnets = append(n.subnets, n.newSubnet(s, groups))
	}
	n.placeNodes()
	return n
}

func (n *azureNet) setVNet(id string) {
	n.vnetID, n.vnetKey = id, strings.ToLower(id)
	all := n.cluster.Azure.Network.VNets
	at := slices.IndexFunc(all, func(v mesh.VNet) bool { return strings.EqualFold(v.ID, id) })
	if at < 0 {
		return
	}
	n.vnet, n.space = &all[at], prefixesOf(all[at].Space)
	for i := range n.vnet.Peerings {
		p := &n.vnet.Peerings[i]
		n.remotes[strings.ToLower(p.Remote)] = i
		n.peers = append(n.peers, azurePeer{p, strings.EqualFold(p.State, "Connected"), prefixesOf(p.Space)})
	}
}

func (n *azureNet) newSubnet(s *mesh.Subnet, groups map[string]*securityGroup) azureSubnet {
	network := n.cluster.Azure.Network
	out := azureSubnet{id: s.ID, prefixes: prefixesOf(s.Prefixes)}
	add := func(id, where string) {
		if g := groups[strings.ToLower(id)]; g != nil {
			out.filters = append(out.filters, filter{where, g})
		} else if id != "" {
			out.unread = append(out.unread, "network security group "+last(id))
		}
	}
	if n.vnet == nil {
		out.unread = append(out.unread, "virtual network "+last(s.VNet))
		out.unrouted = "virtual network " + last(s.VNet)
	}
	add(s.NSG, "on subnet "+last(s.ID))
	for _, nic := range network.NICs {
		if strings.EqualFold(nic.Subnet, s.ID) {
			add(nic.NSG, "on the network interfaces of "+nic.Pool)
		}
	}
	if network.NICsUnread {
		out.unread = append(out.unread, "the nodes' network interfaces")
	}
	out.addRoutes(network, s.RouteTable)
	for _, f := range out.filters {
		out.cuts = append(out.cuts, f.group.cuts...)
	}
	for _, r := range out.routes {
		out.cuts = append(out.cuts, r.prefix)
	}
	return out
}

func (s *azureSubnet) addRoutes(network *mesh.AzureNetwork, id string) {
	if id == "" {
		return
	}
	at := slices.IndexFunc(network.RouteTables, func(t mesh.RouteTable) bool { return strings.EqualFold(t.ID, id) })
	if at < 0 {
		s.unrouted = "route table " + last(id)
		return
	}
	for i := range network.RouteTables[at].Routes {
		r := &network.RouteTables[at].Routes[i]
		// Others are for service tags, which hold public addresses of Microsoft's.
		if p, err := netip.ParsePrefix(r.Prefix); err == nil {
			s.routes = append(s.routes, userRoute{r, id, p.Masked()})
		}
	}
}

// warnsFirst has a judgement of Azure's network only warn before a change. Not all
// of what decides there can be seen, and the network can be mended afterwards: that
// must not keep anybody from a join.
func warnsFirst(judge func(*View) []Finding) func(*View) []Finding {
	return func(v *View) []Finding {
		found := judge(v)
		for i := range found {
			if f := &found[i]; v.phase == Preflight && f.Status == Fail && f.Severity != Info {
				f.Severity = Warning
			}
		}
		return found
	}
}

// azureRights names what the login may not read of Azure's network, all of it
// at once: one role mends it.
func azureRights(c *mesh.Facts) []Finding {
	var lines []string
	for i := range c.Problems {
		if p := &c.Problems[i]; p.Kind == mesh.Forbidden && p.Section == mesh.SectionAzureNetwork {
			lines = append(lines, p.Message)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	group := "RESOURCE_GROUP"
	if c.Azure != nil && len(c.Azure.Subnets) > 0 {
		if parts := strings.Split(c.Azure.Subnets[0].ID, "/"); len(parts) > 4 {
			group = strings.Join(parts[:5], "/")
		}
	}
	return one(unknown(ofCluster(c), "context %q: the login may not read all of Azure's network around the cluster", c.Context).
		seen(lines...).mend("ask for: az role assignment create --role Reader --assignee USER --scope %s", quote(group)))
}

func prefixesOf(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

func inAny(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// last is the name in an ARM resource id.
func last(id string) string { return id[strings.LastIndex(id, "/")+1:] }
