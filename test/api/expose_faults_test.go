package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// One cluster whose writes fail does not keep the others from being changed,
// and the same command finishes.
func TestExposePartialFailure(t *testing.T) {
	w := shops(t, 3)
	// Requests for this path fail but for reads, of which there is one.
	broken := w.Members[1]
	w.Journal.CutBefore(func(c apienv.Call) bool { return c.Target == broken.Context }, func(apienv.Call) {})
	r := w.Run(t, exposing(three)...)
	if r.ExitCode != 1 {
		t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stdout, "x  aks-2  0 of 1 step done", "ok aks-1", "ok aks-3", "failed  expose (update Service shop/web)")
	says(t, r.Stderr, "error: not everything is done", "the same command")
	for i, want := range []string{"true", "", "true"} {
		if got := web(t, w.Members[i]).Annotations[annotationGlobal]; got != want {
			t.Errorf("%s: global is %q, want %q", w.Members[i].Context, got, want)
		}
	}
	w.Journal.Reset()
	well(t, w, exposing(three))
	if diff := cmp.Diff([]string{"aks-2"}, contextsOf(w.Journal.Writes())); diff != "" {
		t.Errorf("clusters that got writes (-want +got):\n%s", diff)
	}
	nothingLeft(t, w, exposing(three))
}

// An API server that answers with errors for a while is asked again.
func TestExposeThroughFaults(t *testing.T) {
	w := shops(t, 2)
	for seed := range 2 {
		faults := apienv.Faults{Fraction: 0.1, Seed: uint64(seed), Kinds: []apienv.Fault{apienv.TooManyRequests, apienv.ServerError}}
		for _, m := range w.Members {
			m.Proxy.SetFaults(faults)
		}
		well(t, w, exposing(two, "--affinity=local"))
		for _, m := range w.Members {
			if got := web(t, m).Annotations[annotationAffinity]; got != "local" {
				t.Errorf("seed %d: %s: affinity is %q", seed, m.Context, got)
			}
		}
		well(t, w, unexposing(two))
	}
}

// exposeKill is a change that needs several writes in a cluster, what is there
// before, and how many writes there are.
type exposeKill struct {
	name    string
	prepare func(*testing.T, *apienv.World)
	args    []string
	writes  int
}

// A kill around any write leaves what the same command finishes.
func TestKilledExposeIsFinished(t *testing.T) {
	for _, test := range []exposeKill{
		{"annotations", func(*testing.T, *apienv.World) {}, exposing(two, "--shared=false"), 2},
		{"namespace and Service", func(t *testing.T, w *apienv.World) {
			deleteWeb(t, w.Members[1], true)
			well(t, w, exposing("aks-1"))
		}, exposing(two, "--create"), 2},
		{"older names", func(t *testing.T, w *apienv.World) {
			annotateWeb(t, w.Members[0], "kubectl-annotate", map[string]any{legacyGlobal: "true", legacyAffinity: "local"})
		}, exposing("aks-1", "--replace-legacy"), 2},
		{"back", func(t *testing.T, w *apienv.World) {
			deleteWeb(t, w.Members[1], false)
			well(t, w, exposing(two, "--create"))
		}, unexposing(two), 2},
	} {
		for n := 1; n <= test.writes; n++ {
			for _, when := range []apienv.Moment{apienv.BeforeWrite, apienv.AfterWrite} {
				t.Run(fmt.Sprintf("%s %s %d", test.name, when, n), func(t *testing.T) {
					w := shops(t, 2)
					test.prepare(t, w)
					r, killed := w.RunKilled(t, when, apienv.WriteNumber(n), test.args...)
					if !killed {
						t.Fatalf("there was no write %d\n%s", n, said(r))
					}
					second := w.Run(t, test.args...)
					if second.ExitCode != 0 {
						t.Fatalf("ended with %d\n%s", second.ExitCode, said(second))
					}
					nothingLeft(t, w, test.args)
					finished(t, w, strings.HasPrefix(test.args[0], "un"))
				})
			}
		}
	}
}

// finished checks that web is global wherever it is, or nowhere.
func finished(t *testing.T, w *apienv.World, back bool) {
	t.Helper()
	if back {
		gone(t, w.Members[1], true)
		if _, ok := web(t, w.Members[0]).Annotations[annotationGlobal]; ok {
			t.Error("aks-1: still global")
		}
		return
	}
	if got := web(t, w.Members[0]).Annotations[annotationGlobal]; got != "true" {
		t.Errorf("aks-1: global is %q", got)
	}
}

// Ctrl-C leaves what was begun in order, and says how to go on.
func TestExposeInterrupted(t *testing.T) {
	w := shops(t, 2)
	var process *apienv.Process
	started := make(chan struct{})
	w.Journal.Before(apienv.WriteNumber(1), func(apienv.Call) {
		<-started
		interrupt(t, process)
	})
	process = w.Launch(t, exposing(two, "--parallel=1")...)
	close(started)
	r := process.Wait()
	if r.ExitCode != 130 && r.ExitCode != 0 { // it may have been done by then
		t.Errorf("ended with %d, want 130\n%s", r.ExitCode, said(r))
	}
	if r.ExitCode == 130 {
		says(t, r.Stderr, "error: interrupted")
	}
	well(t, w, exposing(two))
	nothingLeft(t, w, exposing(two))
}
