package meshfile

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// member is a cluster as join leaves it, whose release has the user's values
// besides join's.
func member(t *testing.T, n string, id int, users map[string]any) mesh.Facts {
	t.Helper()
	f := mesh.Facts{
		Context:    "aks-" + n,
		Kubernetes: &mesh.Kubernetes{UID: "uid-" + n, Version: "v1.37.1", Host: "aks-" + n + ".hcp.westeurope.azmk8s.io", Port: 443, ServiceCIDRs: []string{"10.0.0.0/16"}, AKS: true},
		Nodes:      []mesh.Node{{Name: "node-" + n, InternalIPs: []string{"10.24" + n + ".0.4"}}},
		KubeProxy:  &mesh.KubeProxy{},
		Azure: &mesh.Azure{
			ID:   "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-" + n,
			FQDN: "aks-" + n + ".hcp.westeurope.azmk8s.io", NetworkPlugin: "none", KubeProxy: "disabled", State: "Succeeded",
		},
		CA: &mesh.CA{Cert: mesh.Cert{Fingerprint: "shared"}, HelmOwned: true, KeyMatches: true},
		Service: &mesh.Service{
			Type: "LoadBalancer", Addresses: []string{"10.24" + n + ".0.100"}, Port: 2379, HelmOwned: true, PublishNotReady: true,
			Annotations: map[string]string{"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
		},
	}
	bare := f
	draft, err := join.Make(mesh.Snapshot{Clusters: []mesh.Facts{bare}}, join.Wish{
		ClusterIDs: map[string]int{f.Context: id}, ChartVersion: "1.20.1", Values: map[string]map[string]any{"": users},
	})
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string][]string{"aks-1": {"10.241.0.100"}, "aks-2": {"10.242.0.100"}}
	values, err := draft.Values(&draft.Clusters[0], addresses)
	if err != nil {
		t.Fatal(err)
	}
	// As the API server stores it, and with the peers of the whole mesh.
	values["clustermesh"].(map[string]any)["config"].(map[string]any)["clusters"] = map[string]any{
		"aks-1": map[string]any{"ips": []any{"10.241.0.100"}, "port": 2379}, "aks-2": map[string]any{"ips": []any{"10.242.0.100"}, "port": 2379},
	}
	f.Config = &mesh.Config{
		ClusterName: f.Context, ClusterID: id, MaxConnectedClusters: 255, PodCIDRs: []string{draft.Clusters[0].PodCIDRs[0].String()},
		RoutingMode: "tunnel", TunnelProtocol: "vxlan", TunnelPort: 8472, KubeProxyReplacement: true, IPv4: true, Encryption: "none",
	}
	if id == 2 {
		f.Config.PodCIDRs = []string{"100.65.0.0/16"}
	}
	f.Release = &mesh.Release{Name: "cilium", Namespace: "kube-system", Revision: 1, Status: "deployed", ChartVersion: "1.20.1", Values: values}
	f.Peers = []mesh.Peer{{Name: "aks-1"}, {Name: "aks-2"}}
	return f
}

func goldenFile(t *testing.T, name string, e *Exported) {
	t.Helper()
	got, err := e.File.YAML(e.Notes...)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	golden.Compare(t, path, string(got))
}

// TestExportedMeshIsJoined: of what is exported, join finds nothing to do.
func TestExportedMeshIsJoined(t *testing.T) {
	users := map[string]any{"debug": map[string]any{"enabled": true}, "hubble": map[string]any{"relay": map[string]any{"enabled": true}, "ui": map[string]any{"password": "open-sesame"}}}
	s := mesh.Snapshot{Clusters: []mesh.Facts{member(t, "1", 1, users), member(t, "2", 2, users)}}
	exported, err := FromSnapshot(s)
	if err != nil {
		t.Fatal(err)
	}
	goldenFile(t, "exported.yaml", exported)
	text, err := exported.File.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "open-sesame") {
		t.Errorf("a secret is in\n%s", text)
	}
	f := parsed(t, string(text))
	if err := f.Whole(); err != nil || len(exported.Missing) > 0 {
		t.Errorf("missing are %q: %v", exported.Missing, err)
	}
	draft, err := join.Make(s, f.Wish())
	if err != nil {
		t.Fatal(err)
	}
	if plan := draft.Plan(join.Live{}); !plan.Empty() {
		t.Errorf("join -f has something to do: %+v", plan.Steps)
	}
}

// TestExportOfUnlikeClusters: what differs between clusters is said of each, or
// left out with a note.
func TestExportOfUnlikeClusters(t *testing.T) {
	one, two := member(t, "1", 1, map[string]any{"debug": map[string]any{"enabled": true}}), member(t, "2", 2, nil)
	two.Config.TunnelProtocol, two.Release.ChartVersion = "geneve", "1.19.4"
	two.Service.Annotations = map[string]string{
		"service.beta.kubernetes.io/azure-load-balancer-ipv4": "10.242.0.200", "service.beta.kubernetes.io/azure-load-balancer-internal-subnet": "mesh",
	}
	two.Kubernetes.AKS, two.KubeProxy.Present, two.Azure = true, true, nil
	one.Peers = append(one.Peers, mesh.Peer{Name: "far"})
	exported, err := FromSnapshot(mesh.Snapshot{Clusters: []mesh.Facts{one, two}})
	if err != nil {
		t.Fatal(err)
	}
	goldenFile(t, "unlike.yaml", exported)
	if diff := cmp.Diff([]string{"far"}, exported.Missing); diff != "" || exported.File.Whole() == nil {
		t.Errorf("a file without a member is taken for whole (-want +got):\n%s", diff)
	}
}

func TestExportRefuses(t *testing.T) {
	none, alone, dead := member(t, "1", 1, nil), member(t, "1", 1, nil), mesh.Facts{Context: "aks-3"}
	none.Config, alone.Config.ClusterID = nil, 0
	dead.Problems = []mesh.Problem{{Section: mesh.SectionAPI, Message: "no answer"}}
	_, err := FromSnapshot(mesh.Snapshot{Clusters: []mesh.Facts{none, alone, dead}})
	want := `context "aks-1" has no Cilium: leave it out, or join it first
context "aks-1" is in no mesh: leave it out, or join it first
context "aks-3": api cannot be read: no answer`
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}

func TestLeaving(t *testing.T) {
	f := parsed(t, lines("", "{context: aks-1}", "{context: aks-9}"))
	stranger := member(t, "3", 3, nil)
	stranger.Peers = nil
	got := f.Leaving(mesh.Snapshot{Clusters: []mesh.Facts{member(t, "1", 1, nil), member(t, "2", 2, nil), stranger}})
	if diff := cmp.Diff([]string{"aks-2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
