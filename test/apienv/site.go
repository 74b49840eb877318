package apienv

import (
	"fmt"
	"net/netip"
)

// Site is where a cluster would be in Azure: names and addresses that
// [SimulatedNodes], [SimulatedCloud] and [SimulatedARM] agree on. Node
// networks of different sites do not overlap.
type Site struct {
	Name   string       // of the managed cluster, which is its context's
	number int          // from 1
	Subnet netip.Prefix // of the nodes and of internal load balancers
}

// Azure's names that all sites share.
const (
	Subscription  = "00000000-0000-4000-8000-00000000a5e5"
	ResourceGroup = "rg-mesh"
	Location      = "westeurope"
)

func newSite(name string, number int) Site {
	return Site{Name: name, number: number, Subnet: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(223 + number), 0, 0}), 16)}
}

// NodeResourceGroup is the group that AKS makes for the cluster's nodes.
func (s Site) NodeResourceGroup() string {
	return fmt.Sprintf("MC_%s_%s_%s", ResourceGroup, s.Name, Location)
}

// ID is the managed cluster's ARM resource id.
func (s Site) ID() string {
	return groupID(ResourceGroup) + "/providers/Microsoft.ContainerService/managedClusters/" + s.Name
}

// VNetID is the ARM resource id of the virtual network of the nodes.
func (s Site) VNetID() string {
	return groupID(ResourceGroup) + "/providers/Microsoft.Network/virtualNetworks/vnet-" + s.Name
}

// SubnetID is the ARM resource id of the nodes' subnet.
func (s Site) SubnetID() string { return s.VNetID() + "/subnets/nodes" }

// FQDN is the API server's name in Azure. It does not resolve here.
func (s Site) FQDN() string {
	return fmt.Sprintf("%s-a5e5.hcp.%s.azmk8s.io", s.Name, Location)
}

// address is the n-th address of the subnet.
func (s Site) address(n int) string {
	a := s.Subnet.Addr().As4()
	a[2], a[3] = byte(n>>8), byte(n)
	return netip.AddrFrom4(a).String()
}

func groupID(group string) string {
	return "/subscriptions/" + Subscription + "/resourceGroups/" + group
}
