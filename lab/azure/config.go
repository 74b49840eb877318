package azure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
)

// Config is what [Run] needs.
type Config struct {
	// Dir is the state directory: ca.crt, the server's key, the token, the az
	// program (bin/az) and state.json. It is made if it does not exist.
	Dir string
	// Listen is the address to serve HTTPS on, as "127.0.0.1:6400". It should
	// be a loopback address: /simulation/ asks nobody for a token.
	Listen string
	// Clusters are the managed clusters that exist from the start.
	Clusters []Cluster
	// Log takes what the simulation does; nil discards it.
	Log *slog.Logger
}

// Cluster is one simulated AKS cluster.
type Cluster struct {
	Name, SubscriptionID, ResourceGroup, NodeResourceGroup, Location string
	// Kubeconfig is the path of an admin kubeconfig. It may appear after Run
	// was started; empty means that no controller runs for this cluster. Its
	// server's port is the one that kube-proxy dials at FQDN.
	Kubeconfig string
	// FQDN is the API server's name as nodes see it, without a port.
	FQDN string
	// VNet and Subnet are resource names; the virtual network is in ResourceGroup.
	VNet, Subnet                          string
	VNetPrefix, SubnetPrefix, ServiceCIDR netip.Prefix
	// KubeProxyImage is the image of the kube-proxy DaemonSet.
	KubeProxyImage string
	// KubeProxyCIDR is the pod CIDR that ARM has on record, which is also
	// kube-proxy's --cluster-cidr.
	KubeProxyCIDR string
	// FirstFrontend is the first address that internal load balancers get;
	// the next ones follow it, within SubnetPrefix.
	FirstFrontend netip.Addr
	// Route is called, once per frontend and again after a restart, to make
	// the address reachable. It must be idempotent. Nil does nothing.
	Route func(ctx context.Context, frontend netip.Addr) error
}

// id is the cluster's ARM resource id.
func (c *Cluster) id() string {
	return groupID(c.SubscriptionID, c.ResourceGroup) + "/providers/Microsoft.ContainerService/managedClusters/" + c.Name
}

func (c *Cluster) vnetID() string {
	return groupID(c.SubscriptionID, c.ResourceGroup) + "/providers/Microsoft.Network/virtualNetworks/" + c.VNet
}

func (c *Cluster) subnetID() string { return c.vnetID() + "/subnets/" + c.Subnet }

func groupID(subscription, group string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + group
}

func (c *Config) validate() error {
	if c.Dir == "" || c.Listen == "" {
		return errors.New("simulated azure: Dir and Listen are needed")
	}
	seen := map[string]bool{}
	for i := range c.Clusters {
		cl := &c.Clusters[i]
		for name, value := range map[string]string{
			"Name": cl.Name, "SubscriptionID": cl.SubscriptionID, "ResourceGroup": cl.ResourceGroup,
			"NodeResourceGroup": cl.NodeResourceGroup, "Location": cl.Location, "FQDN": cl.FQDN,
			"VNet": cl.VNet, "Subnet": cl.Subnet,
		} {
			if value == "" {
				return fmt.Errorf("simulated azure: cluster %d (%q) has no %s", i, cl.Name, name)
			}
		}
		if !cl.SubnetPrefix.IsValid() || !cl.VNetPrefix.Contains(cl.SubnetPrefix.Addr()) {
			return fmt.Errorf("simulated azure: cluster %q: subnet %s is not within the virtual network's %s", cl.Name, cl.SubnetPrefix, cl.VNetPrefix)
		}
		if cl.FirstFrontend.IsValid() && !cl.SubnetPrefix.Contains(cl.FirstFrontend) {
			return fmt.Errorf("simulated azure: cluster %q: first frontend %s is not within subnet %s", cl.Name, cl.FirstFrontend, cl.SubnetPrefix)
		}
		if seen[cl.id()] {
			return fmt.Errorf("simulated azure: cluster %q is there twice", cl.Name)
		}
		seen[cl.id()] = true
	}
	return nil
}
