package main

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// group is the resource group of all that belongs to a cluster.
func group(c int) string { return "/subscriptions/sub/resourceGroups/rg-" + name(c) }

func resource(c int, kind, of string) string {
	return group(c) + "/providers/Microsoft." + kind + "/" + of + "-" + name(c)
}

func vnetID(c int) string { return resource(c, "Network/virtualNetworks", "vnet") }

// azureOf has a virtual network that is peered with all others, a security
// group on the subnet and one on the network interfaces, and a route table.
func azureOf(n size, c int) *mesh.Azure {
	subnet := mesh.Subnet{
		ID: vnetID(c) + "/subnets/nodes", Prefixes: []string{vnetSpace(c)}, VNet: vnetID(c), VNetSpace: []string{vnetSpace(c)},
		NSG: resource(c, "Network/networkSecurityGroups", "subnet"), RouteTable: resource(c, "Network/routeTables", "routes"),
	}
	onNICs := resource(c, "Network/networkSecurityGroups", "aks")
	vnet := mesh.VNet{ID: vnetID(c), Space: []string{vnetSpace(c)}}
	for other := range n.clusters {
		if other != c {
			vnet.Peerings = append(vnet.Peerings, mesh.Peering{
				Name: "to-" + name(other), Remote: vnetID(other), State: "Connected", Sync: "FullyInSync", Access: true, Space: []string{vnetSpace(other)},
			})
		}
	}
	return &mesh.Azure{
		ID: resource(c, "ContainerService/managedClusters", "aks"), State: "Succeeded", Power: "Running", NetworkPlugin: "none",
		PodCIDRs: []string{podCIDR(c)}, ServiceCIDRs: []string{serviceCIDR}, KubeProxy: "disabled", ProbeMode: "ServiceNodePort",
		Subnets: []mesh.Subnet{subnet},
		Network: &mesh.AzureNetwork{
			VNets:       []mesh.VNet{vnet},
			NSGs:        []mesh.SecurityGroup{{ID: subnet.NSG, Rules: rules()}, {ID: onNICs, Rules: rules()}},
			RouteTables: []mesh.RouteTable{{ID: subnet.RouteTable, Routes: routes()}},
			NICs:        []mesh.NIC{{Pool: "pool", Subnet: subnet.ID, NSG: onNICs}},
		},
	}
}

// rules are Azure's own, and some for what is not the mesh's.
func rules() []mesh.SecurityRule {
	rule := func(name string, priority int, direction, access, from, to string) mesh.SecurityRule {
		return mesh.SecurityRule{
			Name: name, Priority: priority, Direction: direction, Access: access, Protocol: "*", Sources: []string{from}, Destinations: []string{to},
			SourcePorts: []string{"*"}, DestinationPorts: []string{"*"},
		}
	}
	const in, out, network = "Inbound", "Outbound", "VirtualNetwork"
	all := []mesh.SecurityRule{
		rule("AllowVnetInBound", 65000, in, "Allow", network, network),
		rule("AllowAzureLoadBalancerInBound", 65001, in, "Allow", "AzureLoadBalancer", "*"),
		rule("DenyAllInBound", 65500, in, "Deny", "*", "*"),
		rule("AllowVnetOutBound", 65000, out, "Allow", network, network),
		rule("AllowInternetOutBound", 65001, out, "Allow", "*", "Internet"),
		rule("DenyAllOutBound", 65500, out, "Deny", "*", "*"),
	}
	for i := range 10 {
		ingress := rule(fmt.Sprintf("ingress-%d", i), 500+i, in, "Allow", "Internet", fmt.Sprintf("203.0.113.%d", i+1))
		ingress.Protocol, ingress.DestinationPorts = "Tcp", []string{"80", "443"}
		all = append(all, ingress)
	}
	return all
}

// routes send some of the company's networks to a firewall.
func routes() []mesh.Route {
	var all []mesh.Route
	for i := range 10 {
		all = append(all, mesh.Route{Name: fmt.Sprintf("office-%d", i), Prefix: fmt.Sprintf("10.%d.0.0/16", i), NextHop: "VirtualAppliance", NextHopIP: "10.99.0.4"})
	}
	return all
}
