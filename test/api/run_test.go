package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// Sets of contexts, as --context takes them.
const (
	two   = "aks-1,aks-2"
	three = "aks-1,aks-2,aks-3"
)

// joining are the arguments of a join that does not ask and waits for no
// agents. What it waits for takes seconds here; the bound is for what goes wrong.
func joining(contexts string, more ...string) []string {
	return append([]string{"join", "--context", contexts, "--yes", "--wait=false", "--timeout=3m"}, more...)
}

// join runs a join that must succeed.
func join(t *testing.T, w *apienv.World, contexts string, more ...string) apienv.Result {
	t.Helper()
	r := w.Run(t, joining(contexts, more...)...)
	if r.ExitCode != 0 {
		t.Fatalf("join ended with %d\n%s", r.ExitCode, said(r))
	}
	return r
}

// said is what a program said, for messages of tests.
func said(r apienv.Result) string { return "stdout:\n" + r.Stdout + "\nstderr:\n" + r.Stderr }

// refused checks that the plugin refused: exit code 1, and nothing on stdout.
func refused(t *testing.T, r apienv.Result) {
	t.Helper()
	if r.ExitCode != 1 || r.Stdout != "" {
		t.Errorf("ended with %d, want 1 and nothing on stdout\n%s", r.ExitCode, said(r))
	}
}

// says checks that the text has all of the phrases.
func says(t *testing.T, text string, phrases ...string) {
	t.Helper()
	for _, phrase := range phrases {
		if !strings.Contains(text, phrase) {
			t.Errorf("%q is not said in:\n%s", phrase, text)
		}
	}
}

// errorLines are the lines of stderr that are errors.
func errorLines(r apienv.Result) []string {
	return slices.DeleteFunc(strings.Split(r.Stderr, "\n"), func(line string) bool { return !strings.HasPrefix(line, "error: ") })
}

// watch notes the present end of the audit logs. The returned function gives
// all writes since then, to the clusters by their audit logs and to ARM by its
// journal.
func watch(t *testing.T, w *apienv.World) func() []string {
	t.Helper()
	marks := make([]apienv.AuditMark, len(w.Members))
	for i, m := range w.Members {
		mark, err := m.AuditMark()
		if err != nil {
			t.Fatal(err)
		}
		marks[i] = mark
	}
	before := len(w.Journal.Writes())
	return func() []string {
		var writes []string
		for i, m := range w.Members {
			audited, err := m.AuditWrites(marks[i])
			if err != nil {
				t.Fatal(err)
			}
			for _, request := range audited {
				writes = append(writes, m.Context+" "+request.Verb+" "+request.URI)
			}
		}
		for _, call := range w.Journal.Writes()[before:] {
			if call.Target == "arm" {
				writes = append(writes, "arm "+call.Method+" "+call.Path)
			}
		}
		return writes
	}
}

// noWrites checks that nothing was written since watch.
func noWrites(t *testing.T, writes func() []string) {
	t.Helper()
	if got := writes(); len(got) > 0 {
		t.Errorf("%d writes:\n%s", len(got), strings.Join(got, "\n"))
	}
}
