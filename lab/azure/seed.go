package azure

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
)

// tenantID is the tenant of everything here; all zeros but the last group, so
// that nobody takes it for a real one.
const tenantID = "00000000-0000-0000-0000-00000000a25e"

// seed makes what a cluster's creation leaves in Azure, where it is not there
// yet: what a test has changed stays as it is over a restart.
func seed(d *data, clusters []Cluster) {
	add := func(id, typ string, body object) {
		key := strings.ToLower(id)
		if d.Resources[key] != nil {
			return
		}
		body["id"], body["type"], body["name"] = id, typ, id[strings.LastIndex(id, "/")+1:]
		d.Resources[key] = body
	}
	for i := range clusters {
		c := &clusters[i]
		add(groupID(c.SubscriptionID, c.ResourceGroup), typeGroup, object{"location": c.Location, "properties": succeeded()})
		add(groupID(c.SubscriptionID, c.NodeResourceGroup), typeGroup, object{
			"location": c.Location, "managedBy": c.id(), "properties": succeeded(),
			"tags": object{"aks-managed-cluster-name": c.Name, "aks-managed-cluster-rg": c.ResourceGroup},
		})
		seedNetwork(d, c, add)
		add(c.id(), typeCluster, newCluster(c))
	}
	for i := range clusters {
		for j := range clusters {
			seedPeering(&clusters[i], &clusters[j], add)
		}
	}
}

func succeeded() object { return object{"provisioningState": "Succeeded"} }

// seedNetwork makes the virtual network and subnet, and what AKS makes for a
// cluster in a subnet of the user's own: a network security group on the nodes'
// network interfaces, none on the subnet.
func seedNetwork(d *data, c *Cluster, add func(id, typ string, body object)) {
	add(c.vnetID(), typeVNet, object{"location": c.Location, "etag": newTag(), "properties": object{
		"provisioningState": "Succeeded", "addressSpace": object{"addressPrefixes": list(c.VNetPrefix.String())},
	}})
	space := ensure(d.Resources[strings.ToLower(c.vnetID())], "properties", "addressSpace")
	if prefixes, ok := space["addressPrefixes"].([]any); ok && !slices.Contains(prefixes, any(c.VNetPrefix.String())) {
		space["addressPrefixes"] = append(prefixes, c.VNetPrefix.String()) // several clusters in one network
	}
	add(c.subnetID(), typeSubnet, object{"etag": newTag(), "properties": object{
		"provisioningState": "Succeeded", "addressPrefix": c.SubnetPrefix.String(),
	}})
	hash := nameHash(c.Name)
	group := groupID(c.SubscriptionID, c.NodeResourceGroup) + "/providers/"
	nsg := group + "Microsoft.Network/networkSecurityGroups/aks-agentpool-" + hash + "-nsg"
	add(nsg, typeNSG, object{"location": c.Location, "etag": newTag(), "properties": object{
		"provisioningState": "Succeeded", "securityRules": list[any](), "defaultSecurityRules": defaultRules(nsg),
	}})
	add(group+"Microsoft.Compute/virtualMachineScaleSets/aks-nodepool1-"+hash+"-vmss", typeVMSS, object{
		"location": c.Location, "properties": object{
			"provisioningState": "Succeeded", "orchestrationMode": "Uniform",
			"virtualMachineProfile": object{"networkProfile": object{"networkInterfaceConfigurations": list(object{
				"name": "aks-nodepool1-" + hash, "properties": object{
					"primary": true, "networkSecurityGroup": object{"id": nsg},
					"ipConfigurations": list(object{"name": "ipconfig1", "properties": object{"subnet": object{"id": c.subnetID()}}}),
				},
			})}},
		},
	})
}

// seedPeering connects the virtual networks of two clusters, one way. Azure
// refuses to peer networks that overlap, so those stay apart.
func seedPeering(from, to *Cluster, add func(id, typ string, body object)) {
	if strings.EqualFold(from.vnetID(), to.vnetID()) || from.VNetPrefix.Overlaps(to.VNetPrefix) {
		return
	}
	space := func(p netip.Prefix) object { return object{"addressPrefixes": list(p.String())} }
	add(from.vnetID()+"/virtualNetworkPeerings/to-"+to.VNet, typePeering, object{"etag": newTag(), "properties": object{
		"provisioningState": "Succeeded", "peeringState": "Connected", "peeringSyncLevel": "FullyInSync",
		"allowVirtualNetworkAccess": true, "allowForwardedTraffic": true, "allowGatewayTransit": false, "useRemoteGateways": false,
		"remoteVirtualNetwork": object{"id": to.vnetID()},
		"remoteAddressSpace":   space(to.VNetPrefix), "remoteVirtualNetworkAddressSpace": space(to.VNetPrefix),
	}})
}

// newCluster is a managed cluster without a CNI, as ARM would show it.
func newCluster(c *Cluster) object {
	networkProfile := object{
		"networkPlugin": "none", "outboundType": "loadBalancer", "loadBalancerSku": "standard", "ipFamilies": list("IPv4"),
		"loadBalancerProfile": object{
			"managedOutboundIPs":     object{"count": number(1)},
			"effectiveOutboundIPs":   list(object{"id": groupID(c.SubscriptionID, c.NodeResourceGroup) + "/providers/Microsoft.Network/publicIPAddresses/" + nameHash(c.Name)}),
			"backendPoolType":        "nodeIPConfiguration",
			"allocatedOutboundPorts": number(0),
			"idleTimeoutInMinutes":   number(30),
		},
	}
	if c.ServiceCIDR.IsValid() {
		networkProfile["serviceCidr"], networkProfile["serviceCidrs"] = c.ServiceCIDR.String(), list(c.ServiceCIDR.String())
		networkProfile["dnsServiceIP"] = nth(c.ServiceCIDR, 10).String()
	}
	if c.KubeProxyCIDR != "" {
		networkProfile["podCidr"], networkProfile["podCidrs"] = c.KubeProxyCIDR, list(c.KubeProxyCIDR)
	}
	return object{
		"location": c.Location, "eTag": newTag(), "tags": object{"aksmesh": "lab"},
		"sku":      object{"name": "Base", "tier": "Free"},
		"identity": object{"type": "SystemAssigned", "principalId": tenantID, "tenantId": tenantID},
		"properties": object{
			"provisioningState": "Succeeded", "powerState": object{"code": "Running"},
			"dnsPrefix": c.Name, "fqdn": c.FQDN, "azurePortalFQDN": strings.Replace(c.FQDN, ".hcp.", ".portal.hcp.", 1),
			"nodeResourceGroup": c.NodeResourceGroup, "maxAgentPools": number(100), "resourceUID": newTag(),
			"enableRBAC": true, "supportPlan": "KubernetesOfficial",
			"nodeResourceGroupProfile": object{"restrictionLevel": "Unrestricted"},
			"agentPoolProfiles":        list(newPool(c)), "networkProfile": networkProfile,
		},
	}
}

func newPool(c *Cluster) object {
	return object{
		"name": "nodepool1", "count": number(1), "vmSize": "Standard_D2s_v5", "mode": "System", "osType": "Linux",
		"type": "VirtualMachineScaleSets", "maxPods": number(250), "vnetSubnetID": c.subnetID(),
		"eTag": newTag(), "provisioningState": "Succeeded", "powerState": object{"code": "Running"},
	}
}

// nth is the address n after a prefix's first.
func nth(p netip.Prefix, n int) netip.Addr {
	a := p.Masked().Addr()
	for range n {
		a = a.Next()
	}
	return a
}

// nameHash is the number AKS puts into the names of what it makes.
func nameHash(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name)) // never fails
	return fmt.Sprintf("%08d", h.Sum32()%100_000_000)
}
