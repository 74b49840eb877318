package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEstimate(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		total, done int64
		elapsed     time.Duration
		want        time.Duration
	}{
		"nothing to do":              {want: 0},
		"a guess at the start":       {total: 100 * firstRate, want: 100 * time.Second},
		"measured":                   {total: 100 * firstRate, done: 50 * firstRate, elapsed: 200 * time.Second, want: 200 * time.Second},
		"half guessed":               {total: 100 * firstRate, done: 10 * firstRate, elapsed: 30 * time.Second, want: 180 * time.Second},
		"done":                       {total: 7, done: 7, elapsed: time.Minute, want: 0},
		"more done than was thought": {total: 7, done: 9, elapsed: time.Minute, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := estimate{total: c.total, done: c.done, started: start}
			if got := e.left(start.Add(c.elapsed)).Round(time.Second); got != c.want {
				t.Errorf("left %s, want %s", got, c.want)
			}
		})
	}
}

func TestReadPackages(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readPackages(strings.NewReader(`
		{"ImportPath": "fmt"}
		{"ImportPath": "x/a", "Dir": "` + dir + `", "GoFiles": ["a.go"], "StaleReason": "not installed"}
		{"ImportPath": "x/b", "StaleReason": "not installed but available in build cache"}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int64{"x/a": 10}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := readPackages(strings.NewReader(`{"ImportPath": `)); err == nil {
		t.Error("no error for half an answer")
	}
}

// The pins in the repository are complete.
func TestVersions(t *testing.T) {
	v, err := ReadVersions("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, version := range map[string]string{"Kubernetes": v.Kubernetes, "Cilium": v.Cilium, "containerd": v.Containerd} {
		if !strings.HasPrefix(version, "v") || strings.Count(version, ".") < 2 {
			t.Errorf("%s has version %q", name, version)
		}
	}
	seen := map[string]bool{}
	for _, target := range Targets("..", v) {
		if seen[target.Name] {
			t.Errorf("%s is built twice", target.Name)
		}
		seen[target.Name] = true
		if _, err := target.key("go1.26"); err != nil {
			t.Errorf("%s: %v", target.Name, err)
		}
		for _, dir := range target.Sources {
			if files, err := filepath.Glob(filepath.Join(target.Dir, dir, "*.go")); err != nil || len(files) == 0 {
				t.Errorf("%s: %s has no sources (%v)", target.Name, dir, err)
			}
		}
	}
}

// The prober imports no package of this repository that its key leaves out.
func TestProbeSources(t *testing.T) {
	target := probeTarget("../..")
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", target.Package)
	list.Dir, list.Env = target.Dir, environment()
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/aksmesh/kubectl-aksmesh/"
	got := []string{}
	for _, path := range strings.Fields(string(out)) {
		own, ok := strings.CutPrefix(path, module)
		switch {
		case strings.HasPrefix(path, "golang.org/x/sys/"): // pinned by go.sum, which counts
		case !ok:
			t.Errorf("it imports %s: a small prober needs the standard library and golang.org/x/sys", path)
		case own != strings.TrimPrefix(target.Package, "./"):
			got = append(got, own)
		}
	}
	if diff := cmp.Diff(target.Sources, got); diff != "" {
		t.Errorf("sources (-listed +imported):\n%s", diff)
	}
}

// What a program is made from changes its key, and nothing else does.
func TestKey(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("go.mod", "module x\n")
	put("go.sum", "")
	if err := os.Mkdir(filepath.Join(dir, "app"), 0o700); err != nil {
		t.Fatal(err)
	}
	put("app/main.go", "package main\n")
	key := func(target Target, toolchain string) string {
		t.Helper()
		k, err := target.key(toolchain)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	target := Target{Name: "app", Dir: dir, Package: "./app", LDFlags: "-s"}
	first := key(target, "go1")
	if key(target, "go1") != first {
		t.Error("two keys for the same")
	}
	other := target
	other.LDFlags = "-w"
	if key(target, "go2") == first || key(other, "go1") == first {
		t.Error("toolchain and flags must count")
	}
	put("app/main.go", "package main // changed\n")
	second := key(target, "go1")
	if second == first {
		t.Error("sources must count")
	}
	if err := os.Mkdir(filepath.Join(dir, "wire"), 0o700); err != nil {
		t.Fatal(err)
	}
	put("wire/wire.go", "package wire\n")
	if key(target, "go1") != second {
		t.Error("sources that are not the target's count")
	}
	target.Sources = []string{"wire"}
	if key(target, "go1") == second {
		t.Error("imported sources must count")
	}
}

func TestIsBuilt(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	check := func(want bool) {
		t.Helper()
		if got, err := isBuilt(program, "k"); got != want || err != nil {
			t.Errorf("isBuilt = %v, %v; want %v", got, err, want)
		}
	}
	check(false)
	for _, file := range []string{program, keyFile(program)} {
		if err := os.WriteFile(file, []byte("k"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check(true)
	if err := os.WriteFile(keyFile(program), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(false)
}
