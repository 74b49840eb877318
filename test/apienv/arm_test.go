package apienv

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const preview = "?api-version=2026-03-02-preview"

// armClient talks to a world's ARM with a token of its `az`.
type armClient struct {
	arm   *SimulatedARM
	http  *http.Client
	token string
}

func newARMClient(t *testing.T, w *World) *armClient {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(w.bin(), "az"), "account", "get-access-token", "-o", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var token struct {
		AccessToken string `json:"accessToken"`
		ExpiresOn   int64  `json:"expires_on"`
	}
	if err := json.Unmarshal(out, &token); err != nil || token.ExpiresOn == 0 {
		t.Fatalf("az printed %s: %v", out, err)
	}
	transport := &http.Transport{TLSClientConfig: trusting(t, w.ARM.CA)}
	t.Cleanup(transport.CloseIdleConnections)
	return &armClient{arm: w.ARM, http: &http.Client{Transport: transport}, token: token.AccessToken}
}

// call returns the status, the error's code if any, the body and the headers.
func (c *armClient) call(t *testing.T, method, url string, body map[string]any, match string) (int, string, map[string]any, http.Header) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if match != "" {
		request.Header.Set("If-Match", match)
	}
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(answer, &decoded); err != nil {
		t.Fatalf("%s %s: answer %s: %v", method, url, answer, err)
	}
	refused, _ := at(decoded, "error")
	code, _ := refused["code"].(string)
	return response.StatusCode, code, decoded, response.Header
}

func TestSimulatedARMTurnsKubeProxyOff(t *testing.T) {
	w := shared.World(t, WorldOptions{})
	m, arm := w.Members[0], newARMClient(t, w)
	url := w.ARM.URL + m.Site.ID() + preview
	status, _, resource, _ := arm.call(t, http.MethodGet, url, nil, "")
	if status != http.StatusOK {
		t.Fatalf("GET: %d", status)
	}
	network, _ := at(resource, "properties", "networkProfile")
	if _, ok := network["kubeProxyConfig"]; ok {
		t.Error("a new cluster mentions kubeProxyConfig")
	}
	network["kubeProxyConfig"] = map[string]any{"enabled": false}
	etag, _ := resource["eTag"].(string)
	status, code, _, header := arm.call(t, http.MethodPut, url, resource, etag)
	if status != http.StatusOK {
		t.Fatalf("PUT: %d %s", status, code)
	}
	if status, code, _, _ := arm.call(t, http.MethodPut, url, resource, ""); status != http.StatusConflict {
		t.Errorf("PUT during an operation: %d %s, want 409", status, code)
	}
	eventually(t, "operation does not end", func(context.Context) (bool, error) {
		_, _, operation, _ := arm.call(t, http.MethodGet, header.Get("Azure-AsyncOperation"), nil, "")
		return operation["status"] == "Succeeded", nil
	})
	if _, err := m.Client.AppsV1().DaemonSets("kube-system").Get(t.Context(), kubeProxy, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("DaemonSet kube-proxy is still there: %v", err)
	}
	if _, err := w.Members[1].Client.AppsV1().DaemonSets("kube-system").Get(t.Context(), kubeProxy, metav1.GetOptions{}); err != nil {
		t.Errorf("the other cluster's kube-proxy: %v", err)
	}
	_, _, resource, _ = arm.call(t, http.MethodGet, url, nil, "")
	if proxy, ok := at(resource, "properties", "networkProfile", "kubeProxyConfig"); !ok || len(proxy) != 0 {
		t.Errorf("kubeProxyConfig reads %v, %t; want {}", proxy, ok)
	}
	if status, code, _, _ := arm.call(t, http.MethodPut, url, resource, etag); status != http.StatusPreconditionFailed {
		t.Errorf("PUT with an old eTag: %d %s, want 412", status, code)
	}
	if n := len(w.Journal.Writes()); n != 3 {
		t.Errorf("journal has %d writes, want the 3 PUTs", n)
	}
}

func TestSimulatedARMRefuses(t *testing.T) {
	w := shared.World(t, WorldOptions{Clusters: 1})
	site, arm := w.Members[0].Site, newARMClient(t, w)
	w.ARM.Edit(site, func(resource map[string]any) {
		network, _ := at(resource, "properties", "networkProfile")
		network["networkPlugin"] = "azure"
	})
	_, _, resource, _ := arm.call(t, http.MethodGet, w.ARM.URL+site.ID()+preview, nil, "")
	network, _ := at(resource, "properties", "networkProfile")
	network["kubeProxyConfig"] = map[string]any{"enabled": false}
	for code, url := range map[string]string{
		"KubeProxyConfigDisabledBYOCNIOnly": site.ID() + preview,
		"UnmarshalError":                    site.ID() + "?api-version=2026-03-01",
		"NoRegisteredProviderFound":         site.ID() + "?api-version=2020-01-01",
		"MissingApiVersionParameter":        site.ID(),
		"ResourceNotFound":                  site.ID() + "0" + preview,
	} {
		if _, got, _, _ := arm.call(t, http.MethodPut, w.ARM.URL+url, resource, ""); got != code {
			t.Errorf("PUT %s: %q, want %s", url, got, code)
		}
	}
	arm.token = "another"
	if status, _, _, _ := arm.call(t, http.MethodGet, w.ARM.URL+site.ID()+preview, nil, ""); status != http.StatusUnauthorized {
		t.Errorf("GET with another token: %d, want 401", status)
	}
}

func TestSimulatedARMKnowsGroupsAndNetworks(t *testing.T) {
	w := shared.World(t, WorldOptions{Clusters: 2})
	arm := newARMClient(t, w)
	for _, m := range w.Members {
		_, code, group, _ := arm.call(t, http.MethodGet, w.ARM.URL+groupID(m.Site.NodeResourceGroup())+"?api-version=2021-04-01", nil, "")
		if group["managedBy"] != m.Site.ID() {
			t.Errorf("node resource group of %s: %v %s", m.Context, group, code)
		}
		_, code, subnet, _ := arm.call(t, http.MethodGet, w.ARM.URL+m.Site.SubnetID()+"?api-version=2024-05-01", nil, "")
		if p, _ := at(subnet, "properties"); p["addressPrefix"] != m.Site.Subnet.String() {
			t.Errorf("subnet of %s: %v %s", m.Context, subnet, code)
		}
		_, code, vnets, _ := arm.call(t, http.MethodGet, w.ARM.URL+groupID(ResourceGroup)+"/providers/Microsoft.Network/virtualNetworks?api-version=2024-05-01", nil, "")
		if list, _ := vnets["value"].([]any); len(list) != 2 {
			t.Errorf("virtual networks: %v %s, want 2", vnets, code)
		}
		_, code, vnet, _ := arm.call(t, http.MethodGet, w.ARM.URL+m.Site.VNetID()+"?api-version=2024-05-01", nil, "")
		if vnet["id"] != m.Site.VNetID() {
			t.Errorf("virtual network of %s: %v %s", m.Context, vnet, code)
		}
	}
}

func TestLogOut(t *testing.T) {
	w := shared.World(t, WorldOptions{Clusters: 1})
	w.LogOut(t)
	out, err := exec.CommandContext(t.Context(), filepath.Join(w.bin(), "az"), "account", "get-access-token").CombinedOutput()
	if err == nil {
		t.Errorf("az hands out a token to nobody: %s", out)
	}
}
