package diagnose

import (
	"cmp"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgePeerings: packets pass between two virtual networks only if something
// connects them, and a peering only if both halves of it are connected.
func judgePeerings() func(*View) []Finding {
	return eachPair([]string{azureNetSection}, func(v *View, a, b *mesh.Facts) []Finding {
		l := linkOf(v.azure[a], v.azure[b])
		switch l.kind {
		case unclear:
			f := unknown(ofPair(a, b), "whether anything connects the virtual networks of contexts %q and %q is not known", a.Context, b.Context).
				seen(l.why...)
			for _, n := range l.blind {
				f = f.forWantOf(n.cluster)
			}
			return one(f)
		case unpeered:
			from, to := l.faults[0].at.cluster, l.faults[0].to.cluster
			if l.around && v.meets(a, b) && v.meets(b, a) {
				return one(unknown(ofPair(from, to), "the peering between the virtual networks of contexts %q and %q is not connected, and they reach each other by other routes", from.Context, to.Context).
					seen(whats(l.faults)...))
			}
			return one(failed(ofPair(from, to), "the peering between the virtual networks of contexts %q and %q is not connected, so neither reaches the other", from.Context, to.Context).
				seen(whats(l.faults)...).mend("%s", mendPeering(l.faults)))
		case oneWay, disconnected:
			if v.meets(a, b) || v.meets(b, a) {
				return one(unknown(ofPair(a, b), "nothing that can be seen connects the virtual networks of contexts %q and %q, and they reach each other all the same", a.Context, b.Context).
					seen(append(whats(l.faults), "Azure Virtual Network Manager may connect them, which Reader rights do not show")...))
			}
			if l.kind == oneWay {
				return one(lopsided(l.back))
			}
			return one(failed(ofPair(a, b), "nothing connects the virtual networks of contexts %q and %q: no peering, common Virtual WAN, gateway or route", a.Context, b.Context).
				seen(whats(l.faults)...).mend("%s", mendPeering(l.faults)))
		}
		return nil
	})
}

// lopsided is about networks that routes connect in one direction only.
func lopsided(missing onward) Finding {
	n, to := missing.from, missing.to
	r, table := to.detour(n), ""
	for _, s := range n.cluster.Azure.Subnets {
		table = cmp.Or(table, s.RouteTable)
	}
	return failed(ofPair(n.cluster, to.cluster), "packets of context %q find no way to the nodes of %q, whose own packets come by a route", n.cluster.Context, to.cluster.Context).
		seen("no peering, common Virtual WAN, gateway or route leads from virtual network "+last(n.vnetID)+" to "+last(to.vnetID), r.String()).
		mend("%s", n.addRoute(to, table, r))
}

// meets says whether agents of the one cluster reach the other, by whatever way.
func (v *View) meets(from, to *mesh.Facts) bool {
	if to.Config == nil {
		return false
	}
	for i := range from.KVStore {
		for _, r := range from.KVStore[i].Remotes {
			if r.Name == to.Config.ClusterName && r.Connected {
				return true
			}
		}
	}
	return v.sights[from].connected(to.Config.ClusterName)
}

func whats(faults []linkFault) []string {
	var out []string
	for _, f := range faults {
		out = append(out, f.what)
	}
	return out
}

// mendPeering makes missing halves, and makes anew what is disconnected: such a
// half never connects again by itself, and Azure wants the other one made anew
// with it.
func mendPeering(faults []linkFault) string {
	var remove, build []string
	for _, f := range faults {
		name := "to-" + last(f.to.vnetID)
		if p := f.peering; p != nil {
			if strings.EqualFold(p.State, "Connected") { // and leaves something out
				build = append(build, "az network vnet peering sync "+vnetTarget(f.at.vnetID)+" --name "+quote(p.Name))
				continue
			}
			if strings.EqualFold(p.State, "Initiated") {
				continue // it waits for the other half
			}
			name = p.Name
			remove = append(remove, "az network vnet peering delete "+vnetTarget(f.at.vnetID)+" --name "+quote(p.Name))
		}
		build = append(build, "az network vnet peering create "+vnetTarget(f.at.vnetID)+" --name "+quote(name)+
			" --remote-vnet "+quote(f.to.vnetID)+" --allow-vnet-access")
	}
	if len(build) == 0 { // both wait, or the other half could not be read
		f := faults[0]
		return "az network vnet peering create " + vnetTarget(f.to.vnetID) + " --name " + quote("to-"+last(f.at.vnetID)) +
			" --remote-vnet " + quote(f.at.vnetID) + " --allow-vnet-access"
	}
	return strings.Join(append(remove, build...), " && ")
}

func vnetTarget(id string) string { return inGroup(id) + " --vnet-name " + quote(last(id)) }

// inGroup is the subscription and the resource group of an ARM id, as options
// of az; placeholders where the id is not of that form.
func inGroup(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) < 5 || !strings.EqualFold(parts[1], "subscriptions") || !strings.EqualFold(parts[3], "resourceGroups") {
		return "--resource-group RESOURCE_GROUP"
	}
	return "--subscription " + quote(parts[2]) + " --resource-group " + quote(parts[4])
}

// judgePeeringRights: a connected peering may still keep packets out.
func judgePeeringRights() func(*View) []Finding {
	return eachDirection([]string{azureNetSection}, func(v *View, from, to *mesh.Facts) []Finding {
		a, b := v.azure[from], v.azure[to]
		return append(forbidsAccess(a, b), v.forbidsForwarded(a, b)...)
	})
}

// forbidsAccess: without access the other network is not in the tag
// VirtualNetwork, so only rules that name its addresses let packets through.
func forbidsAccess(a, b *azureNet) []Finding {
	p := a.peerOf(b)
	if p == nil || p.Access || !p.connected {
		return nil
	}
	from, to := a.cluster, b.cluster
	f := failed(ofPair(from, to), "a peering does not give the virtual network of context %q access to that of %q", from.Context, to.Context).
		seen("peering "+p.Name+" of virtual network "+last(a.vnetID)+": allowVirtualNetworkAccess is false").
		mend("az network vnet peering update %s --name %s --set allowVirtualNetworkAccess=true", vnetTarget(a.vnetID), quote(p.Name))
	if from.Config == nil || to.Config == nil {
		return one(f)
	}
	flows := encapsulation(from.Config)
	for _, k := range flows {
		if examine(a, b, k, nil, false).passes != surely || examine(b, a, k, nil, false).passes != surely {
			return one(f)
		}
	}
	if len(flows) == 0 {
		return one(f)
	}
	f.Message += ", and only rules that name its addresses let packets through"
	return one(f.as(Info))
}

// forbidsForwarded is about packets that an appliance in a third network sends
// on: the peering that brings them must take packets that are not of that network.
// Where packets may take another route, that they do not arrive tells.
func (v *View) forbidsForwarded(a, b *azureNet) []Finding {
	l := linkOf(a, b).kind
	for i := range a.subnets {
		for j := range b.subnets {
			r := a.hop(&a.subnets[i], b.subnets[j].nodes[0])
			if r == nil || !strings.EqualFold(r.NextHop, "VirtualAppliance") {
				continue
			}
			if a.beaten(b, r, l) && (l != unclear || v.meets(a.cluster, b.cluster)) {
				continue
			}
			appliance, ok := address(r.NextHopIP)
			if !ok || inAny(a.space, appliance) || inAny(b.space, appliance) {
				continue
			}
			for k := range b.peers {
				p := &b.peers[k]
				if p.Forwarded || !inAny(p.space, appliance) {
					continue
				}
				from, to := a.cluster, b.cluster
				return one(failed(ofPair(from, to), "a peering of the virtual network of context %q drops what an appliance sends on from %q", to.Context, from.Context).
					seen("peering "+p.Name+" of virtual network "+last(b.vnetID)+": allowForwardedTraffic is false",
						r.String()).
					mend("az network vnet peering update %s --name %s --set allowForwardedTraffic=true", vnetTarget(b.vnetID), quote(p.Name)))
			}
		}
	}
	return nil
}
