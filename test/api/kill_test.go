package api

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// kill is one case: the plugin dies around a write.
type kill struct {
	write apienv.Call
	when  apienv.Moment
}

func (k kill) String() string {
	return fmt.Sprintf("%s %s %s %s #%d", k.when, k.write.Target, k.write.Verb, strings.ReplaceAll(k.write.Path, "/", "|"), k.write.Nth)
}

// TestKilledJoinIsFinished kills a join right before and right after a write,
// and expects a second join to end with what an undisturbed one ends with.
func TestKilledJoinIsFinished(t *testing.T) {
	want, writes := undisturbed(t)
	kills := sample(writes)
	if allFaults() {
		kills = sweep(writes)
	}
	t.Logf("%d kills for %d writes", len(kills), len(writes))
	for _, k := range kills {
		t.Run(k.String(), func(t *testing.T) { testKill(t, k, want) })
	}
}

// undisturbed is what a join of two bare clusters ends with, and its writes.
func undisturbed(t *testing.T) (end state, writes []apienv.Call) {
	t.Helper()
	t.Run("undisturbed", func(t *testing.T) {
		w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
		join(t, w, two)
		end, writes = look(t, w), w.Journal.Writes()
	})
	return end, writes
}

func testKill(t *testing.T, k kill, want state) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	first, killed := w.RunKilled(t, k.when, apienv.Like(k.write), joining(two)...)
	if !killed {
		t.Fatalf("there was no such write: ended with %d\n%s", first.ExitCode, said(first))
	}
	cut := map[string]bool{}
	for _, m := range w.Members {
		all := revisions(t, m)
		cut[m.Context] = len(all) > 0 && strings.HasPrefix(all[len(all)-1].Labels["status"], "pending-")
	}
	second := join(t, w, two)
	for context, pending := range cut {
		if pending {
			says(t, second.Stderr, "after an interrupted revision", context+"  helm  waits    marking the interrupted revision as failed")
		}
	}
	same(t, want, look(t, w))
	keepsSecrets(t, w, first, second)
	third := watch(t, w)
	says(t, join(t, w, two).Stdout, "nothing to do")
	noWrites(t, third)
}

// sweep is a kill before and one after every write.
func sweep(writes []apienv.Call) []kill {
	var kills []kill
	for _, write := range sorted(writes) {
		kills = append(kills, kill{write, apienv.BeforeWrite}, kill{write, apienv.AfterWrite})
	}
	return kills
}

// sample is both kills for every write but Helm's of the chart's objects. Of
// each kind of those it is one kill before the first, and one after the last.
func sample(writes []apienv.Call) []kill {
	var kills []kill
	objects := map[string][]apienv.Call{} // of the chart, by collection
	for _, write := range sorted(writes) {
		if write.Verb != "patch" || strings.HasSuffix(write.Query, "fieldManager=kubectl-aksmesh") {
			kills = append(kills, kill{write, apienv.BeforeWrite}, kill{write, apienv.AfterWrite})
			continue
		}
		kind := path.Base(path.Dir(write.Path))
		objects[kind] = append(objects[kind], write)
	}
	kinds := make([]string, 0, len(objects))
	for kind := range objects {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		all := objects[kind]
		kills = append(kills, kill{all[0], apienv.BeforeWrite}, kill{all[len(all)-1], apienv.AfterWrite})
	}
	return kills
}

// sorted brings writes into the same order in every run.
func sorted(writes []apienv.Call) []apienv.Call {
	return slices.SortedFunc(slices.Values(writes), func(a, b apienv.Call) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Nth, b.Nth))
	})
}
