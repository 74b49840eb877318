package mesh

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestShareViews: agents that say the same have one list. Of the first agents,
// and of the first in trouble, all is kept; of others how the connection is.
func TestShareViews(t *testing.T) {
	up := func(i int) Remote {
		return Remote{Name: "a", Connected: true, Ready: true, Synced: true, ID: 7, Nodes: i, Failures: i, LastFail: time.Unix(int64(i), 0), Status: fmt.Sprint("ready ", i), EtcdID: "e"}
	}
	down := func(i int) Remote { return Remote{Name: "b", ID: 8, Failures: i, Status: fmt.Sprint("lost ", i)} }
	const all = 40
	var agents, want []Agent
	for i := range all {
		a := Agent{Pod: fmt.Sprint(i), Remotes: []Remote{up(i), {Name: "b", Connected: true, Ready: true, Synced: true}}}
		if i >= 20 {
			a.Remotes[1] = down(i)
		}
		agents = append(agents, a)
		w := Agent{Pod: a.Pod, Remotes: slices.Clone(a.Remotes)}
		if i >= mostWhole {
			w.Remotes[0] = Remote{Name: "a", Connected: true, Ready: true, Synced: true, ID: 7, EtcdID: "e"}
		}
		if i >= 20+mostWhole {
			w.Remotes[1] = Remote{Name: "b", ID: 8}
		}
		want = append(want, w)
	}
	agents, want = append(agents, Agent{Pod: "silent", Error: "no answer"}), append(want, Agent{Pod: "silent", Error: "no answer"})
	ShareViews(agents)
	if d := cmp.Diff(want, agents); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	lists := map[*Remote]bool{}
	for i := range all {
		lists[&agents[i].Remotes[0]] = true
	}
	// Each of the first, each of the first in trouble, and the two kinds of others.
	if len(lists) != 2*mostWhole+2 {
		t.Errorf("%d different lists in memory, want %d", len(lists), 2*mostWhole+2)
	}
	ShareViews(agents)
	if d := cmp.Diff(want, agents); d != "" {
		t.Errorf("a second time (-want +got)\n%s", d)
	}
}

func TestSharePaths(t *testing.T) {
	paths := func(text string) []Paths {
		return []Paths{{Cluster: "a", Nodes: 2, Host: Path{TCP: Lost}, Examples: []Example{{Node: "n", Text: text}}}}
	}
	health := []NodeHealth{{Paths: paths("x")}, {Paths: paths("y")}, {Paths: paths("x")}}
	SharePaths(health)
	if d := cmp.Diff([]NodeHealth{{Paths: paths("x")}, {Paths: paths("y")}, {Paths: paths("x")}}, health); d != "" {
		t.Errorf("(-before +after)\n%s", d)
	}
	if &health[0].Paths[0] != &health[2].Paths[0] || &health[0].Paths[0] == &health[1].Paths[0] {
		t.Error("paths are shared where they differ, or not where they are equal")
	}
}
