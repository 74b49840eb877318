package api

import (
	"sync"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestHelmChangesOfOthersStay has a user change a release while a command is at
// work elsewhere: it is not overwritten, and the same command goes on from it.
func TestHelmChangesOfOthersStay(t *testing.T) {
	chart := second(t)
	for name, test := range map[string]struct {
		members string // of the mesh before
		args    []string
		first   string // the cluster whose first write the user is waiting for
		changed string // the user's
	}{
		"join":    {two, joining(three), "aks-3", "aks-1"},
		"leave":   {three, leaving("aks-3"), "aks-1", "aks-3"},
		"rotate":  {two, rotating(two), "aks-1", "aks-2"},
		"upgrade": {two, []string{"upgrade", "--context", two, "--cilium-version", relabelled, "--chart", chart, "--yes", "--timeout=3m"}, "aks-1", "aks-2"},
	} {
		t.Run(name, func(t *testing.T) {
			var w *apienv.World
			if name == "upgrade" {
				w, _ = joinedMesh(t, two)
			} else {
				w = env.World(t, apienv.WorldOptions{Workloads: true})
				join(t, w, test.members)
			}
			w.Journal.Reset()
			m := w.Member(t, test.changed)
			change := sync.OnceFunc(func() {
				upgrade(t, m, func(v map[string]any) { v["debug"] = map[string]any{"enabled": true} })
			})
			w.Journal.Before(func(c apienv.Call) bool { return c.Target == test.first }, func(apienv.Call) { change() })
			r := w.Run(t, test.args...)
			if r.ExitCode != 1 {
				t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
			}
			says(t, r.Stdout+r.Stderr, "the release has changed since it was looked at: run the same command again")
			if found := newest(t, m); found.Status != "deployed" || value(found.Values, "debug.enabled") != true {
				t.Errorf("the user's change is lost: %s, debug %v", found.Status, value(found.Values, "debug"))
			}
			w.Journal.Reset() // and its hook
			if r := w.Run(t, test.args...); r.ExitCode != 0 {
				t.Errorf("the same command ended with %d\n%s", r.ExitCode, said(r))
			}
			if found := newest(t, m); found.Status != "deployed" || value(found.Values, "debug.enabled") != true {
				t.Errorf("after the same command: %s, debug %v", found.Status, value(found.Values, "debug"))
			}
		})
	}
}
