package azure

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	previewAPI = "2026-03-02-preview"
	stableAPI  = "2026-03-01"
	sub1       = "00000000-0000-0000-0000-000000000001"
)

func testCluster(n int) Cluster {
	name := fmt.Sprintf("aks-%d", n)
	return Cluster{
		Name: name, SubscriptionID: sub1, ResourceGroup: "lab", NodeResourceGroup: "MC_lab_" + name + "_westeurope",
		Location: "westeurope", FQDN: name + "-dns-lab.hcp.westeurope.azmk8s.io", VNet: "vnet-" + name, Subnet: "nodes",
		VNetPrefix:    netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", n)),
		SubnetPrefix:  netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/24", n)),
		ServiceCIDR:   netip.MustParsePrefix("10.0.0.0/16"),
		FirstFrontend: netip.MustParseAddr(fmt.Sprintf("10.%d.0.200", n)), KubeProxyCIDR: "10.244.0.0/16", KubeProxyImage: "kube-proxy",
	}
}

// simulated is a running simulation, without its controllers.
type simulated struct {
	*server
	t   *testing.T
	web *httptest.Server
}

// start opens the state in dir and serves it until stop.
func start(t *testing.T, dir string, clusters ...Cluster) (sim *simulated, stop func()) {
	t.Helper()
	if len(clusters) == 0 {
		clusters = []Cluster{testCluster(1), testCluster(2)}
	}
	s, err := prepare(&Config{Dir: dir, Clusters: clusters, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.runOperations(ctx, controllers(nil).settle) }()
	sim = &simulated{server: s, t: t, web: httptest.NewTLSServer(s.routes())}
	stop = func() {
		sim.web.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return sim, stop
}

func startOnce(t *testing.T, clusters ...Cluster) *simulated {
	t.Helper()
	sim, stop := start(t, t.TempDir(), clusters...)
	t.Cleanup(stop)
	sim.bend("settings", object{"operationDelay": "10ms"})
	return sim
}

// reply is an answer with its body.
type reply struct {
	status int
	header http.Header
	body   object
}

func (r *reply) code() string { return digString(r.body, "error", "code") }

// call sends a request to ARM; header is name, value, name, value, ….
func (s *simulated) call(method, path, version string, body any, header ...string) *reply {
	s.t.Helper()
	if version != "" {
		path += "?api-version=" + version
	}
	return s.do(method, s.web.URL+path, body, append([]string{"Authorization", "Bearer " + s.token}, header...)...)
}

func (s *simulated) do(method, url string, body any, header ...string) *reply {
	s.t.Helper()
	var raw bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&raw).Encode(body); err != nil {
			s.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, &raw)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.web.Client().Do(req)
	if err != nil {
		return &reply{body: object{"transport": err.Error()}}
	}
	defer resp.Body.Close()
	out := &reply{status: resp.StatusCode, header: resp.Header}
	if out.body, err = decode(resp.Body); err != nil && resp.ContentLength != 0 {
		s.t.Fatalf("%s %s: %v", method, url, err)
	}
	return out
}

// bend sets something below /simulation/.
func (s *simulated) bend(path string, body any) {
	s.t.Helper()
	if r := s.do(http.MethodPut, s.web.URL+"/simulation/"+path, body); r.status != http.StatusOK {
		s.t.Fatalf("PUT /simulation/%s: %d %v", path, r.status, r.body)
	}
}

func (s *simulated) cluster() object {
	s.t.Helper()
	c := testCluster(1)
	r := s.call(http.MethodGet, c.id(), previewAPI, nil)
	if r.status != http.StatusOK {
		s.t.Fatalf("GET cluster: %d %v", r.status, r.body)
	}
	return r.body
}

// withKubeProxy is a cluster's body with kube-proxy set.
func withKubeProxy(cluster object, enabled bool) object {
	cluster = clone(cluster)
	ensure(cluster, "properties", "networkProfile")["kubeProxyConfig"] = object{"enabled": enabled}
	return cluster
}

// finish polls an operation to its end, and returns its status.
func (s *simulated) finish(put *reply) object {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	for {
		changed := s.store.change()
		r := s.do(http.MethodGet, put.header.Get("Azure-AsyncOperation"), nil, "Authorization", "Bearer "+s.token)
		if status := digString(r.body, "status"); status != "InProgress" {
			return r.body
		}
		select {
		case <-changed:
		case <-ctx.Done():
			s.t.Fatalf("the operation does not end: %v", r.body)
		}
	}
}

func TestPermissions(t *testing.T) {
	s := startOnce(t)
	cluster := testCluster(1)
	r := s.call(http.MethodGet, cluster.id()+"/providers/Microsoft.Authorization/permissions", "2022-04-01", nil)
	if all := objects(r.body["value"]); r.status != http.StatusOK || len(all) != 1 || fmt.Sprint(all[0]["actions"]) != "[*]" {
		t.Errorf("permissions: %d %v", r.status, r.body)
	}
	unknown := testCluster(9)
	if r := s.call(http.MethodGet, unknown.id()+"/providers/Microsoft.Authorization/permissions", "2022-04-01", nil); r.status != http.StatusNotFound {
		t.Errorf("permissions on a cluster that is not there: %d %v", r.status, r.body)
	}
}

func TestKubeProxyOffAndOn(t *testing.T) {
	s := startOnce(t)
	c := testCluster(1)
	before := s.cluster()
	before["properties"].(object)["aPropertyOfTomorrow"] = object{"big": json.Number("12345678901234567890")}
	put := s.call(http.MethodPut, strings.ToUpper(c.id()[:20])+c.id()[20:], previewAPI, withKubeProxy(before, false), "If-Match", digString(before, "eTag"))
	if put.status != http.StatusOK || digString(put.body, "properties", "provisioningState") != "Updating" {
		t.Fatalf("PUT: %d %v", put.status, put.body)
	}
	if got := digString(s.finish(put), "status"); got != "Succeeded" {
		t.Errorf("operation %s", got)
	}
	off := s.cluster()
	if got, ok := dig(off, "properties", "networkProfile", "kubeProxyConfig").(object); !ok || len(got) != 0 {
		t.Errorf("kubeProxyConfig is %v, want {}", got)
	}
	if digString(off, "eTag") == digString(before, "eTag") {
		t.Error("the eTag did not change")
	}
	if got := fmt.Sprint(dig(off, "properties", "aPropertyOfTomorrow", "big")); got != "12345678901234567890" {
		t.Errorf("an unknown property became %s", got)
	}
	// The {} that a GET shows must not turn kube-proxy on again.
	s.finish(s.call(http.MethodPut, c.id(), previewAPI, off))
	if kubeProxyEnabled(s.store.get(c.id())) {
		t.Error("a PUT of what was read turned kube-proxy on")
	}
	s.finish(s.call(http.MethodPut, c.id(), previewAPI, withKubeProxy(s.cluster(), true)))
	if !kubeProxyEnabled(s.store.get(c.id())) {
		t.Error("kube-proxy is still off")
	}
}

func TestPutRefused(t *testing.T) {
	c := testCluster(1)
	tests := map[string]struct {
		bend    func(s *simulated)
		version string
		body    func(object) object
		ifMatch string
		status  int
		code    string
	}{
		"stale eTag": {ifMatch: "old", status: 412, code: "PreconditionFailed"},
		"operation":  {bend: func(s *simulated) { s.bend("clusters/aks-1", object{"provisioningState": "Upgrading"}) }, status: 409, code: "OperationNotAllowed"},
		"stopped":    {bend: func(s *simulated) { s.bend("clusters/aks-1", object{"powerState": "Stopped"}) }, status: 409, code: "OperationNotAllowed"},
		"feature":    {bend: func(s *simulated) { s.bend("settings", object{"featureRequired": true}) }, status: 400, code: "BadRequest"},
		"not BYOCNI": {bend: func(s *simulated) {
			s.bend("clusters/aks-1", object{"properties": object{"networkProfile": object{"networkPlugin": "azure"}}})
		}, status: 400, code: "KubeProxyConfigDisabledBYOCNIOnly"},
		"stable API":    {version: stableAPI, status: 400, code: "UnmarshalError"},
		"unknown API":   {version: "2020-01-01", status: 400, code: "NoRegisteredProviderFound"},
		"lost property": {body: func(o object) object { delete(digObject(o, "properties", "networkProfile"), "serviceCidr"); return o }, status: 400, code: "PropertyChangeNotAllowed"},
		"linked": {bend: func(s *simulated) {
			s.bend("faults/rights", object{"method": "PUT", "path": "managedClusters/aks-1", "status": 403, "code": "LinkedAuthorizationFailed"})
		}, status: 403, code: "LinkedAuthorizationFailed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := startOnce(t)
			if test.bend != nil {
				test.bend(s)
			}
			body := withKubeProxy(s.cluster(), false)
			if test.body != nil {
				body = test.body(body)
			}
			version := test.version
			if version == "" {
				version = previewAPI
			}
			r := s.call(http.MethodPut, c.id(), version, body, "If-Match", test.ifMatch)
			if r.status != test.status || r.code() != test.code {
				t.Errorf("%d %v, want %d %s", r.status, r.body, test.status, test.code)
			}
			if !kubeProxyEnabled(s.store.get(c.id())) {
				t.Error("kube-proxy is off all the same")
			}
		})
	}
}

func TestReadOnlyIsIgnored(t *testing.T) {
	s := startOnce(t)
	c := testCluster(1)
	body := withKubeProxy(s.cluster(), false)
	properties := body["properties"].(object)
	properties["fqdn"], properties["powerState"] = "elsewhere", object{"code": "Stopped"}
	delete(properties, "resourceUID")
	s.finish(s.call(http.MethodPut, c.id(), previewAPI, body))
	after := s.cluster()
	if got := digString(after, "properties", "fqdn"); got != c.FQDN {
		t.Errorf("fqdn became %q", got)
	}
	if got := digString(after, "properties", "powerState", "code"); got != "Running" {
		t.Errorf("power state became %q", got)
	}
	if digString(after, "properties", "resourceUID") == "" {
		t.Error("resourceUID is gone")
	}
}

func TestOperationFails(t *testing.T) {
	s := startOnce(t)
	c := testCluster(1)
	s.bend("faults/operation-aks-1", object{"code": "ReconcileError", "message": "it broke", "times": 1})
	op := s.finish(s.call(http.MethodPut, c.id(), previewAPI, withKubeProxy(s.cluster(), false)))
	if digString(op, "status") != "Failed" || digString(op, "error", "code") != "ReconcileError" {
		t.Errorf("operation %v", op)
	}
	if got := digString(s.cluster(), "properties", "provisioningState"); got != "Failed" {
		t.Errorf("provisioningState %s, want Failed", got)
	}
	op = s.finish(s.call(http.MethodPut, c.id(), previewAPI, withKubeProxy(s.cluster(), false)))
	if digString(op, "status") != "Succeeded" {
		t.Errorf("the second PUT: %v", op)
	}
}

// TestRestart: a PUT under way ends in the next run, and what tests bent stays.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	c := testCluster(1)
	s, stop := start(t, dir)
	s.bend("settings", object{"operationDelay": "1h"})
	put := s.call(http.MethodPut, c.id(), previewAPI, withKubeProxy(s.cluster(), false))
	s.bend("settings", object{"operationDelay": "0s"})
	stop()
	address := s.web.URL

	s, stop = start(t, dir, testCluster(1), testCluster(2), testCluster(3))
	defer stop()
	put.header.Set("Azure-AsyncOperation", strings.Replace(put.header.Get("Azure-AsyncOperation"), address, s.web.URL, 1))
	if got := digString(s.finish(put), "status"); got != "Succeeded" {
		t.Errorf("operation %s", got)
	}
	if kubeProxyEnabled(s.store.get(c.id())) {
		t.Error("kube-proxy is on again")
	}
	all := s.call(http.MethodGet, "/subscriptions/"+sub1+"/providers/Microsoft.ContainerService/managedClusters", previewAPI, nil)
	if got := len(objects(all.body["value"])); got != 3 {
		t.Errorf("%d clusters, want 3", got)
	}
}

func TestTokens(t *testing.T) {
	s := startOnce(t)
	c := testCluster(1)
	url := s.web.URL + c.id() + "?api-version=" + previewAPI
	for header, code := range map[string]string{"": "AuthenticationFailed", "Bearer wrong": "InvalidAuthenticationToken"} {
		if r := s.do(http.MethodGet, url, nil, "Authorization", header); r.status != http.StatusUnauthorized || r.code() != code {
			t.Errorf("with %q: %d %v", header, r.status, r.body)
		}
	}
	r := s.call(http.MethodGet, c.id(), "", nil)
	if r.code() != "MissingApiVersionParameter" {
		t.Errorf("without a version: %v", r.body)
	}
	if got := r.header.Get("Server"); got != serverName {
		t.Errorf("Server: %q", got)
	}
}

func TestFaults(t *testing.T) {
	s := startOnce(t)
	c := testCluster(1)
	get := func() *reply { return s.call(http.MethodGet, c.id(), previewAPI, nil) }
	s.bend("faults/slow", object{"status": 429, "code": "TooManyRequests", "retryAfter": 7, "times": 1})
	if r := get(); r.status != 429 || r.header.Get("Retry-After") != "7" {
		t.Errorf("%d, Retry-After %q", r.status, r.header.Get("Retry-After"))
	}
	if r := get(); r.status != http.StatusOK {
		t.Errorf("after one time: %d", r.status)
	}
	s.bend("faults/slow", object{"status": 500, "every": 3})
	if got := []int{get().status, get().status, get().status}; got[0] != 200 || got[1] != 200 || got[2] != 500 {
		t.Errorf("every third: %v", got)
	}
	s.bend("faults/slow", object{"method": "PUT", "drop": true, "late": true, "times": 1})
	if r := s.call(http.MethodPut, c.id(), previewAPI, withKubeProxy(s.cluster(), false)); r.status != 0 {
		t.Errorf("a dropped connection answered %d", r.status)
	}
	if kubeProxyEnabled(s.store.get(c.id())) {
		t.Error("a late fault kept the request from being carried out")
	}
	if r := s.do(http.MethodPut, s.web.URL+"/simulation/faults/x", object{"statsu": 1}); r.status != http.StatusBadRequest {
		t.Errorf("a misspelt field: %d", r.status)
	}
}

// TestRun: Run serves what az and ca.crt lead to, and ends with its context.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	probe, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, Config{Dir: dir, Listen: address, Clusters: []Cluster{testCluster(1)}}) }()
	eventually(t, "an answer that ca.crt vouches for", func(ctx context.Context) bool {
		return asked(ctx, dir, address) == http.StatusOK
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if err := Run(t.Context(), Config{Dir: dir, Listen: address, Clusters: []Cluster{{Name: "x"}}}); err == nil {
		t.Error("Run took half a cluster")
	}
}

// asked reads the subscription as a client would who has nothing but the state
// directory, and returns the HTTP status, or 0.
func asked(ctx context.Context, dir, address string) int {
	ca, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return 0
	}
	token, err := os.ReadFile(filepath.Join(dir, "token"))
	if err != nil {
		return 0
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/subscriptions/"+sub1+"?api-version=2021-04-01", nil)
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+string(token))
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
