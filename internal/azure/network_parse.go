package azure

import (
	"encoding/json"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// yes is a property that is true unless ARM says that it is false.
func yes(o object, path ...string) bool {
	value, says := dig(o, path...).(bool)
	return value || !says
}

// both joins a property for a single value with the one for several, as
// sourceAddressPrefix and sourceAddressPrefixes.
func both(o object, one, several string) []string {
	out := digStrings(o, "properties", several)
	if single := digString(o, "properties", one); single != "" {
		out = append([]string{single}, out...)
	}
	return out
}

func parseVNet(id string, o object) mesh.VNet {
	vnet := mesh.VNet{ID: id, Space: digStrings(o, "properties", "addressSpace", "addressPrefixes")}
	for _, subnet := range digObjects(o, "properties", "subnets") {
		name := digString(subnet, "name")
		if name == "" {
			name = lastOf(digString(subnet, "id"))
		}
		vnet.Gateway = vnet.Gateway || strings.EqualFold(name, "GatewaySubnet")
	}
	for _, p := range digObjects(o, "properties", "virtualNetworkPeerings") {
		remoteGateways, _ := dig(p, "properties", "useRemoteGateways").(bool)
		peering := mesh.Peering{
			Name: digString(p, "name"), Remote: digString(p, "properties", "remoteVirtualNetwork", "id"),
			State: digString(p, "properties", "peeringState"), Sync: digString(p, "properties", "peeringSyncLevel"),
			Access:         yes(p, "properties", "allowVirtualNetworkAccess"),
			Forwarded:      yes(p, "properties", "allowForwardedTraffic"),
			RemoteGateways: remoteGateways,
			Space:          digStrings(p, "properties", "remoteAddressSpace", "addressPrefixes"),
		}
		if len(peering.Space) == 0 {
			peering.Space = digStrings(p, "properties", "remoteVirtualNetworkAddressSpace", "addressPrefixes")
		}
		vnet.Peerings = append(vnet.Peerings, peering)
	}
	return vnet
}

func parseSecurityGroup(id string, o object) mesh.SecurityGroup {
	group := mesh.SecurityGroup{ID: id}
	for _, key := range []string{"securityRules", "defaultSecurityRules"} {
		for _, r := range digObjects(o, "properties", key) {
			group.Rules = append(group.Rules, parseRule(r))
		}
	}
	return group
}

func parseRule(o object) mesh.SecurityRule {
	priority, _ := dig(o, "properties", "priority").(json.Number)
	number, _ := priority.Int64() // none is 0, which no rule has
	return mesh.SecurityRule{
		Name: digString(o, "name"), Priority: int(number),
		Direction: digString(o, "properties", "direction"), Access: digString(o, "properties", "access"),
		Protocol:          digString(o, "properties", "protocol"),
		Sources:           both(o, "sourceAddressPrefix", "sourceAddressPrefixes"),
		Destinations:      both(o, "destinationAddressPrefix", "destinationAddressPrefixes"),
		SourcePorts:       both(o, "sourcePortRange", "sourcePortRanges"),
		DestinationPorts:  both(o, "destinationPortRange", "destinationPortRanges"),
		SourceGroups:      ids(o, "sourceApplicationSecurityGroups"),
		DestinationGroups: ids(o, "destinationApplicationSecurityGroups"),
	}
}

// ids are the ids of a list of references.
func ids(o object, key string) []string {
	var out []string
	for _, e := range digObjects(o, "properties", key) {
		out = append(out, digString(e, "id"))
	}
	return out
}

func parseRouteTable(id string, o object) mesh.RouteTable {
	table := mesh.RouteTable{ID: id}
	for _, r := range digObjects(o, "properties", "routes") {
		table.Routes = append(table.Routes, mesh.Route{
			Name: digString(r, "name"), Prefix: digString(r, "properties", "addressPrefix"),
			NextHop: digString(r, "properties", "nextHopType"), NextHopIP: digString(r, "properties", "nextHopIpAddress"),
		})
	}
	return table
}

// parseScaleSet reads the network interfaces out of a scale set's model.
func parseScaleSet(o object) []mesh.NIC {
	var out []mesh.NIC
	for _, nic := range digObjects(o, "properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations") {
		out = append(out, parseNIC(digString(o, "name"), nic)...)
	}
	return out
}

// parseInterface reads a network interface that is a resource of its own.
func parseInterface(o object) []mesh.NIC {
	pool := lastOf(digString(o, "properties", "virtualMachine", "id"))
	if pool == "" {
		return nil // of no machine: a private endpoint's, for instance
	}
	return parseNIC(pool, o)
}

func parseNIC(pool string, o object) []mesh.NIC {
	var subnets []string
	for _, config := range digObjects(o, "properties", "ipConfigurations") {
		subnets = appendNew(subnets, digString(config, "properties", "subnet", "id"))
	}
	var out []mesh.NIC
	for _, subnet := range subnets {
		out = append(out, mesh.NIC{Pool: pool, Subnet: subnet, NSG: digString(o, "properties", "networkSecurityGroup", "id")})
	}
	return out
}

// lastOf is the last part of an ARM id, the resource's name.
func lastOf(id string) string { return id[strings.LastIndex(id, "/")+1:] }
