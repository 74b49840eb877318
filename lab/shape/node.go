package shape

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"strconv"
)

// ScaleSet is the one virtual machine scale set of the cluster. AKS puts a hash
// of eight digits into its name; this one is lab/azure's.
func (c Cluster) ScaleSet() string {
	h := fnv.New32a()
	h.Write([]byte(c.Name())) // never fails
	return fmt.Sprintf("aks-nodepool1-%08d-vmss", h.Sum32()%100_000_000)
}

// Node is a node of a cluster. Index counts from 1.
type Node struct {
	Cluster Cluster
	Index   int
}

// ParseNode reads a cluster as [ParseCluster] does, and a node's index.
func ParseNode(cluster, index string) (Node, error) {
	c, err := ParseCluster(cluster)
	if err != nil {
		return Node{}, err
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 1 || i > MaxNodes {
		return Node{}, fmt.Errorf("no node %q: give its index, 1 to %d", index, MaxNodes)
	}
	return Node{Cluster: c, Index: i}, nil
}

// Name is the host name, as AKS names the machines of a scale set: its name and
// an instance id from 0.
func (n Node) Name() string { return fmt.Sprintf("%s%06d", n.Cluster.ScaleSet(), n.Index-1) }

// Port is the name of the node's port on the fabric's bridge.
func (n Node) Port() string { return fmt.Sprintf("c%dn%d", n.Cluster, n.Index) }

// Addr is the node's address.
func (n Node) Addr() netip.Addr { return addr(int(n.Cluster), 9+n.Index) }

// ProviderID is the Azure resource that the node says it is.
func (n Node) ProviderID() string {
	return fmt.Sprintf("azure:///subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachineScaleSets/%s/virtualMachines/%d",
		n.Cluster.SubscriptionID(), n.Cluster.NodeResourceGroup(), n.Cluster.ScaleSet(), n.Index-1)
}

// Labels are those of AKS that a kubelet may give itself.
func (n Node) Labels() map[string]string {
	return map[string]string{
		"agentpool":                         "nodepool1",
		"kubernetes.azure.com/agentpool":    "nodepool1",
		"kubernetes.azure.com/cluster":      n.Cluster.NodeResourceGroup(),
		"kubernetes.azure.com/managedby":    "aks",
		"kubernetes.azure.com/mode":         "system",
		"kubernetes.azure.com/network-name": n.Cluster.VNetName(),
		"kubernetes.azure.com/os-sku":       "Ubuntu",
		"kubernetes.azure.com/role":         "agent",
		"node.kubernetes.io/instance-type":  "Standard_D2s_v5",
		"topology.kubernetes.io/region":     Location,
		// AKS writes region-N for zonal machines and plain 0 for the others.
		"topology.kubernetes.io/zone": "0",
	}
}

// VNetName is the name of the cluster's virtual network in Azure.
func (c Cluster) VNetName() string { return fmt.Sprintf("vnet-aks-%d", c) }

// SubnetName is the name of the one subnet, where the nodes are.
func (c Cluster) SubnetName() string { return "snet-nodes" }
