package node

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func TestFiles(t *testing.T) {
	n := shape.Node{Cluster: 3, Index: 1}
	files, err := Files(n, Identity{CA: []byte("ca"), Kubeconfig: []byte("config")}, "example.com/pause:1")
	if err != nil {
		t.Fatal(err)
	}
	var kubelet struct{ ProviderID string }
	if err := yaml.Unmarshal(files["etc/kubernetes/kubelet.yaml"], &kubelet); err != nil {
		t.Fatal(err)
	}
	if kubelet.ProviderID != n.ProviderID() {
		t.Errorf("provider id %q, want %q", kubelet.ProviderID, n.ProviderID())
	}
	for file, want := range map[string]string{
		"etc/hosts":                   "10.240.0.13 aks-3-lab.hcp.westeurope.azmk8s.io\n",
		"etc/containerd/config.toml":  `sandbox = "example.com/pause:1"`,
		"etc/kubernetes/certs/ca.crt": "ca",
		"var/lib/kubelet/kubeconfig":  "config",
	} {
		if !strings.Contains(string(files[file]), want) {
			t.Errorf("%s lacks %q:\n%s", file, want, files[file])
		}
	}
}
