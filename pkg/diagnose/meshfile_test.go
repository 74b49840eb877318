package diagnose

import (
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestMeshFileValues compares Helm values, which no fixture has: a difference
// is told by its name, and never by what the value is.
func TestMeshFileValues(t *testing.T) {
	s := snapshot(t, base(t))
	s.Declared = &mesh.Declared{File: "mesh.yaml", Clusters: []mesh.DeclaredCluster{
		{Context: "aks-1", Values: map[string]any{
			"hubble": map[string]any{"relay": map[string]any{"enabled": true}, "password": "open-sesame"},
			"same":   float64(1), "missing": map[string]any{"part": "x"},
		}}, {Context: "aks-2"}, {Context: "kind-3"},
	}}
	s.Clusters[0].Release.Values = map[string]any{
		"k8sServiceHost": "aks-1.hcp.westeurope.azmk8s.io", "same": "1",
		"hubble": map[string]any{"relay": map[string]any{"enabled": true}, "password": "swordfish", "more": true},
	}
	report := Judge(s, Options{})
	for _, f := range report.Findings {
		if f.Code != CodeMeshFile || f.Subject.Names[0] != "aks-1" {
			continue
		}
		got := strings.Join(f.Evidence, "\n")
		want := "values.hubble.password: mesh.yaml has another value than the Helm release\n" +
			"values.missing.part: mesh.yaml has another value than the Helm release"
		if got != want {
			t.Errorf("evidence is\n%s\nwant\n%s", got, want)
		}
		return
	}
	t.Error("nothing was found")
}
