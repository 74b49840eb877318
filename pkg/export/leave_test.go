package export

import (
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/leave"
)

// Of three members, one of which Argo CD owns, one leaves and goes back to
// kube-proxy.
func TestLeave(t *testing.T) {
	clusters := map[string]any{}
	for _, name := range []string{"aks-1", "aks-2", "aks-3"} {
		clusters[name] = map[string]any{"ips": []any{"10.24" + name[4:] + ".0.100"}, "port": 2379}
	}
	var facts []mesh.Facts
	for i, n := range []string{"1", "2", "3"} {
		f := bare("aks-"+n, n)
		f.KubeProxy, f.Azure.KubeProxy = &mesh.KubeProxy{}, "disabled"
		f.Config = &mesh.Config{ClusterName: f.Context, ClusterID: i + 1, MaxConnectedClusters: 255, RoutingMode: "tunnel", TunnelProtocol: "vxlan", KubeProxyReplacement: true, Encryption: "none"}
		f.Release = &mesh.Release{Name: "cilium", Namespace: "kube-system", Status: "deployed", ChartVersion: "1.20.1", Values: map[string]any{
			"cluster":              map[string]any{"name": f.Context, "id": i + 1},
			"kubeProxyReplacement": true,
			"clustermesh":          map[string]any{"useAPIServer": true, "config": map[string]any{"enabled": true, "clusters": clusters}},
		}}
		f.CA = &mesh.CA{Cert: mesh.Cert{Fingerprint: "shared"}, HelmOwned: true, KeyMatches: true}
		f.Service = &mesh.Service{Type: "LoadBalancer"}
		f.Peers = []mesh.Peer{{Name: "aks-1"}, {Name: "aks-2"}, {Name: "aks-3"}}
		facts = append(facts, f)
	}
	facts[1].Release.Owner = "Argo CD application cilium"
	d, err := leave.MakeForFiles(mesh.Snapshot{Clusters: facts}, leave.Wish{Contexts: []string{"aks-3"}, RestoreKubeProxy: true})
	if err != nil {
		t.Fatal(err)
	}
	set, err := Leave(d, Azure{})
	if err != nil {
		t.Fatal(err)
	}
	goldenSet(t, "leave", set)
}
