package mesh

// AzureNetwork is the part of Azure's network that packets of a cluster's nodes
// pass on their way to other clusters. Ids are ARM resource ids, which compare
// regardless of case. What is named somewhere and not listed here could not be
// read; [Facts.Problems] then says why, in section [SectionAzureNetwork].
type AzureNetwork struct {
	VNets       []VNet          `json:"virtualNetworks,omitempty"`
	NSGs        []SecurityGroup `json:"networkSecurityGroups,omitempty"`
	RouteTables []RouteTable    `json:"routeTables,omitempty"`
	// NICs are the nodes' network interfaces, one for each combination of
	// subnet and security group.
	NICs []NIC `json:"networkInterfaces,omitempty"`
	// NICsUnread is true if the network interfaces could not be read, so that
	// nothing is known of the security groups on them.
	NICsUnread bool `json:"networkInterfacesUnread,omitempty"`
}

// VNet is a virtual network that node pools are in.
type VNet struct {
	ID       string    `json:"id"`
	Space    []string  `json:"addressSpace,omitempty"` // CIDRs
	Peerings []Peering `json:"peerings,omitempty"`
	// Gateway is true if the network has a subnet for a VPN or ExpressRoute
	// gateway, which may know the way to networks that nothing else here names.
	Gateway bool `json:"gateway,omitempty"`
	// Hub is the Virtual WAN hub that the network is connected to; nil if none
	// is known.
	Hub *VirtualHub `json:"virtualHub,omitempty"`
}

// Peering is a virtual network's own half of a peering.
type Peering struct {
	Name   string `json:"name"`
	Remote string `json:"remote"` // ARM resource id of the other virtual network
	State  string `json:"state"`  // Initiated, Connected or Disconnected
	// Sync is peeringSyncLevel: FullyInSync, or which side has changed its
	// address space since.
	Sync string `json:"sync,omitempty"`
	// Access is allowVirtualNetworkAccess.
	Access bool `json:"allowVirtualNetworkAccess"`
	// Forwarded is allowForwardedTraffic: packets are taken from the other
	// network whose sender is not in it.
	Forwarded bool `json:"allowForwardedTraffic"`
	// RemoteGateways is useRemoteGateways.
	RemoteGateways bool `json:"useRemoteGateways,omitempty"`
	// Space is the remote address space that is peered (CIDRs).
	Space []string `json:"remoteAddressSpace,omitempty"`
}

// VirtualHub is a hub of Azure Virtual WAN.
type VirtualHub struct {
	// ID is the hub's ARM resource id, or that of the virtual network that
	// Microsoft keeps for it where the hub itself may not be read.
	ID  string `json:"id"`
	WAN string `json:"virtualWAN,omitempty"` // ARM resource id; empty if the hub may not be read
}

// SecurityGroup is a network security group (NSG).
type SecurityGroup struct {
	ID string `json:"id"`
	// Rules are the user's and Azure's own, in no particular order.
	Rules []SecurityRule `json:"rules,omitempty"`
}

// SecurityRule is a rule of a network security group. Lists join what ARM has
// in two properties, one for a single value and one for several.
type SecurityRule struct {
	Name      string `json:"name"`
	Priority  int    `json:"priority"`  // the lowest number that matches decides
	Direction string `json:"direction"` // Inbound or Outbound
	Access    string `json:"access"`    // Allow or Deny
	Protocol  string `json:"protocol"`  // Tcp, Udp, Icmp, Esp, Ah or *
	// Sources and Destinations are CIDRs, addresses, service tags or "*".
	Sources      []string `json:"sources,omitempty"`
	Destinations []string `json:"destinations,omitempty"`
	// SourcePorts and DestinationPorts are ports, ranges as "1024-65535", or "*".
	SourcePorts      []string `json:"sourcePorts,omitempty"`
	DestinationPorts []string `json:"destinationPorts,omitempty"`
	// SourceGroups and DestinationGroups are ids of application security groups.
	SourceGroups      []string `json:"sourceGroups,omitempty"`
	DestinationGroups []string `json:"destinationGroups,omitempty"`
}

// RouteTable is a route table, with the user's routes only.
type RouteTable struct {
	ID     string  `json:"id"`
	Routes []Route `json:"routes,omitempty"`
}

// Route is a user-defined route (UDR).
type Route struct {
	Name   string `json:"name"`
	Prefix string `json:"prefix"` // CIDR, or a service tag
	// NextHop is VirtualAppliance, VirtualNetworkGateway, VnetLocal, Internet or None.
	NextHop   string `json:"nextHop"`
	NextHopIP string `json:"nextHopIP,omitempty"` // of a VirtualAppliance
}

// NIC stands for the network interfaces in a subnet that have the same security group.
type NIC struct {
	Pool   string `json:"pool"`             // name of the first scale set or machine that has it
	Subnet string `json:"subnet,omitempty"` // ARM resource id
	NSG    string `json:"networkSecurityGroup,omitempty"`
}
