package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

func TestExpose(t *testing.T) {
	w := shops(t, 3)
	before := []*corev1.Service{plainWeb(t, w.Members[0]), plainWeb(t, w.Members[1]), plainWeb(t, w.Members[2])}
	r := well(t, w, exposing(three))
	says(t, r.Stdout, "aks-1", "aks-2", "aks-3", "ANSWERED BY", "aks-1 33%, aks-2 33%, aks-3 33%")
	for i, m := range w.Members {
		service := web(t, m)
		if diff := cmp.Diff(map[string]string{annotationGlobal: "true"}, written(t, service)); diff != "" {
			t.Errorf("%s: what kubectl aksmesh owns (-want +got):\n%s", m.Context, diff)
		}
		before[i].Annotations[annotationGlobal] = "true"
		if diff := cmp.Diff(before[i], plainWeb(t, m)); diff != "" {
			t.Errorf("%s: the Service (-want +got):\n%s", m.Context, diff)
		}
	}
	nothingLeft(t, w, exposing(three))
}

// A part is changed where it is named, and what expose owns stays.
func TestExposeParts(t *testing.T) {
	w := shops(t, 3)
	well(t, w, exposing(three))
	well(t, w, exposing("aks-1", "--shared=false"))
	well(t, w, exposing("aks-2", "--affinity=remote"))
	want := []map[string]string{
		{annotationGlobal: "true", annotationShared: "false"},
		{annotationGlobal: "true", annotationAffinity: "remote"},
		{annotationGlobal: "true"},
	}
	check := func() {
		t.Helper()
		for i, m := range w.Members {
			if diff := cmp.Diff(want[i], written(t, web(t, m))); diff != "" {
				t.Errorf("%s: what kubectl aksmesh owns (-want +got):\n%s", m.Context, diff)
			}
		}
	}
	check()
	r := well(t, w, []string{"services", "web", "-n=shop", "--context=" + three})
	says(t, r.Stdout, "aks-1 33%, aks-2 33%, aks-3 33%", "aks-3 100%", "aks-2 50%, aks-3 50%")
	nothingLeft(t, w, exposing("aks-2", "--affinity=remote"))
	well(t, w, exposing("aks-2", "--affinity=none"))
	want[1] = map[string]string{annotationGlobal: "true"}
	check()
	nothingLeft(t, w, exposing("aks-2", "--affinity=none"))
}

func TestExposeConflict(t *testing.T) {
	w := shops(t, 2)
	annotateWeb(t, w.Members[1], "kubectl-annotate", map[string]any{annotationGlobal: "false"})
	writes := watch(t, w)
	r := w.Run(t, exposing(two)...)
	refused(t, r)
	says(t, r.Stderr, `context "aks-2"`, annotationGlobal+`: "false" belongs to kubectl-annotate`, "--force-conflicts", "nothing was changed")
	if n := len(errorLines(r)); n != 1 {
		t.Errorf("%d errors\n%s", n, said(r))
	}
	noWrites(t, writes)
	well(t, w, exposing(two, "--force-conflicts"))
	for _, m := range w.Members {
		if diff := cmp.Diff(map[string]string{annotationGlobal: "true"}, written(t, web(t, m))); diff != "" {
			t.Errorf("%s: what kubectl aksmesh owns (-want +got):\n%s", m.Context, diff)
		}
	}
	nothingLeft(t, w, exposing(two))
}

// A conflict that comes up between the look and the write is told by the API server.
func TestExposeLateConflict(t *testing.T) {
	w := shops(t, 2)
	at := func(c apienv.Call) bool { return c.Target == "aks-1" && c.Verb == "patch" }
	w.Journal.Before(at, func(apienv.Call) {
		annotateWeb(t, w.Members[0], "kubectl-annotate", map[string]any{annotationGlobal: "false"})
	})
	r := w.Run(t, exposing(two)...)
	if r.ExitCode != 1 {
		t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stdout, "aks-1", "kubectl-annotate", "--force-conflicts", "aks-2")
	if web(t, w.Members[0]).Annotations[annotationGlobal] != "false" || web(t, w.Members[1]).Annotations[annotationGlobal] != "true" {
		t.Errorf("aks-1 must be as the other manager left it, and aks-2 done\n%s", said(r))
	}
}

func TestExposeReplacesLegacy(t *testing.T) {
	w := shops(t, 2)
	for _, m := range w.Members {
		annotateWeb(t, m, "kubectl-annotate", map[string]any{legacyGlobal: "true", legacyAffinity: "local"})
	}
	nothingLeft(t, w, exposing(two))
	well(t, w, exposing(two, "--replace-legacy"))
	for _, m := range w.Members {
		service := web(t, m)
		if diff := cmp.Diff(map[string]string{annotationGlobal: "true", annotationAffinity: "local"}, written(t, service)); diff != "" {
			t.Errorf("%s: what kubectl aksmesh owns (-want +got):\n%s", m.Context, diff)
		}
		for _, name := range []string{legacyGlobal, legacyAffinity} {
			if value, ok := service.Annotations[name]; ok {
				t.Errorf("%s: %s: %q is left", m.Context, name, value)
			}
		}
	}
	nothingLeft(t, w, exposing(two, "--replace-legacy"))
}

func TestExposeDryRun(t *testing.T) {
	w := shops(t, 2)
	for _, mode := range []string{"client", "server"} {
		for _, output := range []string{"", "json", "yaml"} {
			t.Run(mode+" "+output, func(t *testing.T) {
				writes := watch(t, w)
				w.Journal.Reset()
				args := []string{"expose", "web", "-n=shop", "--context=" + two, "--dry-run=" + mode}
				if output != "" {
					args = append(args, "-o="+output)
				}
				r := well(t, w, args)
				noWrites(t, writes)
				if asked := w.Journal.Count()["patch"]; (asked == 2) != (mode == "server") {
					t.Errorf("the API servers were asked %d times", asked)
				}
				if output == "" {
					says(t, r.Stdout, "2 changes of 2 clusters", "dry run", "+ "+annotationGlobal+`: "true"`)
					return
				}
				steps := document(t, output, r, "Plan")["steps"].([]any)
				if len(steps) != 2 {
					t.Errorf("%d steps, want 2\n%s", len(steps), said(r))
				}
			})
		}
	}
}

// document parses a result of a kind.
func document(t *testing.T, output string, r apienv.Result, kind string) map[string]any {
	t.Helper()
	text := []byte(r.Stdout)
	if output == "yaml" {
		var err error
		if text, err = yaml.YAMLToJSON(text); err != nil {
			t.Fatalf("%v\n%s", err, said(r))
		}
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("%v\n%s", err, said(r))
	}
	if all["kind"] != kind || all["apiVersion"] == "" {
		t.Fatalf("this is not a %s:\n%s", kind, said(r))
	}
	return all
}

func TestExposeDocument(t *testing.T) {
	w := shops(t, 2)
	all := document(t, "json", well(t, w, exposing(two, "-o=json")), "ExposeReport")
	steps := all["result"].(map[string]any)["steps"].([]any)
	rows := all["services"].(map[string]any)["services"].([]any)
	if len(steps) != 2 || len(rows) != 2 {
		t.Errorf("%d steps, %d rows, want 2 of each: %v", len(steps), len(rows), all)
	}
	if all["notes"] != nil {
		t.Errorf("notes are %v", all["notes"])
	}
	again := document(t, "yaml", well(t, w, exposing(two, "-o=yaml")), "ExposeReport")
	if steps, _ := again["result"].(map[string]any)["steps"].([]any); len(steps) != 0 {
		t.Errorf("a second time: %v", again)
	}
}

// Who changes a part of what is not global learns that it becomes so.
func TestExposeNotesGlobal(t *testing.T) {
	w := shops(t, 2)
	const note = "aks-1: the Service was not global here: it becomes so, and its clients get endpoints of other clusters"
	part := []string{"expose", "web", "-n=shop", "--context=aks-1", "--affinity=local"}
	says(t, well(t, w, append(part, "--dry-run=client")).Stdout, note)
	planned := document(t, "json", well(t, w, append(part, "--dry-run=client", "-o=json")), "Plan")
	done := document(t, "json", well(t, w, append(part, "--yes", "-o=json")), "ExposeReport")
	for _, all := range []map[string]any{planned, done} {
		if diff := cmp.Diff([]any{note}, all["notes"]); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
	}
	if r := well(t, w, exposing("aks-1", "--affinity=remote")); strings.Contains(r.Stderr, "not global here") {
		t.Errorf("it was global before\n%s", said(r))
	}
}

// Without rights nothing can be seen, let alone changed: one line says so.
func TestExposeForbidden(t *testing.T) {
	w := shops(t, 2)
	w.AddForbidden(t, "stranger", w.Members[0])
	writes := watch(t, w)
	for _, args := range [][]string{exposing("stranger"), unexposing("stranger"), exposing("aks-2,stranger")} {
		r := w.Run(t, args...)
		refused(t, r)
		if lines := errorLines(r); len(lines) != 1 {
			t.Errorf("%q: %d errors\n%s", args, len(lines), said(r))
		}
		says(t, r.Stderr, `context "stranger"`, "nothing was changed")
	}
	noWrites(t, writes)
}

func TestExposeRefuses(t *testing.T) {
	w := shops(t, 2)
	writes := watch(t, w)
	for _, args := range [][]string{
		{"expose", "web"},
		{"expose", "--context=aks-1"},
		{"expose", "web", "-n=shop", "--context=aks-1"}, // no terminal to ask
		exposing(two, "--affinity=near"),
		exposing(two, "--create=maybe"),
		exposing(two, "--dry-run=perhaps"),
		exposing(two, "-o=wide"),
		exposing(two, "--timeout=0s"),
		exposing("aks-9"),
		{"expose", "other", "-n=shop", "--yes", "--context=" + two},
		{"expose", "other", "-n=shop", "--yes", "--create", "--context=" + two},
		{"expose", "Web!", "-n=shop", "--yes", "--context=" + two},
	} {
		r := w.Run(t, args...)
		if r.ExitCode != 1 || len(errorLines(r)) == 0 || r.Stdout != "" {
			t.Errorf("%q: ended with %d\n%s", args, r.ExitCode, said(r))
		}
	}
	noWrites(t, writes)
}
