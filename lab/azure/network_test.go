package azure

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const networkAPI = "2024-05-01"

func TestNetwork(t *testing.T) {
	s := startOnce(t)
	c := testCluster(1)
	vnet := s.call(http.MethodGet, c.vnetID(), networkAPI, nil).body
	if subnets := objects(dig(vnet, "properties", "subnets")); len(subnets) != 1 || digString(subnets[0], "properties", "addressPrefix") != "10.1.0.0/24" {
		t.Errorf("subnets %v", subnets)
	}
	peerings := objects(dig(vnet, "properties", "virtualNetworkPeerings"))
	if len(peerings) != 1 || digString(peerings[0], "properties", "peeringState") != "Connected" {
		t.Fatalf("peerings %v", peerings)
	}

	broken := clone(peerings[0])
	ensure(broken, "properties")["peeringState"] = "Disconnected"
	if r := s.call(http.MethodPut, digString(broken, "id"), networkAPI, broken); r.status != http.StatusOK {
		t.Errorf("PUT peering: %d %v", r.status, r.body)
	}
	list := s.call(http.MethodGet, c.vnetID()+"/virtualNetworkPeerings", networkAPI, nil)
	if got := objects(list.body["value"]); len(got) != 1 || digString(got[0], "properties", "peeringState") != "Disconnected" {
		t.Errorf("peerings after the PUT: %v", got)
	}
	if r := s.call(http.MethodDelete, digString(broken, "id"), networkAPI, nil); r.status != http.StatusOK {
		t.Errorf("DELETE peering: %d", r.status)
	}

	nsg := groupID(sub1, "lab") + "/providers/Microsoft.Network/networkSecurityGroups/mine"
	r := s.call(http.MethodPut, nsg, networkAPI, object{"location": "westeurope", "properties": object{"securityRules": []any{}}})
	if r.status != http.StatusCreated || digString(r.body, "id") != nsg || len(objects(dig(r.body, "properties", "defaultSecurityRules"))) != 6 {
		t.Errorf("PUT NSG: %d %v", r.status, r.body)
	}
	vnet = s.call(http.MethodGet, c.vnetID(), networkAPI, nil).body
	ensure(objects(dig(vnet, "properties", "subnets"))[0], "properties")["networkSecurityGroup"] = object{"id": nsg}
	s.call(http.MethodPut, c.vnetID(), networkAPI, vnet)
	subnet := s.call(http.MethodGet, c.subnetID(), networkAPI, nil).body
	if got := digString(subnet, "properties", "networkSecurityGroup", "id"); got != nsg {
		t.Errorf("the subnet's NSG is %q", got)
	}
	if r := s.call(http.MethodPut, c.vnetID()+"x/subnets/a", networkAPI, object{}); r.status != http.StatusNotFound {
		t.Errorf("a subnet without a network: %d", r.status)
	}
}

func TestFindingClusters(t *testing.T) {
	s := startOnce(t)
	c := testCluster(2)
	group := s.call(http.MethodGet, groupID(sub1, strings.ToLower(c.NodeResourceGroup)), "2021-04-01", nil)
	if got := digString(group.body, "managedBy"); got != c.id() {
		t.Errorf("managedBy %q", got)
	}
	query := "resources | where tostring(properties.fqdn) =~ '" + strings.ToUpper(c.FQDN) + "' | project id"
	r := s.call(http.MethodPost, "/providers/Microsoft.ResourceGraph/resources", "2021-03-01", object{"query": query})
	if rows := objects(r.body["data"]); len(rows) != 1 || digString(rows[0], "name") != c.Name {
		t.Errorf("resource graph: %v", r.body)
	}
	provider := s.call(http.MethodGet, "/subscriptions/"+sub1+"/providers/Microsoft.ContainerService", "2021-04-01", nil)
	if types := objects(provider.body["resourceTypes"]); len(types) != 1 || len(types[0]["apiVersions"].([]any)) == 0 {
		t.Errorf("provider: %v", provider.body)
	}
}

// TestAz runs the az program the way azidentity does.
func TestAz(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's here")
	s, stop := start(t, dir)
	defer stop()
	az := func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "az"), args...).Output()
		return string(out), err
	}
	out, err := az("account", "get-access-token", "-o", "json", "--resource", "https://management.core.windows.net/")
	if err != nil {
		t.Fatal(err)
	}
	var token struct {
		AccessToken string `json:"accessToken"`
		ExpiresOn   int64  `json:"expires_on"`
	}
	if err := json.Unmarshal([]byte(out), &token); err != nil || token.AccessToken != s.token || token.ExpiresOn == 0 {
		t.Errorf("az gave %q: %v", out, err)
	}
	if out, err := az("account", "show"); err != nil || !strings.Contains(out, sub1) {
		t.Errorf("az account show: %q, %v", out, err)
	}
	if err := os.Remove(filepath.Join(dir, "logged-in")); err != nil {
		t.Fatal(err)
	}
	if _, err := az("account", "get-access-token"); err == nil {
		t.Error("az gave a token without a login")
	}
	if _, err := az("login"); err != nil {
		t.Error(err)
	}
	if _, err := az("account", "get-access-token"); err != nil {
		t.Errorf("after az login: %v", err)
	}
}
