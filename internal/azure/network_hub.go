package azure

import (
	"context"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// hubPeering is how the name of a peering begins that Virtual WAN makes in a
// network it connects. That, and that its other end is a network of Microsoft's
// own, was never seen on a real Azure; see docs/azure-unverified.md.
const hubPeering = "RemoteVnetToHubPeering_"

// hub finds the Virtual WAN hub of a virtual network. Hubs list their
// connections, networks do not, so this looks through the hubs of the network's
// own subscription, and only for networks that show a hub or no peering at all.
// A hub elsewhere is known by the other end of the peering that it made.
func (s *survey) hub(ctx context.Context, vnet *mesh.VNet) {
	at := slices.IndexFunc(vnet.Peerings, func(p mesh.Peering) bool { return strings.HasPrefix(p.Name, hubPeering) })
	if at < 0 && len(vnet.Peerings) > 0 {
		return
	}
	subscription, _, ok := strings.Cut(strings.TrimPrefix(vnet.ID, "/subscriptions/"), "/")
	if !ok {
		return
	}
	if at >= 0 {
		vnet.Hub = &mesh.VirtualHub{ID: vnet.Peerings[at].Remote}
	}
	scope := "/subscriptions/" + subscription
	hubs, err := s.list(ctx, scope+"/providers/Microsoft.Network/virtualHubs", versionNetwork)
	if err != nil {
		s.failed(err, "Virtual WAN hubs", scope, "Microsoft.Network/virtualHubs/read")
		return
	}
	for _, hub := range hubs {
		id := digString(hub, "id")
		connections, err := s.list(ctx, id+"/hubVirtualNetworkConnections", versionNetwork)
		if err != nil {
			s.failed(err, "connections of the Virtual WAN hub", id, "Microsoft.Network/virtualHubs/hubVirtualNetworkConnections/read")
			continue
		}
		for _, c := range connections {
			if strings.EqualFold(digString(c, "properties", "remoteVirtualNetwork", "id"), vnet.ID) {
				vnet.Hub = &mesh.VirtualHub{ID: id, WAN: digString(hub, "properties", "virtualWan", "id")}
				return
			}
		}
	}
}
