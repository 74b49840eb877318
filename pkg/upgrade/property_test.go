package upgrade_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/pkg/upgrade"
)

// fleet is a random mesh on the way to a random version.
type fleet struct {
	minors []int // of the clusters' versions
	owned  []bool
	to     int
	wish   upgrade.Wish
}

func randomFleet(r *rand.Rand) fleet {
	f := fleet{to: 18 + r.IntN(3)}
	for range 2 + r.IntN(4) {
		f.minors = append(f.minors, 18+r.IntN(3))
		f.owned = append(f.owned, r.IntN(4) == 0)
	}
	f.wish = to(fmt.Sprintf("1.%d.%d", f.to, r.IntN(3)))
	f.wish.Parallel = r.IntN(4)
	return f
}

func (f *fleet) seen() upgrade.Seen {
	var seen upgrade.Seen
	for i, minor := range f.minors {
		name := fmt.Sprintf("aks-%d", i+1)
		c := mesh.Facts{
			Context: name, Config: &mesh.Config{ClusterName: name, ClusterID: i + 1},
			Release: &mesh.Release{Revision: 1, Status: "deployed", ChartVersion: fmt.Sprintf("1.%d.1", minor)},
		}
		if f.owned[i] {
			c.Release.Owner = "Argo CD application cilium"
		}
		seen.Clusters = append(seen.Clusters, c)
	}
	return seen
}

// forbidden says whether Cilium's rules forbid to bring the fleet there: no
// cluster more than one minor version forward or any back, and at no time two
// more than one apart.
func (f *fleet) forbidden() bool {
	for i, from := range f.minors {
		if !f.owned[i] && (f.to < from || f.to > from+1) {
			return true
		}
		for j := range f.minors {
			for _, a := range f.versions(i) {
				for _, b := range f.versions(j) {
					if i != j && (a-b > 1 || b-a > 1) {
						return true
					}
				}
			}
		}
	}
	return false
}

func (f *fleet) versions(i int) []int {
	if f.owned[i] {
		return f.minors[i : i+1]
	}
	return []int{f.minors[i], f.to}
}

// TestSkewRule plans for random fleets, and walks every plan.
func TestSkewRule(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 20)) //nolint:gosec // a test's chance, the same each time
	planned := 0
	for range 800 {
		f := randomFleet(r)
		d, err := upgrade.Make(f.seen(), f.wish)
		if forbidden := f.forbidden(); forbidden != (err != nil) {
			t.Fatalf("minors %v, owned %v, to %s: forbidden is %v, and the error is %v", f.minors, f.owned, f.wish.Version, forbidden, err)
		}
		if err != nil {
			if !strings.Contains(err.Error(), "minor version") || !strings.Contains(err.Error(), `context "aks-`) {
				t.Fatalf("the refusal tells no reason or no context: %v", err)
			}
			continue
		}
		planned++
		walk(t, &f, d.Plan(upgrade.Live{}).Plan)
	}
	if planned < 50 {
		t.Errorf("only %d fleets had a plan", planned)
	}
}

// walk carries out the plan in one of its possible orders, with as much at
// once as it allows, and looks at the mesh at every moment.
func walk(t *testing.T, f *fleet, p plan.Plan) {
	t.Helper()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	now := slices.Clone(f.minors)
	done := map[string]bool{}
	working := map[string]bool{} // clusters that are begun and not connected
	for len(done) < len(p.Steps) {
		before := len(done)
		for _, s := range p.Steps {
			if done[s.ID] || slices.ContainsFunc(s.Needs, func(id string) bool { return !done[id] }) {
				continue
			}
			var number int
			if _, err := fmt.Sscanf(s.Cluster, "aks-%d", &number); err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(s.ID, "/helm") {
				working[s.Cluster] = true
				now[number-1] = f.to
			}
			if len(working) > max(1, f.wish.Parallel) {
				t.Fatalf("%d clusters at once, want at most %d", len(working), max(1, f.wish.Parallel))
			}
			if slices.Max(now)-slices.Min(now) > 1 {
				t.Fatalf("minors %v, to %s: %v at step %s", f.minors, f.wish.Version, now, s.ID)
			}
			if strings.HasSuffix(s.ID, "/connected") {
				delete(working, s.Cluster)
			}
			done[s.ID] = true
		}
		if len(done) == before {
			t.Fatal("the plan does not end")
		}
	}
	for i := range now {
		if !f.owned[i] && now[i] != f.to {
			t.Errorf("cluster %d is left at 1.%d", i+1, now[i])
		}
	}
}
