package azure

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	testNSG    = "/subscriptions/" + testSub + "/resourceGroups/net/providers/Microsoft.Network/networkSecurityGroups/nsg"
	testNICNSG = "/subscriptions/" + testSub + "/resourceGroups/MC_rg_aks-1_westeurope/providers/Microsoft.Network/networkSecurityGroups/aks-nsg"
	testRoutes = "/subscriptions/" + testSub + "/resourceGroups/net/providers/Microsoft.Network/routeTables/rt"
	testWAN    = "/subscriptions/" + testSub + "/resourceGroups/wan/providers/Microsoft.Network/"
)

// network are bodies by the end of their path, in lower case.
func network() map[string]string {
	vnet := strings.TrimSuffix(testSubnet, "/subnets/nodes")
	return map[string]string{
		"/virtualnetworks/v1": `{"id": "` + vnet + `", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
			"subnets": [{"id": "` + testSubnet + `", "name": "nodes", "properties": {"addressPrefix": "10.1.0.0/24",
				"networkSecurityGroup": {"id": "` + testNSG + `"}, "routeTable": {"id": "` + testRoutes + `"}}},
				{"name": "GatewaySubnet", "properties": {}}],
			"virtualNetworkPeerings": [{"name": "RemoteVnetToHubPeering_1", "properties": {"peeringState": "Connected", "peeringSyncLevel": "FullyInSync",
				"allowVirtualNetworkAccess": true, "allowForwardedTraffic": false, "useRemoteGateways": true,
				"remoteVirtualNetwork": {"id": "/hub-vnet"}, "remoteAddressSpace": {"addressPrefixes": ["10.9.0.0/24"]}}}]}}`,
		"/networksecuritygroups/nsg": `{"properties": {"securityRules": [{"name": "r", "properties": {"priority": 100, "direction": "Inbound", "access": "Deny",
			"protocol": "Udp", "sourceAddressPrefix": "10.2.0.0/16", "sourceAddressPrefixes": ["10.3.0.0/16"], "sourcePortRange": "*",
			"destinationApplicationSecurityGroups": [{"id": "/asg"}], "destinationPortRanges": ["8472", "6000-6100"]}}],
			"defaultSecurityRules": [{"name": "d", "properties": {"priority": 65500, "direction": "Inbound", "access": "Deny", "protocol": "*",
			"sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRange": "*"}}]}}`,
		"/networksecuritygroups/aks-nsg": `{"properties": {}}`,
		"/routetables/rt":                `{"properties": {"routes": [{"name": "fw", "properties": {"addressPrefix": "10.0.0.0/8", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.9.0.4"}}]}}`,
		"/virtualmachinescalesets": `{"value": [{"name": "vmss-1", "properties": {"virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": [
			{"properties": {"networkSecurityGroup": {"id": "` + testNICNSG + `"}, "ipConfigurations": [{"properties": {"subnet": {"id": "` + testSubnet + `"}}}]}}]}}}}]}`,
		"/networkinterfaces": `{"value": [{"name": "private-endpoint", "properties": {}}, {"properties": {"virtualMachine": {"id": "/vm-1"},
			"ipConfigurations": [{"properties": {"subnet": {"id": "` + testSubnet + `"}}}]}}]}`,
		"/virtualhubs":                  `{"value": [{"id": "` + testWAN + `virtualHubs/hub", "properties": {"virtualWan": {"id": "` + testWAN + `virtualWans/wan"}}}]}`,
		"/hubvirtualnetworkconnections": `{"value": [{"properties": {"remoteVirtualNetwork": {"id": "` + strings.ToUpper(vnet) + `"}}}]}`,
	}
}

// withNetwork has the fake answer with a network; what refuse names is forbidden.
func withNetwork(t *testing.T, refuse ...string) *fakeARM {
	f := newFakeARM(t)
	bodies := network()
	f.before = func(_ *fakeARM, r *http.Request) *answer {
		path := strings.ToLower(r.URL.Path)
		for end, body := range bodies {
			if strings.HasSuffix(path, end) && slices.Contains(refuse, end) {
				return armFailure(http.StatusForbidden, "AuthorizationFailed", "The client does not have authorization.")
			} else if strings.HasSuffix(path, end) {
				return &answer{status: http.StatusOK, body: body}
			}
		}
		return nil
	}
	return f
}

func (f *fakeARM) survey(t *testing.T) (*mesh.AzureNetwork, []error) {
	t.Helper()
	n := f.client(t).Networks()
	m, err := n.ManagedCluster(t.Context(), testID())
	if err != nil {
		t.Fatal(err)
	}
	return n.Read(t.Context(), m)
}

func TestNetwork(t *testing.T) {
	f := withNetwork(t)
	f.set([]any{object{"vnetSubnetID": testSubnet}, object{"vnetSubnetID": testSubnet, "type": "VirtualMachines"}}, "agentPoolProfiles")
	got, errs := f.survey(t)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	all := []string{"*"}
	want := &mesh.AzureNetwork{
		VNets: []mesh.VNet{{
			ID: strings.TrimSuffix(testSubnet, "/subnets/nodes"), Space: []string{"10.1.0.0/16"}, Gateway: true,
			Peerings: []mesh.Peering{{
				Name: "RemoteVnetToHubPeering_1", Remote: "/hub-vnet", State: "Connected", Sync: "FullyInSync",
				Access: true, RemoteGateways: true, Space: []string{"10.9.0.0/24"},
			}},
			Hub: &mesh.VirtualHub{ID: testWAN + "virtualHubs/hub", WAN: testWAN + "virtualWans/wan"},
		}},
		NSGs: []mesh.SecurityGroup{{ID: testNICNSG}, {ID: testNSG, Rules: []mesh.SecurityRule{
			{
				Name: "r", Priority: 100, Direction: "Inbound", Access: "Deny", Protocol: "Udp",
				Sources: []string{"10.2.0.0/16", "10.3.0.0/16"}, SourcePorts: all,
				DestinationGroups: []string{"/asg"}, DestinationPorts: []string{"8472", "6000-6100"},
			},
			{
				Name: "d", Priority: 65500, Direction: "Inbound", Access: "Deny", Protocol: "*",
				Sources: all, Destinations: all, SourcePorts: all, DestinationPorts: all,
			},
		}}},
		RouteTables: []mesh.RouteTable{{ID: testRoutes, Routes: []mesh.Route{{Name: "fw", Prefix: "10.0.0.0/8", NextHop: "VirtualAppliance", NextHopIP: "10.9.0.4"}}}},
		NICs:        []mesh.NIC{{Pool: "vmss-1", Subnet: testSubnet, NSG: testNICNSG}, {Pool: "vm-1", Subnet: testSubnet}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("network (-want +got):\n%s", diff)
	}
}

// TestNetworkWithoutRights: each resource that may not be read names the missing
// action, and hides nothing else.
func TestNetworkWithoutRights(t *testing.T) {
	tests := map[string]string{
		"/virtualnetworks/v1":            "Microsoft.Network/virtualNetworks/read",
		"/networksecuritygroups/nsg":     "Microsoft.Network/networkSecurityGroups/read",
		"/networksecuritygroups/aks-nsg": "Microsoft.Network/networkSecurityGroups/read",
		"/routetables/rt":                "Microsoft.Network/routeTables/read",
		"/virtualmachinescalesets":       "Microsoft.Compute/virtualMachineScaleSets/read",
		"/virtualhubs":                   "Microsoft.Network/virtualHubs/read",
		"/hubvirtualnetworkconnections":  "Microsoft.Network/virtualHubs/hubVirtualNetworkConnections/read",
	}
	for path, action := range tests {
		t.Run(path, func(t *testing.T) {
			got, errs := withNetwork(t, path).survey(t)
			if len(errs) != 1 || !strings.Contains(fmt.Sprint(errs), "the login lacks "+action+" on /subscriptions/") {
				t.Fatalf("errors %v, want one about %s", errs, action)
			}
			var refused *Error
			if !errors.As(errs[0], &refused) || refused.Status != http.StatusForbidden {
				t.Errorf("error %v, want one with status 403", errs[0])
			}
			read := map[string]bool{
				"/virtualnetworks/v1": len(got.VNets) == 1, "/virtualmachinescalesets": !got.NICsUnread,
				"/routetables/rt": len(got.RouteTables) == 1, "/networksecuritygroups/nsg": slices.ContainsFunc(got.NSGs, func(g mesh.SecurityGroup) bool { return g.ID == testNSG }),
			}
			for part, there := range read {
				// Who may not read the network does not learn what is on its subnets.
				hidden := part == path || path == "/virtualnetworks/v1" && part != "/virtualmachinescalesets"
				if there == hidden {
					t.Errorf("%s was read: %t", part, there)
				}
			}
		})
	}
}

// TestHubElsewhere: a hub in another subscription is known by the peering alone.
func TestHubElsewhere(t *testing.T) {
	got, _ := withNetwork(t, "/virtualhubs").survey(t)
	if diff := cmp.Diff(&mesh.VirtualHub{ID: "/hub-vnet"}, got.VNets[0].Hub); diff != "" {
		t.Errorf("hub (-want +got):\n%s", diff)
	}
}

// TestNetworkIsSharedOnce: clusters in one network cost its resources one
// request each, failed ones included.
func TestNetworkIsSharedOnce(t *testing.T) {
	f := withNetwork(t, "/routetables/rt")
	n := f.client(t).Networks()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			m, err := n.ManagedCluster(t.Context(), testID())
			if err != nil {
				t.Error(err)
				return
			}
			if _, errs := n.Read(t.Context(), m); len(errs) != 1 {
				t.Errorf("errors %v, want the one about routes", errs)
			}
		})
	}
	group.Wait()
	asked := map[string]int{}
	for _, r := range f.requests {
		asked[strings.ToLower(r)]++
	}
	for r, times := range asked {
		if times > 1 && !strings.Contains(r, "microsoft.containerservice") {
			t.Errorf("%s was asked %d times", r, times)
		}
	}
}
