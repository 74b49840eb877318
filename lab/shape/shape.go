// Package shape says what the lab looks like: the names, numbers and addresses
// of its clusters and nodes. It follows Azure Kubernetes Service where a tool
// could notice. Everything is derived from a cluster's number and a node's
// index; nothing is stored.
//
//	10.240.0.1          the fabric: gateway of every node, as Azure's virtual router
//	10.240.0.(10+N)     API server of cluster N
//	10.240.N.0/24       virtual network of cluster N
//	10.240.N.(9+I)      node I (from 1) of cluster N
//	10.240.N.100 …      internal load balancers of cluster N
//	10.0.0.0/16         services of every cluster, AKS's default
package shape

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Limits of the lab: one digit of an address or port is the cluster's number.
const (
	MaxClusters = 9
	MaxNodes    = 9
)

// Location is the Azure region that all clusters say they are in.
const Location = "westeurope"

// ServiceCIDR is the range of service addresses in every cluster.
var serviceCIDR = netip.MustParsePrefix("10.0.0.0/16")

// ServiceCIDR returns the range of service addresses, the same in every
// cluster as it is in clusters that AKS makes with its defaults.
func ServiceCIDR() netip.Prefix { return serviceCIDR }

// FabricPrefix is the address of the fabric with the range it routes.
func FabricPrefix() netip.Prefix { return netip.PrefixFrom(addr(0, 1), 16) }

// Cluster is the number of a cluster, from 1 to [MaxClusters].
type Cluster int

// ParseCluster reads "aks-2" or "2".
func ParseCluster(s string) (Cluster, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(s, "aks-"))
	if err != nil || n < 1 || n > MaxClusters {
		return 0, fmt.Errorf("no cluster %q: name one as aks-1 to aks-%d", s, MaxClusters)
	}
	return Cluster(n), nil
}

// Name is the name of the cluster and of its context, as "aks-1".
func (c Cluster) Name() string { return fmt.Sprintf("aks-%d", c) }

// FQDN is the name of the API server that Azure gives and nodes use.
func (c Cluster) FQDN() string { return fmt.Sprintf("aks-%d-lab.hcp.%s.azmk8s.io", c, Location) }

// API is the address that the API server listens on, port 443.
func (c Cluster) API() netip.Addr { return addr(0, 10+int(c)) }

// LoopbackPort is the port of 127.0.0.1 where people reach the API server.
func (c Cluster) LoopbackPort() int { return 6440 + int(c) }

// VNet is the range of the cluster's virtual network, all of it one subnet.
func (c Cluster) VNet() netip.Prefix { return netip.PrefixFrom(addr(int(c), 0), 24) }

// FirstFrontend is the first address for internal load balancers.
func (c Cluster) FirstFrontend() netip.Addr { return addr(int(c), 100) }

// SubscriptionID is the Azure subscription of the cluster: each has its own.
func (c Cluster) SubscriptionID() string {
	return fmt.Sprintf("00000000-0000-0000-0000-%012d", int(c))
}

// ResourceGroup holds the managed cluster.
func (c Cluster) ResourceGroup() string { return fmt.Sprintf("rg-aks-%d", c) }

// NodeResourceGroup holds the cluster's machines and load balancers.
func (c Cluster) NodeResourceGroup() string {
	return fmt.Sprintf("MC_rg-aks-%d_aks-%d_%s", c, c, Location)
}

// Admin is the name by which the API server knows the holder of the lab's
// kubeconfig, so that audit logs tell people from components.
func (c Cluster) Admin() string { return fmt.Sprintf("admin-aks-%d", c) }

func addr(third, fourth int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 240, byte(third), byte(fourth)})
}

// APIEndpoint is the API server's address and port.
func (c Cluster) APIEndpoint() netip.AddrPort { return netip.AddrPortFrom(c.API(), 443) }
