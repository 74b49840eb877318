package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
	"github.com/aksmesh/kubectl-aksmesh/test/relabel"
)

// relabelled is the version of the second chart: Cilium's own, relabelled.
const relabelled = "1.20.2"

// second is the path of the relabelled chart, with images of its version.
func second(t *testing.T) string {
	t.Helper()
	return relabel.Chart(t, relabelled, relabel.Images(relabelled))
}

// upgrading are the arguments of an upgrade of all to the relabelled chart.
func upgrading(chart string, more ...string) []string {
	return append([]string{"upgrade", "--context", three, "--cilium-version", relabelled, "--chart", chart, "--yes", "--timeout=3m"}, more...)
}

// joinedMesh is a mesh of clusters with simulated agents. Workloads are ready as
// long as nobody calls the function of their cluster.
func joinedMesh(t *testing.T, contexts string) (w *apienv.World, stop map[string]func()) {
	t.Helper()
	w = env.World(t, apienv.WorldOptions{Clusters: strings.Count(contexts, ",") + 1})
	stop = map[string]func(){}
	for _, m := range w.Members {
		stop[m.Context] = workloads(t, m)
	}
	join(t, w, contexts)
	simulateAgents(t, w)
	return w, stop
}

func TestUpgradeOneAfterAnother(t *testing.T) {
	w, _ := joinedMesh(t, three)
	chart := second(t)
	values := map[string]any{}
	for _, m := range w.Members {
		values[m.Context] = newest(t, m).Values
	}
	w.Journal.Reset()
	r := w.Run(t, upgrading(chart)...)
	if r.ExitCode != 0 {
		t.Fatalf("ended with %d\n%s", r.ExitCode, said(r))
	}
	t.Logf("%s", said(r))
	keepsSecrets(t, w, r)
	for _, m := range w.Members {
		found := newest(t, m)
		if found.Revision != 2 || found.Status != "deployed" || found.ChartVersion != relabelled {
			t.Errorf("%s: revision %d is %s, of chart %s; want 2, deployed, %s", m.Context, found.Revision, found.Status, found.ChartVersion, relabelled)
		}
		if diff := cmp.Diff(values[m.Context], any(found.Values)); diff != "" {
			t.Errorf("%s: values are not kept (-want +got):\n%s", m.Context, diff)
		}
		says(t, r.Stdout, "helm rollback cilium 1 -n kube-system --kube-context "+m.Context)
	}
	inTurn(t, w)

	t.Run("a second upgrade does nothing", func(t *testing.T) {
		writes := watch(t, w)
		r := w.Run(t, upgrading(chart)...)
		if r.ExitCode != 0 {
			t.Errorf("ended with %d\n%s", r.ExitCode, said(r))
		}
		says(t, r.Stdout, "nothing to do", "1.20.2 already")
		noWrites(t, writes)
	})
	t.Run("nor does one that finds the members by itself, with a release's own chart", func(t *testing.T) {
		writes := watch(t, w)
		r := w.Run(t, "upgrade", "--context", "aks-2", "--cilium-version", relabelled, "--yes", "-o", "json")
		var report struct {
			Kind     string
			Clusters []struct{ Context, State, Rollback string }
		}
		if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil || r.ExitCode != 0 || report.Kind != "UpgradeReport" || len(report.Clusters) != 3 {
			t.Errorf("ended with %d (%v)\n%s", r.ExitCode, err, said(r))
		}
		noWrites(t, writes)
	})
	t.Run("a minor version back is refused", func(t *testing.T) {
		writes := watch(t, w)
		r := w.Run(t, "upgrade", "--context", three, "--chart", relabel.Chart(t, "1.19.4", nil), "--yes")
		refused(t, r)
		says(t, r.Stderr, "helm rollback cilium 1 -n kube-system --kube-context aks-3")
		noWrites(t, writes)
	})
}

// inTurn checks that no cluster was written to before the one before it was
// finished, and that between them all were asked whether they are connected.
func inTurn(t *testing.T, w *apienv.World) {
	t.Helper()
	var order []string
	for _, call := range w.Journal.Writes() {
		if len(order) == 0 || order[len(order)-1] != call.Target {
			order = append(order, call.Target)
		}
	}
	if diff := cmp.Diff([]string{"aks-1", "aks-2", "aks-3"}, order); diff != "" {
		t.Errorf("clusters in the order of their writes (-want +got):\n%s", diff)
	}
	first, last := span(w, "aks-2"), span(w, "aks-1")
	for _, m := range w.Members {
		if !slices.ContainsFunc(w.Journal.Calls(), func(c apienv.Call) bool {
			return c.Target == m.Context && strings.HasSuffix(c.Path, "/exec") && c.Start.After(last[1]) && c.Start.Before(first[0])
		}) {
			t.Errorf("%s was not asked between the upgrades of aks-1 and aks-2", m.Context)
		}
	}
}

// span is when a cluster was first and last written to.
func span(w *apienv.World, target string) [2]time.Time {
	var times [2]time.Time
	for _, call := range w.Journal.Writes() {
		if call.Target != target {
			continue
		}
		if times[0].IsZero() {
			times[0] = call.Start
		}
		times[1] = call.Start
	}
	return times
}

// TestUpgradeStopsAtTheFirstThatDoesNotComeBack leaves a cluster without ready
// pods, mends it, and expects the same command to go on.
func TestUpgradeStopsAtTheFirstThatDoesNotComeBack(t *testing.T) {
	w, stop := joinedMesh(t, three)
	chart := second(t)
	stop["aks-2"]()
	third := watchOne(t, w, "aks-3")
	r := w.Run(t, upgrading(chart, "--timeout=20s")...)
	if r.ExitCode != 1 {
		t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stdout, "helm rollback cilium 1 -n kube-system --kube-context aks-2", "not verified", "not begun")
	says(t, r.Stderr, "not done within --timeout 20s: the same command goes on from here")
	if strings.Contains(r.Stdout, "helm rollback cilium 1 -n kube-system --kube-context aks-3") {
		t.Error("a cluster that was not begun has a way back")
	}
	if got := third(); len(got) > 0 {
		t.Errorf("aks-3 was written to: %v", got)
	}
	for name, want := range map[string]string{"aks-1": relabelled, "aks-2": relabelled, "aks-3": "1.20.1"} {
		if got := newest(t, w.Member(t, name)).ChartVersion; got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}

	workloads(t, w.Member(t, "aks-2"))
	again := w.Run(t, upgrading(chart)...)
	if again.ExitCode != 0 {
		t.Fatalf("the same command ended with %d\n%s", again.ExitCode, said(again))
	}
	for name, want := range map[string]int{"aks-1": 2, "aks-2": 2, "aks-3": 2} {
		if got := revision(t, w.Member(t, name)); got != want {
			t.Errorf("%s has revision %d, want %d", name, got, want)
		}
	}
	says(t, again.Stdout, "helm rollback cilium 1 -n kube-system --kube-context aks-3")
}

// watchOne is watch for one cluster.
func watchOne(t *testing.T, w *apienv.World, name string) func() []string {
	t.Helper()
	m := w.Member(t, name)
	mark, err := m.AuditMark()
	if err != nil {
		t.Fatal(err)
	}
	return func() []string {
		audited, err := m.AuditWrites(mark)
		if err != nil {
			t.Fatal(err)
		}
		var writes []string
		for _, request := range audited {
			writes = append(writes, request.Verb+" "+request.URI)
		}
		return writes
	}
}

// TestUpgradeRefuses checks what stops an upgrade before it writes anything.
func TestUpgradeRefuses(t *testing.T) {
	w, stop := joinedMesh(t, three)
	chart := second(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"without a version":           {[]string{"upgrade", "--context", three}, "error: no version named"},
		"not to wait":                 {upgrading(chart, "--wait=false"), "error: --wait=false: upgrade always waits"},
		"a version Cilium never had":  {[]string{"upgrade", "--context", three, "--cilium-version", "1.99.0"}, "cilium 1.99.0 is not supported"},
		"a chart of another version":  {[]string{"upgrade", "--context", three, "--cilium-version", "1.20.3", "--chart", chart}, "has version 1.20.2, not 1.20.3"},
		"a value the chart refuses":   {upgrading(chart, "--set", "aks-2:tunnel=vxlan"), `context "aks-2": the chart of Cilium 1.20.2 does not go with this cluster`},
		"without a terminal or a yes": {[]string{"upgrade", "--context", three, "--chart", chart}, "cannot ask for confirmation"},
	} {
		t.Run(name, func(t *testing.T) {
			writes := watch(t, w)
			r := w.Run(t, test.args...)
			refused(t, r)
			says(t, r.Stderr, test.want)
			noWrites(t, writes)
		})
	}
	for _, mode := range []string{"client", "server"} {
		t.Run("dry run "+mode, func(t *testing.T) {
			writes := watch(t, w)
			r := w.Run(t, upgrading(chart, "--dry-run="+mode)...)
			if r.ExitCode != 0 {
				t.Errorf("ended with %d\n%s", r.ExitCode, said(r))
			}
			says(t, r.Stdout, "upgrade brings 3 clusters to Cilium 1.20.2, one after another", "+ chart: cilium 1.20.2", "dry run")
			noWrites(t, writes)
		})
	}
	t.Run("a member that no context reaches", func(t *testing.T) {
		w.RemoveContext(t, "aks-3")
		writes := watch(t, w)
		r := w.Run(t, "upgrade", "--context", two, "--chart", chart, "--yes")
		refused(t, r)
		says(t, r.Stderr, `error: cluster "aks-3" is a member of this mesh`)
		noWrites(t, writes)
		w.AddUser(t, "aks-3", w.Member(t, "aks-3"), "admin")
	})
	t.Run("a mesh that is not whole", func(t *testing.T) {
		stop["aks-2"]()
		unready(t, w.Member(t, "aks-2"))
		writes := watch(t, w)
		r := w.Run(t, upgrading(chart)...)
		refused(t, r)
		says(t, r.Stderr, "AKSM107", "nothing was changed")
		noWrites(t, writes)
	})
}
