package rollout

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func TestPodsThatHaveOverlookedACluster(t *testing.T) {
	knows := func(pod string, names ...string) mesh.Agent {
		a := mesh.Agent{Pod: pod}
		for _, name := range names {
			a.Remotes = append(a.Remotes, mesh.Remote{Name: name})
		}
		return a
	}
	expected, start := []string{"b", "c"}, time.Unix(0, 0)
	o := newOverlooked()
	for _, step := range []struct {
		what   string
		after  time.Duration
		agents []mesh.Agent
		want   map[string]string
	}{
		{"seen first", 0, []mesh.Agent{knows("p1", "b"), knows("p2", "b", "c")}, map[string]string{}},
		{"too early", overlookedAfter - 1, []mesh.Agent{knows("p1", "b")}, map[string]string{}},
		{"another one begins", overlookedAfter - 1, []mesh.Agent{knows("p3")}, map[string]string{}},
		{"due", overlookedAfter, []mesh.Agent{knows("p1", "b"), knows("p3")}, map[string]string{"p1": "c"}},
		{"once only", 3 * overlookedAfter, []mesh.Agent{knows("p1", "b")}, map[string]string{}},
		{"it may have come back in between", 4 * overlookedAfter, []mesh.Agent{knows("p3", "b", "c")}, map[string]string{}},
		{"and starts anew", 5 * overlookedAfter, []mesh.Agent{knows("p3", "b")}, map[string]string{}},
		{"who cannot be asked is not judged", 9 * overlookedAfter, []mesh.Agent{{Pod: "p3", Error: "no answer"}}, map[string]string{}},
	} {
		if diff := cmp.Diff(step.want, o.due(step.agents, expected, start.Add(step.after))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.what, diff)
		}
	}
}
