package api

import (
	"encoding/json"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

func TestStatusWithoutAgents(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two)
	writes := watch(t, w)
	// aks-2 is found as a member
	r := w.Run(t, "status", "--context=aks-1", "--output=json")
	if r.ExitCode != 2 {
		t.Errorf("ended with %d, want 2\n%s", r.ExitCode, said(r))
	}
	var status struct {
		Kind     string
		Ready    bool
		Clusters []struct {
			Name, KubeProxy string
			ID, Agents      int
			MeshAddress     []string
		}
		Pairs []struct {
			From, To string
			Ready    bool
		}
	}
	if err := json.Unmarshal([]byte(r.Stdout), &status); err != nil {
		t.Fatalf("%v\n%s", err, said(r))
	}
	if status.Kind != "MeshStatus" || status.Ready || len(status.Clusters) != 2 || len(status.Pairs) != 2 {
		t.Fatalf("status is %+v, want two clusters and two pairs, not ready", status)
	}
	for i, c := range status.Clusters {
		if c.Name != w.Members[i].Context || c.ID != i+1 || c.KubeProxy != "absent" || c.Agents != 0 || len(c.MeshAddress) != 1 {
			t.Errorf("cluster %d is %+v", i, c)
		}
	}
	says(t, r.Stderr, "error: the mesh is not ready")
	text := w.Run(t, "status", "--context=aks-1,aks-2")
	if text.ExitCode != 2 {
		t.Errorf("in words it ended with %d", text.ExitCode)
	}
	says(t, text.Stdout, "aks-1", "aks-2")
	noWrites(t, writes)
	keepsSecrets(t, w, r, text)
}

func TestStatusOfBareClusters(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	w.AddUnreachable(t, "gone")
	r := w.Run(t, "status", "--context=aks-1,gone")
	if r.ExitCode != 2 {
		t.Errorf("ended with %d, want 2\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stdout+r.Stderr, "gone", "unreachable")
}
