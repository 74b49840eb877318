package azure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	testSub  = "00000000-0000-0000-0000-000000000001"
	testHost = "aks-1-dns-abc.hcp.westeurope.azmk8s.io"
)

func testID() ID { return ID{testSub, "rg", "aks-1"} }

// testCluster is a managed cluster as ARM shows it, with a property that no SDK knows.
const testCluster = `{
 "id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-1",
 "name": "aks-1", "type": "Microsoft.ContainerService/ManagedClusters", "location": "westeurope", "eTag": "1",
 "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/subscriptions/s/id": {"principalId": "p", "clientId": "c"}}},
 "properties": {
  "provisioningState": "Succeeded", "powerState": {"code": "Running"}, "fqdn": "aks-1-dns-abc.hcp.westeurope.azmk8s.io",
  "nodeResourceGroup": "MC_rg_aks-1_westeurope", "aPropertyOfTomorrow": {"big": 12345678901234567890},
  "agentPoolProfiles": [{"name": "p1", "count": 3, "eTag": "p", "provisioningState": "Succeeded", "nodeTaints": ["a=b:NoSchedule"],
    "vnetSubnetID": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v1/subnets/nodes"}],
  "networkProfile": {"networkPlugin": "none", "serviceCidr": "10.0.0.0/16", "podCidrs": ["10.244.0.0/16"],
    "loadBalancerProfile": {"effectiveOutboundIPs": [{"id": "x"}], "clusterServiceLoadBalancerHealthProbeMode": "ServiceNodePort"}}
 }}`

const testVNet = `{"id": "v1", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [
 {"id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/NET/providers/Microsoft.Network/virtualNetworks/v1/subnets/nodes", "properties": {"addressPrefix": "10.1.0.0/24"}}]}}`

// answer is a canned answer of [fakeARM].
type answer struct {
	status int
	body   string
	header http.Header
}

func armFailure(status int, code, message string) *answer {
	return &answer{status: status, body: fmt.Sprintf(`{"error": {"code": %q, "message": %q}}`, code, message)}
}

// fakeARM is ARM's part with one cluster, as a transport.
type fakeARM struct {
	t *testing.T
	// before may answer a request in ARM's place; a nil answer lets it through.
	before func(f *fakeARM, r *http.Request) *answer

	mu       sync.Mutex
	cluster  object
	versions []string
	tag      int
	polls    int // how often an operation is still in progress
	left     int // polls left of the operation under way; -1 without one
	puts     []object
	requests []string // method and path
}

func newFakeARM(t *testing.T) *fakeARM {
	t.Helper()
	cluster, err := decode([]byte(testCluster))
	if err != nil {
		t.Fatal(err)
	}
	return &fakeARM{t: t, cluster: cluster, versions: []string{"2026-03-01", "2026-03-02-preview"}, tag: 1, polls: 1, left: -1}
}

// client returns a client of f that waits next to nothing.
func (f *fakeARM) client(t *testing.T) *Client {
	t.Helper()
	c, err := newClient(Settings{Transport: f, Credential: staticToken{}}, policy.RetryOptions{MaxRetries: -1}, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type staticToken struct{}

func (staticToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "secret-token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// Do implements policy.Transporter.
func (f *fakeARM) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path)
	if r.Header.Get("Authorization") != "Bearer secret-token" {
		return f.reply(r, armFailure(http.StatusUnauthorized, "InvalidAuthenticationToken", "no")), nil
	}
	if f.before != nil {
		if a := f.before(f, r); a != nil {
			return f.reply(r, a), nil
		}
	}
	return f.reply(r, f.serve(r)), nil
}

func (f *fakeARM) reply(r *http.Request, a *answer) *http.Response {
	header := http.Header{"Content-Type": {"application/json"}}
	for name, values := range a.header {
		header[name] = values
	}
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Header: header, Request: r,
		Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}
}

func (f *fakeARM) ok(v any) *answer {
	raw, err := json.Marshal(v)
	if err != nil {
		f.t.Error(err)
	}
	return &answer{status: http.StatusOK, body: string(raw)}
}

func (f *fakeARM) serve(r *http.Request) *answer {
	path := strings.ToLower(r.URL.Path)
	sub := "/subscriptions/" + testSub
	switch {
	case strings.HasSuffix(path, "/managedclusters/aks-1") && r.Method == http.MethodPut:
		return f.put(r)
	case strings.HasSuffix(path, "/managedclusters/aks-1"):
		return f.ok(f.cluster)
	case strings.HasSuffix(path, "/operations/op"):
		return f.poll()
	case path == sub+"/providers/microsoft.containerservice":
		return f.ok(object{"resourceTypes": []any{object{"resourceType": "managedClusters", "apiVersions": f.versions}}})
	case path == sub+"/providers/microsoft.containerservice/managedclusters":
		return f.ok(object{"value": []any{f.cluster}})
	case path == sub+"/resourcegroups/mc_rg_aks-1_westeurope":
		return f.ok(object{"managedBy": testID().String()})
	case strings.HasSuffix(path, "/virtualnetworks/v1"):
		return &answer{status: http.StatusOK, body: testVNet}
	case path == "/providers/microsoft.resourcegraph/resources":
		return f.ok(object{"data": []any{f.cluster}})
	}
	return armFailure(http.StatusNotFound, "ResourceNotFound", "The resource "+r.URL.Path+" was not found.")
}

func (f *fakeARM) put(r *http.Request) *answer {
	if got, want := r.Header.Get("If-Match"), fmt.Sprint(f.tag); got != want {
		return armFailure(http.StatusPreconditionFailed, "PreconditionFailed", "eTag "+got+" is not "+want)
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	body, err := decode(raw)
	if err != nil {
		f.t.Error(err)
		return armFailure(http.StatusBadRequest, "InvalidRequestContent", err.Error())
	}
	f.puts = append(f.puts, body)
	f.apply(body)
	return &answer{status: http.StatusOK, body: f.ok(f.cluster).body, header: http.Header{
		"Azure-Asyncoperation": {"https://" + r.URL.Host + "/subscriptions/" + testSub + "/operations/op?api-version=1"},
	}}
}

// apply takes over kube-proxy's setting, shows it as ARM does, and starts an operation.
func (f *fakeARM) apply(body object) {
	config := object{}
	if enabled, _ := dig(body, "properties", "networkProfile", "kubeProxyConfig", "enabled").(bool); enabled {
		config["enabled"] = true
	}
	f.cluster["properties"].(object)["networkProfile"].(object)["kubeProxyConfig"] = config
	f.setState("Updating")
	f.left = f.polls
}

func (f *fakeARM) setState(state string) {
	f.tag++
	f.cluster["eTag"] = fmt.Sprint(f.tag)
	f.cluster["properties"].(object)["provisioningState"] = state
}

func (f *fakeARM) poll() *answer {
	if f.left > 0 {
		f.left--
		return f.ok(object{"status": "InProgress"})
	}
	if f.left == 0 {
		f.left = -1
		f.setState("Succeeded")
	}
	return f.ok(object{"status": "Succeeded"})
}

// set changes the cluster's body below properties.
func (f *fakeARM) set(value any, path ...string) {
	at := f.cluster["properties"].(object)
	for _, key := range path[:len(path)-1] {
		at = at[key].(object)
	}
	at[path[len(path)-1]] = value
}

// writes counts the requests that could change something.
func (f *fakeARM) writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if !strings.HasPrefix(r, "GET ") && !strings.Contains(r, "ResourceGraph") {
			n++
		}
	}
	return n
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
