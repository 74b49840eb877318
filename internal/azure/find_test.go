package azure

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

const testProviderID = "azure:///subscriptions/" + testSub + "/resourceGroups/mc_rg_aks-1_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/x/virtualMachines/0"

func TestFind(t *testing.T) {
	forbid := func(parts ...string) func(*fakeARM) {
		return func(f *fakeARM) {
			f.before = func(_ *fakeARM, r *http.Request) *answer {
				for _, part := range parts {
					if strings.HasSuffix(strings.ToLower(r.URL.Path), part) {
						return armFailure(http.StatusForbidden, "AuthorizationFailed", "no rights")
					}
				}
				return nil
			}
		}
	}
	const group, clusters = "/mc_rg_aks-1_westeurope", "/managedclusters"
	tests := map[string]struct {
		hint    Hint
		prepare func(*fakeARM)
		last    string // part of the last path but one that was asked, i.e. how it was found
		fails   string // part of the error
	}{
		"by owner":                {hint: Hint{ProviderIDs: []string{"kind://x", testProviderID}, Host: testHost}, last: group},
		"by owner, host hidden":   {hint: Hint{ProviderIDs: []string{testProviderID}, Host: "proxy.example.org"}, last: group},
		"by subscription":         {hint: Hint{ProviderIDs: []string{testProviderID}, Host: testHost}, prepare: forbid(group), last: clusters},
		"by graph, host":          {hint: Hint{Host: strings.ToUpper(testHost)}, last: "/resources"},
		"by graph, label":         {hint: Hint{ClusterLabel: "MC_rg_aks-1_westeurope", Host: "proxy.example.org"}, last: "/resources"},
		"by graph, rights":        {hint: Hint{ProviderIDs: []string{testProviderID}, Host: testHost}, prepare: forbid(group, clusters), last: "/resources"},
		"named":                   {hint: Hint{ID: testID().String(), Host: testHost}},
		"named, nothing to check": {hint: Hint{ID: testID().String(), Host: "10.0.0.1"}},
		"named, another cluster":  {hint: Hint{ID: testID().String(), Host: "other-dns.hcp.westeurope.azmk8s.io"}, fails: "not the one that the context leads to"},
		"named badly":             {hint: Hint{ID: "aks-1"}, fails: "expected /subscriptions/"},
		"label of another sub":    {hint: Hint{ClusterLabel: "MC_rg_aks-1_westeurope", Host: "other.hcp.westeurope.azmk8s.io"}, fails: "--azure-id CONTEXT=ID"},
		"nothing to go by":        {fails: "nothing to go by"},
		"nowhere": {
			hint: Hint{ProviderIDs: []string{testProviderID}, Host: testHost}, prepare: forbid(group, clusters, "/resources"),
			fails: "you lack the rights",
		},
		"not logged in": {
			hint: Hint{ProviderIDs: []string{testProviderID}, Host: testHost}, fails: "run 'az login'",
			prepare: func(f *fakeARM) {
				f.before = func(*fakeARM, *http.Request) *answer { return armFailure(401, "ExpiredAuthenticationToken", "expired") }
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t)
			if test.prepare != nil {
				test.prepare(f)
			}
			id, err := f.client(t).Find(t.Context(), test.hint)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want one with %q", err, test.fails)
				}
				return
			}
			if err != nil || !strings.EqualFold(id.String(), testID().String()) {
				t.Fatalf("found %v, %v", id, err)
			}
			if asked := strings.ToLower(strings.Join(f.requests, "\n")); !strings.Contains(asked, test.last) {
				t.Errorf("asked:\n%s\nwant one with %s", asked, test.last)
			}
			if f.writes() != 0 {
				t.Errorf("finding a cluster wrote %v", f.requests)
			}
		})
	}
}

func TestNotFoundSaysWhatWasTried(t *testing.T) {
	f := newFakeARM(t)
	f.set("another.hcp.westeurope.azmk8s.io", "fqdn")
	f.set("MC_other", "nodeResourceGroup")
	_, err := f.client(t).Find(t.Context(), Hint{ProviderIDs: []string{testProviderID}, Host: testHost})
	var missing *NotFoundError
	if !errors.As(err, &missing) {
		t.Fatalf("error %v, want a NotFoundError", err)
	}
	if len(missing.Tried) != 3 || missing.Host != testHost {
		t.Errorf("tried %v for %s, want three ways", missing.Tried, missing.Host)
	}
}

func TestKustoQuotes(t *testing.T) {
	if got, want := kusto(`a' or true \`), `'a\' or true \\'`; got != want {
		t.Errorf("kusto = %s, want %s", got, want)
	}
}
