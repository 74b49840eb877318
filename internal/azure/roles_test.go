package azure

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// role is a custom role, as az role definition create takes it.
type role struct {
	Name, Description                                string
	IsCustom                                         bool
	Actions, NotActions, DataActions, NotDataActions []string
	AssignableScopes                                 []string
}

func readRole(t *testing.T, name string) role {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "azure-roles", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var r role
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !r.IsCustom || r.Name == "" || r.Description == "" || len(r.AssignableScopes) != 1 || len(r.NotActions)+len(r.DataActions)+len(r.NotDataActions) > 0 {
		t.Errorf("%s: %+v", name, r)
	}
	if !slices.IsSorted(r.Actions) {
		t.Errorf("%s: actions are not sorted", name)
	}
	return r
}

// actionOf is what Azure wants for a request, by the rule that ARM's paths
// follow: provider, types without names, and what is done. It is empty for
// Resource Graph, which answers anyone with what they may read anyway.
func actionOf(t *testing.T, request string) string {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	does := map[string]string{http.MethodGet: "/read", http.MethodPut: "/write"}[method]
	at := strings.LastIndex(strings.ToLower(path), "/providers/")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case method == http.MethodPost && strings.EqualFold(path, "/providers/Microsoft.ResourceGraph/resources"):
		return ""
	case does == "":
		t.Fatalf("no action is known for %s", request)
	case at < 0 && strings.HasSuffix(path, "/operations/op"):
		// The fake's short form of …/providers/Microsoft.ContainerService/locations/LOCATION/operations/ID.
		return "Microsoft.ContainerService/locations/operations" + does
	case at < 0 && len(parts) == 4 && strings.EqualFold(parts[2], "resourceGroups"):
		return "Microsoft.Resources/subscriptions/resourceGroups" + does
	}
	below := strings.Split(path[at+len("/providers/"):], "/")
	if len(below) == 1 {
		return "Microsoft.Resources/subscriptions/providers" + does
	}
	action := below[0]
	for i := 1; i < len(below); i += 2 {
		action += "/" + below[i]
	}
	return action + does
}

func actionsOf(t *testing.T, fakes ...*fakeARM) []string {
	t.Helper()
	var all []string
	for _, f := range fakes {
		for _, request := range f.requests {
			if action := actionOf(t, request); action != "" {
				all = append(all, action)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// found looks for a cluster in all ways: by the owner of the nodes' group, by
// subscription and by Resource Graph.
func found(t *testing.T) *fakeARM {
	t.Helper()
	f := newFakeARM(t)
	f.before = func(_ *fakeARM, r *http.Request) *answer {
		path := strings.ToLower(r.URL.Path)
		if strings.HasSuffix(path, "/resourcegroups/mc_rg_aks-1_westeurope") || strings.HasSuffix(path, "/managedclusters") {
			return armFailure(http.StatusForbidden, "AuthorizationFailed", "no")
		}
		return nil
	}
	hint := Hint{Host: testHost, ProviderIDs: []string{
		"azure:///subscriptions/" + testSub + "/resourceGroups/MC_rg_aks-1_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/s/virtualMachines/0",
	}}
	if _, err := f.client(t).Find(t.Context(), hint); err != nil {
		t.Fatal(err)
	}
	return f
}

// looked finds a cluster and reads the network around clusters of both kinds.
func looked(t *testing.T) []*fakeARM {
	t.Helper()
	own := withNetwork(t)
	own.set([]any{object{"vnetSubnetID": testSubnet}, object{"vnetSubnetID": testSubnet, "type": "VirtualMachines"}}, "agentPoolProfiles")
	managed := withNetwork(t) // a network that AKS made is listed in the nodes' group
	managed.set([]any{object{"name": "p1"}}, "agentPoolProfiles")
	own.survey(t)
	managed.survey(t)
	return []*fakeARM{found(t), own, managed}
}

// TestDoctorRole: the role has the actions for what doctor asks, and no others.
func TestDoctorRole(t *testing.T) {
	if diff := cmp.Diff(actionsOf(t, looked(t)...), readRole(t, "doctor").Actions); diff != "" {
		t.Errorf("asked for (-) and in docs/azure-roles/doctor.json (+):\n%s", diff)
	}
}

// linked are actions that no request names: Azure checks them for what the
// body of a PUT refers to.
func linked() []string {
	return []string{
		"Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
		"Microsoft.Network/virtualNetworks/subnets/join/action",
	}
}

// TestJoinRole: likewise for join, which looks at the same before it writes.
func TestJoinRole(t *testing.T) {
	f := newFakeARM(t)
	c := f.client(t)
	if _, err := c.ManagedCluster(t.Context(), testID()); err != nil {
		t.Fatal(err)
	}
	c.MayWrite(t.Context(), testID())
	if err := c.SetKubeProxy(t.Context(), testID(), false, nil); err != nil {
		t.Fatal(err)
	}
	want := append(actionsOf(t, append(looked(t), f)...), linked()...)
	slices.Sort(want)
	if diff := cmp.Diff(want, readRole(t, "join").Actions); diff != "" {
		t.Errorf("asked for (-) and in docs/azure-roles/join.json (+):\n%s", diff)
	}
}
