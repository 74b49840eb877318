package api

import (
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

func TestJoinGrowsAMesh(t *testing.T) {
	var grown state
	t.Run("by one", func(t *testing.T) {
		w := env.World(t, apienv.WorldOptions{})
		join(t, w, two)
		r := join(t, w, "aks-1,aks-3")
		says(t, r.Stderr, "found as member aks-2")
		for name, want := range map[string]int{"aks-1": 2, "aks-2": 2, "aks-3": 1} {
			m := w.Member(t, name)
			if got := revision(t, m); got != want {
				t.Errorf("%s has revision %d, want %d", name, got, want)
			}
			clusters, _ := value(newest(t, m).Values, "clustermesh.config.clusters").(map[string]any)
			if len(clusters) != 3 {
				t.Errorf("%s is told of %v, want three clusters", name, clusters)
			}
		}
		grown = look(t, w)
		writes := watch(t, w)
		says(t, join(t, w, three).Stdout, "nothing to do")
		says(t, join(t, w, "aks-1,aks-3").Stdout, "nothing to do")
		noWrites(t, writes)
	})
	t.Run("to what a join of all at once makes", func(t *testing.T) {
		w := env.World(t, apienv.WorldOptions{})
		join(t, w, three)
		same(t, look(t, w), grown)
	})
}

func TestJoinNeedsEveryMember(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, two)
	w.RemoveContext(t, "aks-2")
	writes := watch(t, w)
	r := w.Run(t, joining("aks-1,aks-3")...)
	refused(t, r)
	if lines := errorLines(r); len(lines) != 1 || !strings.Contains(lines[0], `"aks-2"`) {
		t.Errorf("errors are %q, want one line that names aks-2", lines)
	}
	noWrites(t, writes)
}
