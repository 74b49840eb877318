package azure

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// networkOf is everything of the network that ARM shows, without eTags.
func (s *simulated) networkOf() string {
	s.t.Helper()
	out := object{}
	s.store.view(func(d *data) {
		for id, o := range d.Resources {
			if strings.HasPrefix(digString(o, "type"), "Microsoft.Network/") {
				o = clone(o)
				delete(o, "etag")
				out[id] = o
			}
		}
	})
	raw, err := json.Marshal(out)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw)
}

func TestNetworkFaults(t *testing.T) {
	tests := map[string]struct {
		fault NetworkFault
		shows []string // in all that ARM shows of the network
	}{
		"deny": {
			NetworkFault{Kind: FaultDeny, From: "aks-1", To: "aks-2", Protocol: "Udp", Port: "8472"},
			[]string{`"name":"simulated-x"`, `"destinationPortRange":"8472"`, `"direction":"Inbound","priority":200,"protocol":"Udp"`, `"sourceAddressPrefix":"10.1.0.0/24"`},
		},
		"deny on the subnet": {
			NetworkFault{Kind: FaultDeny, From: "aks-1", To: "aks-2", Layer: "subnet", Direction: "Outbound", Priority: 300},
			[]string{`/networkSecurityGroups/simulated-aks-1"`, `"direction":"Outbound","priority":300`, `"networkSecurityGroup":{"id":`, "DenyAllOutBound"},
		},
		"route": {
			NetworkFault{Kind: FaultRoute, From: "aks-1", To: "aks-2"},
			[]string{`"routeTable":{"id":`, `"addressPrefix":"10.2.0.0/24","nextHopType":"None"`},
		},
		"appliance": {
			NetworkFault{Kind: FaultRoute, From: "aks-1", To: "aks-2", Prefix: "10.0.0.0/8", NextHop: "VirtualAppliance", NextHopIP: "10.1.0.9"},
			[]string{`"addressPrefix":"10.0.0.0/8","nextHopIpAddress":"10.1.0.9"`},
		},
		"peering":   {NetworkFault{Kind: FaultPeering, From: "aks-1", To: "aks-2"}, []string{`"peeringState":"Disconnected"`}},
		"no access": {NetworkFault{Kind: FaultPeering, From: "aks-1", To: "aks-2", NoAccess: true, OneWay: true}, []string{`"allowVirtualNetworkAccess":false`, `"allowVirtualNetworkAccess":true`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startOnce(t)
			whole := s.networkOf()
			s.bend("network/other", NetworkFault{Kind: FaultDeny, From: "aks-2", To: "aks-1", Port: "1"})
			before := s.networkOf()
			for range 2 { // the second replaces the first
				s.bend("network/x", test.fault)
			}
			got := s.networkOf()
			for _, want := range test.shows {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in %s", want, got)
				}
			}
			s.do(http.MethodDelete, s.web.URL+"/simulation/network/x", nil)
			if got := s.networkOf(); got != before {
				t.Errorf("after mending %s, want %s", got, before)
			}
			s.do(http.MethodDelete, s.web.URL+"/simulation/network", nil)
			if got := s.networkOf(); got != whole {
				t.Errorf("after mending all %s, want %s", got, whole)
			}
		})
	}
}

func TestNetworkFaultRefused(t *testing.T) {
	s := startOnce(t)
	for _, body := range []any{
		NetworkFault{Kind: "flood", From: "aks-1", To: "aks-2"},
		NetworkFault{Kind: FaultRoute, From: "aks-1", To: "aks-9"},
		NetworkFault{Kind: FaultPeering, From: "aks-1", To: "aks-1"},
		object{"kind": FaultRoute, "misspelt": true},
	} {
		if r := s.do(http.MethodPut, s.web.URL+"/simulation/network/x", body); r.status < 400 {
			t.Errorf("%v: %d", body, r.status)
		}
	}
}

// TestForgottenFaults: a cluster that starts afresh leaves no fault with another.
func TestForgottenFaults(t *testing.T) {
	dir := t.TempDir()
	second := testCluster(2)
	second.SubscriptionID = "00000000-0000-0000-0000-000000000002"
	s, stop := start(t, dir, testCluster(1), second)
	s.bend("network/x", NetworkFault{Kind: FaultPeering, From: "aks-1", To: "aks-2"})
	s.bend("network/y", NetworkFault{Kind: FaultRoute, From: "aks-1", To: "aks-2"})
	stop()
	if err := Forget(dir, second.SubscriptionID); err != nil {
		t.Fatal(err)
	}
	s, stop = start(t, dir, testCluster(1), second)
	defer stop()
	if got := s.networkOf(); strings.Contains(got, "Disconnected") || strings.Contains(got, "simulated-") {
		t.Errorf("the network is still broken: %s", got)
	}
}

// TestPeeringHalves: halves find and lose each other as in Azure.
func TestPeeringHalves(t *testing.T) {
	s := startOnce(t)
	one, two := testCluster(1), testCluster(2)
	state := func(from, to *Cluster) string {
		r := s.call(http.MethodGet, from.vnetID()+"/virtualNetworkPeerings/to-"+to.VNet, networkAPI, nil)
		return digString(r.body, "properties", "peeringState")
	}
	half := func(from, to *Cluster) *reply {
		return s.call(http.MethodPut, from.vnetID()+"/virtualNetworkPeerings/to-"+to.VNet, networkAPI,
			object{"properties": object{"remoteVirtualNetwork": object{"id": to.vnetID()}}})
	}
	remove := func(from, to *Cluster) {
		s.call(http.MethodDelete, from.vnetID()+"/virtualNetworkPeerings/to-"+to.VNet, networkAPI, nil)
	}
	remove(&one, &two)
	if got := state(&two, &one); got != "Disconnected" {
		t.Errorf("the other half is %q", got)
	}
	if r := half(&one, &two); r.code() != "RemotePeeringIsDisconnected" {
		t.Errorf("PUT beside a disconnected half: %d %v", r.status, r.body)
	}
	remove(&two, &one)
	half(&one, &two)
	if got := state(&one, &two); got != "Initiated" {
		t.Errorf("the first half is %q", got)
	}
	half(&two, &one)
	if a, b := state(&one, &two), state(&two, &one); a != "Connected" || b != "Connected" {
		t.Errorf("both halves: %q and %q", a, b)
	}
}

func TestClient(t *testing.T) {
	dir := t.TempDir()
	s, stop := start(t, dir)
	defer stop()
	if _, err := NewClient(dir, "127.0.0.1:1"); err == nil {
		t.Error("a simulation that never ran has a client")
	}
	if err := writePEM(filepath.Join(dir, "ca.crt"), "CERTIFICATE", s.web.Certificate().Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(dir, strings.TrimPrefix(s.web.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	want := NetworkFault{Kind: FaultRoute, From: "aks-1", To: "aks-2"}
	for _, name := range []string{"a", "b", "c"} {
		if err := c.AddFault(t.Context(), name, want); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.MendFaults(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Faults(t.Context()); err != nil || len(got) != 1 || got["c"] != want {
		t.Errorf("faults %v, %v", got, err)
	}
	if err := c.MendFaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.AddFault(t.Context(), "d", NetworkFault{Kind: "flood"}); err == nil || !strings.Contains(err.Error(), `no network fault "flood"`) {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewClient(dir, ""); err == nil {
		t.Error("an empty ca.crt is accepted")
	}
}
