package azure

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// KubeProxyState is what ARM has on record about kube-proxy. Whether it runs is
// for the cluster to say.
type KubeProxyState string

// States of kube-proxy.
const (
	KubeProxyEnabled  KubeProxyState = "enabled"
	KubeProxyDisabled KubeProxyState = "disabled"
	// KubeProxyUnknown: the API version in use does not show it.
	KubeProxyUnknown KubeProxyState = "unknown"
)

// ManagedCluster is a managed cluster as ARM shows it.
type ManagedCluster struct {
	ID   ID
	ETag string // changes with every change of the cluster; may be empty
	Raw  map[string]any

	version string
	subnets []mesh.Subnet
	vnets   []object // bodies of those virtual networks that could be read
}

// reader reads resources; [Networks] does it once for many clusters.
type reader interface {
	get(ctx context.Context, path, version string) (object, error)
	list(ctx context.Context, path, version string) ([]object, error)
}

// ManagedCluster reads a managed cluster and, as far as the login may, the
// virtual networks that its nodes are in.
func (c *Client) ManagedCluster(ctx context.Context, id ID) (*ManagedCluster, error) {
	return c.managedCluster(ctx, id, c)
}

func (c *Client) managedCluster(ctx context.Context, id ID, networks reader) (*ManagedCluster, error) {
	m, err := c.read(ctx, id)
	if err != nil {
		return nil, err
	}
	return m, m.readSubnets(ctx, networks)
}

// read reads the managed cluster alone.
func (c *Client) read(ctx context.Context, id ID) (*ManagedCluster, error) {
	doing := "read managed cluster " + id.Name
	version, err := c.clusterVersion(ctx, id.Subscription)
	if err != nil {
		return nil, translate(err, doing, id)
	}
	raw, err := c.get(ctx, id.String(), version)
	if err != nil {
		return nil, translate(err, doing, id)
	}
	return &ManagedCluster{ID: id, ETag: digString(raw, "eTag"), Raw: raw, version: version}, nil
}

// KubeProxy reads the three states that a GET has: no object is "on", an empty
// object is "off" (the server drops the false it was given, azure-rest-api-specs
// issue 22208), and otherwise the object says it.
func (m *ManagedCluster) KubeProxy() KubeProxyState {
	config, there := dig(m.Raw, "properties", "networkProfile", "kubeProxyConfig").(object)
	enabled, says := config["enabled"].(bool)
	switch {
	case says && enabled:
		return KubeProxyEnabled
	case there:
		return KubeProxyDisabled
	case !isPreview(m.version):
		return KubeProxyUnknown
	}
	return KubeProxyEnabled
}

func (m *ManagedCluster) state() string { return digString(m.Raw, "properties", "provisioningState") }

func (m *ManagedCluster) stopped() bool {
	return strings.EqualFold(digString(m.Raw, "properties", "powerState", "code"), "Stopped")
}

// Facts returns what a mesh cares about.
func (m *ManagedCluster) Facts() mesh.Azure {
	network := func(key string) string { return digString(m.Raw, "properties", "networkProfile", key) }
	networks := func(key string) []string {
		if list := digStrings(m.Raw, "properties", "networkProfile", key+"s"); list != nil {
			return list
		}
		if one := network(key); one != "" {
			return []string{one}
		}
		return nil
	}
	facts := mesh.Azure{
		ID: m.ID.String(), State: m.state(),
		Power:             digString(m.Raw, "properties", "powerState", "code"),
		FQDN:              digString(m.Raw, "properties", "fqdn"),
		PrivateFQDN:       digString(m.Raw, "properties", "privateFQDN"),
		NodeResourceGroup: digString(m.Raw, "properties", "nodeResourceGroup"),
		NetworkPlugin:     network("networkPlugin"),
		NetworkDataplane:  network("networkDataplane"),
		PodCIDRs:          networks("podCidr"),
		ServiceCIDRs:      networks("serviceCidr"),
		KubeProxy:         string(m.KubeProxy()),
		ProbeMode:         digString(m.Raw, "properties", "networkProfile", "loadBalancerProfile", "clusterServiceLoadBalancerHealthProbeMode"),
		Subnets:           m.subnets,
	}
	for _, pool := range m.pools() {
		facts.NodeTaints = appendNew(facts.NodeTaints, digStrings(pool, "nodeTaints")...)
	}
	return facts
}

func (m *ManagedCluster) pools() []object {
	return digObjects(m.Raw, "properties", "agentPoolProfiles")
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		seen := false
		for _, have := range list {
			seen = seen || strings.EqualFold(have, s)
		}
		if !seen {
			list = append(list, s)
		}
	}
	return list
}

// readSubnets reads the subnets of the node pools. A network that the login may
// not read leaves its subnets without prefixes; only a login that is no good at
// all is an error.
func (m *ManagedCluster) readSubnets(ctx context.Context, r reader) error {
	var ids, vnets []string
	for _, pool := range m.pools() {
		if id := digString(pool, "vnetSubnetID"); id != "" {
			ids = appendNew(ids, id)
			vnets = appendNew(vnets, vnetOf(id))
		}
	}
	if len(ids) == 0 {
		return m.readManagedSubnets(ctx, r)
	}
	m.vnets = make([]object, len(vnets))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, vnet := range vnets {
		group.Go(func() (err error) {
			m.vnets[i], err = r.get(groupCtx, vnet, versionNetwork)
			if hopeless(err) {
				return translate(err, "read virtual network "+vnet, m.ID)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	m.subnets = pickSubnets(ids, m.vnets)
	return nil
}

// readManagedSubnets reads the virtual network that AKS made: its pools name no
// subnet, but the node resource group holds it.
func (m *ManagedCluster) readManagedSubnets(ctx context.Context, r reader) error {
	if m.nodeGroup() == "" {
		return nil
	}
	var err error
	m.vnets, err = r.list(ctx, m.nodeGroup()+"/providers/Microsoft.Network/virtualNetworks", versionNetwork)
	if hopeless(err) {
		return translate(err, "read the virtual networks of "+m.nodeGroup(), m.ID)
	}
	var ids []string
	for _, vnet := range m.vnets {
		for _, subnet := range digObjects(vnet, "properties", "subnets") {
			ids = append(ids, digString(subnet, "id"))
		}
	}
	m.subnets = pickSubnets(ids, m.vnets)
	return nil
}

// nodeGroup is the path of the node resource group; empty if it is not known.
func (m *ManagedCluster) nodeGroup() string {
	group := digString(m.Raw, "properties", "nodeResourceGroup")
	if group == "" {
		return ""
	}
	return groupPath(m.ID.Subscription, group)
}

// pickSubnets finds subnets by id in the bodies of virtual networks.
func pickSubnets(ids []string, vnets []object) []mesh.Subnet {
	var out []mesh.Subnet
	for _, id := range ids {
		found := mesh.Subnet{ID: id, VNet: vnetOf(id)}
		for _, vnet := range vnets {
			for _, subnet := range digObjects(vnet, "properties", "subnets") {
				if !strings.EqualFold(digString(subnet, "id"), id) {
					continue
				}
				found.VNetSpace = digStrings(vnet, "properties", "addressSpace", "addressPrefixes")
				found.Prefixes = digStrings(subnet, "properties", "addressPrefixes")
				if one := digString(subnet, "properties", "addressPrefix"); len(found.Prefixes) == 0 && one != "" {
					found.Prefixes = []string{one}
				}
				found.NSG = digString(subnet, "properties", "networkSecurityGroup", "id")
				found.RouteTable = digString(subnet, "properties", "routeTable", "id")
			}
		}
		out = append(out, found)
	}
	return out
}

// vnetOf is the virtual network in a subnet's id.
func vnetOf(subnetID string) string {
	if i := strings.LastIndex(strings.ToLower(subnetID), "/subnets/"); i >= 0 {
		return subnetID[:i]
	}
	return ""
}
