package agent

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// The files in testdata are written by hand after the models in Cilium's
// api/v1/models (1.20.1), not recorded; testdata/README.md says so too.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func wantRemotes() []mesh.Remote {
	return []mesh.Remote{
		{
			Name: "aks-2", Connected: true, Ready: true, Synced: true, ID: 2, Nodes: 3, Endpoints: 41, Services: 2,
			Failures: 1, LastFail: time.Date(2026, 11, 22, 9, 30, 12, 250e6, time.UTC),
			Status: "etcd: 1/1 connected, leases=0, lock leases=0, has-quorum=true: endpoint status checks are disabled, ID: c6ba18866da7dfd8",
			EtcdID: "c6ba18866da7dfd8",
		},
		{Name: "aks-3", Failures: 4, LastFail: time.Date(2026, 11, 22, 9, 31, 0, 0, time.UTC), Status: "Waiting for initial connection to be established"},
	}
}

func TestParseStatus(t *testing.T) {
	remotes, version, err := ParseStatus(fixture(t, "agent-status.json"))
	if err != nil {
		t.Fatal(err)
	}
	if version != "1.20.1" {
		t.Errorf("version %q", version)
	}
	if diff := cmp.Diff(wantRemotes(), remotes); diff != "" {
		t.Errorf("remotes (-want +got):\n%s", diff)
	}
}

func TestParseStatusEdges(t *testing.T) {
	for name, test := range map[string]struct {
		data    string
		version string
		remotes int
		bad     bool
	}{
		"no mesh":         {data: `{"cilium": {"msg": "1.18.5 (v1.18.5-abc)    Stale status data"}}`, version: "1.18.5"},
		"starting":        {data: `{"cilium": {"msg": "Not all probes executed at least once"}, "cluster-mesh": {"clusters": [null, {"name": "a"}]}}`, remotes: 1},
		"not JSON":        {data: "Error: timeout", bad: true},
		"another program": {data: `{"kind": "Status"}`, bad: true},
	} {
		remotes, version, err := ParseStatus([]byte(test.data))
		if (err != nil) != test.bad || version != test.version || len(remotes) != test.remotes {
			t.Errorf("%s: %v, %q, %v", name, remotes, version, err)
		}
	}
}

func TestParseKVStoreMesh(t *testing.T) {
	remotes, err := ParseKVStoreMesh(fixture(t, "kvstoremesh-status.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantRemotes(), remotes); diff != "" {
		t.Errorf("remotes (-want +got):\n%s", diff)
	}
	for _, text := range []string{"", "{}", "Failed to retrieve status information"} {
		if _, err := ParseKVStoreMesh([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// What is not watched is not waited for; what is watched is.
func TestSynced(t *testing.T) {
	for text, want := range map[string]bool{
		`{"nodes": true, "endpoints": true, "identities": true, "services": true}`:                           true,
		`{"nodes": true, "endpoints": true, "identities": true, "services": true, "service-exports": true}`:  true,
		`{"nodes": true, "endpoints": true, "identities": true, "services": true, "service-exports": false}`: false,
		`{"nodes": true, "endpoints": true, "identities": true, "services": true, "endpoint-slices": false}`: false,
		`{"nodes": true, "endpoints": true, "identities": true}`:                                             false,
		`null`: false,
	} {
		var s *synced
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		if got := s.complete(); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add(fixture(f, "agent-status.json"))
	f.Add(fixture(f, "kvstoremesh-status.json"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if remotes, version, err := ParseStatus(data); err != nil && (remotes != nil || version != "") {
			t.Error("an answer came with an error")
		}
		if remotes, err := ParseKVStoreMesh(data); err != nil && remotes != nil {
			t.Error("an answer came with an error")
		}
	})
}

func TestParsePeers(t *testing.T) {
	data := map[string][]byte{
		"aks-2":                 []byte("\nendpoints:\n- https://aks-2.mesh.cilium.io:2379\ntrusted-ca-file: /x\ncilium-host-aliases:\n- hostname: aks-2.mesh.cilium.io\n  ips: \n    - 10.2.0.10\n"),
		"aks-3":                 []byte("endpoints:\n- https://aks-3.mesh.cilium.io:2379\n"),
		"aks-4":                 []byte("endpoints:\n- https://mesh.example:32379\n"),
		"aks-5":                 []byte("endpoints:\n- https://[fd00::5]:2379\n"),
		"aks-4.etcd-client.key": []byte("-----BEGIN EC PRIVATE KEY-----"),
	}
	aliases := map[string][]string{"aks-3.mesh.cilium.io": {"10.3.0.10"}}
	want := []mesh.Peer{
		{Name: "aks-2", Addresses: []string{"10.2.0.10"}, Port: 2379},
		{Name: "aks-3", Addresses: []string{"10.3.0.10"}, Port: 2379},
		{Name: "aks-4", Addresses: []string{"mesh.example"}, Port: 32379},
		{Name: "aks-5", Addresses: []string{"fd00::5"}, Port: 2379},
	}
	got, err := ParsePeers(data, aliases)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("peers (-want +got):\n%s", diff)
	}
}

func TestParsePeersNamesTheBroken(t *testing.T) {
	data := map[string][]byte{
		"b": []byte("endpoints: [\npassword: hush"),
		"a": []byte("endpoints: [\"::hush::\"]"),
	}
	got, err := ParsePeers(data, nil)
	if len(got) != 2 || err == nil || !strings.Contains(err.Error(), "a: ") || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v, %v", got, err)
	}
}

func FuzzParsePeers(f *testing.F) {
	f.Add([]byte("endpoints:\n- https://aks-2.mesh.cilium.io:2379\ncilium-host-aliases:\n- hostname: h\n  ips: [1.2.3.4]\n"))
	f.Add([]byte("endpoints: [https://:0]"))
	f.Fuzz(func(t *testing.T, entry []byte) {
		peers, _ := ParsePeers(map[string][]byte{"x": entry}, nil)
		for _, peer := range peers {
			if peer.Port < 0 || peer.Port > 65535 {
				t.Errorf("port %d", peer.Port)
			}
		}
	})
}
