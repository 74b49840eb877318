package azure

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const testSubnet = "/subscriptions/" + testSub + "/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v1/subnets/nodes"

func TestFacts(t *testing.T) {
	m, err := newFakeARM(t).client(t).ManagedCluster(t.Context(), testID())
	if err != nil {
		t.Fatal(err)
	}
	want := mesh.Azure{
		ID: testID().String(), State: "Succeeded", Power: "Running", FQDN: testHost,
		NodeResourceGroup: "MC_rg_aks-1_westeurope", NetworkPlugin: "none",
		PodCIDRs: []string{"10.244.0.0/16"}, ServiceCIDRs: []string{"10.0.0.0/16"},
		KubeProxy: "enabled", ProbeMode: "ServiceNodePort", NodeTaints: []string{"a=b:NoSchedule"},
		Subnets: []mesh.Subnet{{
			ID: testSubnet, Prefixes: []string{"10.1.0.0/24"},
			VNet: strings.TrimSuffix(testSubnet, "/subnets/nodes"), VNetSpace: []string{"10.1.0.0/16"},
		}},
	}
	if diff := cmp.Diff(want, m.Facts()); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if m.ETag != "1" {
		t.Errorf("eTag %q, want 1", m.ETag)
	}
}

// TestFactsWithoutNetworkRights: who may not read the network still learns the rest.
func TestFactsWithoutNetworkRights(t *testing.T) {
	f := newFakeARM(t)
	f.before = func(_ *fakeARM, r *http.Request) *answer {
		if strings.HasSuffix(r.URL.Path, "/v1") {
			return armFailure(403, "AuthorizationFailed", "no")
		}
		return nil
	}
	m, err := f.client(t).ManagedCluster(t.Context(), testID())
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Facts().Subnets; len(got) != 1 || got[0].ID != testSubnet || got[0].Prefixes != nil {
		t.Errorf("subnets %v, want one without prefixes", got)
	}
}

func TestManagedSubnets(t *testing.T) {
	f := newFakeARM(t)
	f.set([]any{object{"name": "p1"}}, "agentPoolProfiles")
	f.before = func(_ *fakeARM, r *http.Request) *answer {
		switch {
		case strings.HasSuffix(r.URL.Path, "/page2"):
			return &answer{status: 200, body: `{"value": [` + testVNet + `]}`}
		case strings.HasSuffix(r.URL.Path, "/virtualNetworks"):
			return f.ok(object{"value": []any{}, "nextLink": "https://" + r.URL.Host + "/page2"})
		}
		return nil
	}
	m, err := f.client(t).ManagedCluster(t.Context(), testID())
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Facts().Subnets; len(got) != 1 || !cmp.Equal(got[0].VNetSpace, []string{"10.1.0.0/16"}) {
		t.Errorf("subnets %v, want the one of the second page", got)
	}
}

// TestForeignNextLink: the token must not go where a link leads.
func TestForeignNextLink(t *testing.T) {
	f := newFakeARM(t)
	f.before = func(_ *fakeARM, r *http.Request) *answer {
		if r.URL.Host != "management.azure.com" {
			t.Errorf("asked %s", r.URL)
		}
		return f.ok(object{"value": []any{}, "nextLink": "https://evil.example/x"})
	}
	if _, err := f.client(t).list(t.Context(), "/x", "2024-05-01"); err == nil {
		t.Error("a link to another host was followed")
	}
}

func TestKubeProxyStates(t *testing.T) {
	const stable, preview = "2026-03-01", "2026-03-02-preview"
	tests := map[string]struct {
		config  any
		version string
		want    KubeProxyState
	}{
		"absent":                 {nil, preview, KubeProxyEnabled},
		"empty":                  {object{}, preview, KubeProxyDisabled},
		"false":                  {object{"enabled": false}, preview, KubeProxyDisabled},
		"true":                   {object{"enabled": true}, preview, KubeProxyEnabled},
		"mode with enabled":      {object{"enabled": true, "mode": "IPVS"}, preview, KubeProxyEnabled},
		"absent in a stable API": {nil, stable, KubeProxyUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			network := object{}
			if test.config != nil {
				network["kubeProxyConfig"] = test.config
			}
			m := &ManagedCluster{Raw: object{"properties": object{"networkProfile": network}}, version: test.version}
			if got := m.KubeProxy(); got != test.want {
				t.Errorf("KubeProxy() = %s, want %s", got, test.want)
			}
		})
	}
}

// TestVersionOverride: the user's version is used, and nobody is asked what is offered.
func TestVersionOverride(t *testing.T) {
	f := newFakeARM(t)
	c := f.client(t)
	c.version = "2027-01-02-preview"
	if _, err := c.read(t.Context(), testID()); err != nil {
		t.Fatal(err)
	}
	if len(f.requests) != 1 {
		t.Errorf("requests %v, want one", f.requests)
	}
}

func TestMissingCluster(t *testing.T) {
	_, err := newFakeARM(t).client(t).ManagedCluster(t.Context(), ID{testSub, "rg", "nope"})
	var got *Error
	if !errors.As(err, &got) || got.Status != http.StatusNotFound {
		t.Errorf("error %v, want one with status 404", err)
	}
}
