package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestKilledUpgradeIsFinished kills an upgrade right before and right after a
// write, and expects a second one to end with what an undisturbed one ends
// with, and to know the way back.
func TestKilledUpgradeIsFinished(t *testing.T) {
	chart := second(t)
	args := []string{"upgrade", "--context", two, "--cilium-version", relabelled, "--chart", chart, "--yes", "--timeout=3m"}
	var want state
	var writes []apienv.Call
	t.Run("undisturbed", func(t *testing.T) {
		w, _ := joinedMesh(t, two)
		w.Journal.Reset()
		if r := w.Run(t, args...); r.ExitCode != 0 {
			t.Fatalf("ended with %d\n%s", r.ExitCode, said(r))
		}
		want, writes = look(t, w), w.Journal.Writes()
	})
	kills := few(writes)
	if allFaults() {
		kills = sweep(writes)
	}
	t.Logf("%d kills for %d writes", len(kills), len(writes))
	for _, k := range kills {
		t.Run(k.String(), func(t *testing.T) { killUpgrade(t, k, args, want) })
	}
}

func killUpgrade(t *testing.T, k kill, args []string, want state) {
	w, _ := joinedMesh(t, two)
	first, killed := w.RunKilled(t, k.when, apienv.Like(k.write), args...)
	if !killed {
		t.Fatalf("there was no such write: ended with %d\n%s", first.ExitCode, said(first))
	}
	r := w.Run(t, args...)
	if r.ExitCode != 0 {
		t.Fatalf("the same command ended with %d\n%s", r.ExitCode, said(r))
	}
	same(t, want, look(t, w))
	keepsSecrets(t, w, first, r)
	if !strings.Contains(r.Stdout, "nothing to do") {
		for _, m := range w.Members {
			says(t, r.Stdout, "helm rollback cilium 1 -n kube-system --kube-context "+m.Context)
		}
	}
	third := watch(t, w)
	says(t, w.Run(t, args...).Stdout, "nothing to do")
	noWrites(t, third)
}

// few are the moments that differ most: around the record of each cluster's
// revision, in the middle of its objects, and around the record's end.
func few(writes []apienv.Call) []kill {
	find := func(target string, match func(apienv.Call) bool) apienv.Call {
		at := slices.IndexFunc(writes, func(c apienv.Call) bool { return c.Target == target && match(c) })
		return writes[at]
	}
	created := func(c apienv.Call) bool { return c.Verb == "create" && strings.HasSuffix(c.Path, "/secrets") }
	agents := func(c apienv.Call) bool { return strings.HasSuffix(c.Path, "/daemonsets/cilium") }
	ended := func(c apienv.Call) bool {
		return c.Verb == "update" && strings.Contains(c.Path, "/secrets/sh.helm.release.v1.cilium.v2")
	}
	return []kill{
		{find("aks-1", created), apienv.AfterWrite},
		{find("aks-2", created), apienv.BeforeWrite},
		{find("aks-2", agents), apienv.AfterWrite},
		{find("aks-2", ended), apienv.BeforeWrite},
	}
}
