//go:build dist

// Package dist tests what hack/dist.sh built, in the folder that $AKSMESH_DIST
// names; "make dist-test" does both.
package dist

import (
	"debug/buildinfo"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/hack/release/krew"
	"github.com/aksmesh/kubectl-aksmesh/test/dist/install"
	"github.com/aksmesh/kubectl-aksmesh/test/dist/kubectl"
)

// mostBytes is how large a program may be.
const mostBytes = 60_000_000

func folder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("AKSMESH_DIST")
	if dir == "" {
		t.Fatal("AKSMESH_DIST names no folder: run make dist-test")
	}
	return dir
}

// rendered is the manifest that would go to Krew's index.
func rendered(t *testing.T) *krew.Manifest {
	t.Helper()
	file := filepath.Join(folder(t), "krew", "aksmesh.yaml")
	m, err := krew.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := krew.Check(m, file); err != nil {
		t.Error(err)
	}
	return m
}

// system is what an archive is for, by its name.
func system(uri string) (goos, goarch string) {
	name, _, _ := strings.Cut(path.Base(uri), ".")
	parts := strings.Split(name, "_")
	return parts[1], parts[2]
}

// TestInstall installs each archive as Krew does, on any system.
func TestInstall(t *testing.T) {
	m := rendered(t)
	for _, platform := range m.Spec.Platforms {
		goos, goarch := system(platform.URI)
		t.Run(goos+"/"+goarch, func(t *testing.T) {
			p, err := install.Install(m, folder(t), t.TempDir(), goos, goarch)
			if err != nil {
				t.Fatal(err)
			}
			checkPrograms(t, p, goos, goarch)
			checkBill(t, filepath.Join(folder(t), path.Base(platform.URI)), filepath.Base(p.Program))
		})
	}
}

// checkPrograms: there is one program, it is the linked one, small enough, and
// for that system.
func checkPrograms(t *testing.T, p *install.Plugin, goos, goarch string) {
	t.Helper()
	var programs []string
	err := filepath.WalkDir(p.Folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := buildinfo.ReadFile(name)
		if err != nil {
			return nil //nolint:nilerr // it is no program
		}
		programs = append(programs, name)
		for _, s := range info.Settings {
			if s.Key == "GOOS" && s.Value != goos || s.Key == "GOARCH" && s.Value != goarch || s.Key == "CGO_ENABLED" && s.Value != "0" {
				t.Errorf("%s was built with %s=%s", name, s.Key, s.Value)
			}
			if strings.HasPrefix(s.Key, "vcs") {
				t.Errorf("%s has a stamp of the working tree: %s=%s", name, s.Key, s.Value)
			}
		}
		if size, err := entry.Info(); err != nil || size.Size() > mostBytes {
			t.Errorf("%s has %d bytes, more than %d (%v)", name, size.Size(), mostBytes, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{p.Program}, programs); diff != "" {
		t.Errorf("programs (-want +got)\n%s", diff)
	}
}

// checkBill: the bill of an archive knows the versions of its program and of
// what that was made from.
func checkBill(t *testing.T, archive, program string) {
	t.Helper()
	text, err := os.ReadFile(archive + ".spdx.json")
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		Packages []struct{ Name, VersionInfo string }
	}
	if err := json.Unmarshal(text, &bill); err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, p := range bill.Packages {
		versions[p.Name] = p.VersionInfo
	}
	if want := "v" + built(t).Version; versions[program] != want {
		t.Errorf("the bill of materials says that %s is of version %q, not %s", program, versions[program], want)
	}
	for _, name := range []string{"k8s.io/client-go", "helm.sh/helm/v4", "stdlib", "cilium (Helm chart)"} {
		if versions[name] == "" {
			t.Errorf("the bill of materials does not know the version of %s", name)
		}
	}
}

// installed is the plugin on this system, for somebody with its folder on the PATH.
func installed(t *testing.T) (*install.Plugin, kubectl.User) {
	t.Helper()
	p, err := install.Install(rendered(t), folder(t), t.TempDir(), runtime.GOOS, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	return p, kubectl.User{Path: []string{p.Bin}}
}

func TestUnderKubectl(t *testing.T) {
	_, user := installed(t)
	saved, err := filepath.Abs(filepath.Join("..", "..", "pkg", "diagnose", "testdata", "lab.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"help":          {[]string{"--help"}, 0, "kubectl aksmesh [command]", ""},
		"help of one":   {[]string{"join", "-h"}, 0, "kubectl aksmesh join --context", ""},
		"arguments":     {[]string{"doctor", "explain", "607"}, 0, "# AKSM607", ""},
		"flags":         {[]string{"doctor", "--from", saved, "--only=AKSM602", "-o", "json"}, 0, `"kind": "DiagnosticReport"`, ""},
		"usage":         {[]string{"status", "--nonsense"}, 1, "", "error: unknown flag: --nonsense; see kubectl aksmesh status --help"},
		"no cluster":    {[]string{"status", "--context", "nobody"}, 1, "", `error: context "nobody" is not in the kubeconfig`},
		"findings":      {[]string{"doctor", "--from", saved, "--fail-on=warning"}, 2, "warning AKSM", "error: found"},
		"unknown words": {[]string{"jion"}, 1, "", "error: unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			r := user.Run(t, append([]string{"aksmesh"}, c.args...)...)
			if r.Code != c.code || !strings.Contains(r.Stdout, c.stdout) || !strings.Contains(r.Stderr, c.stderr) {
				t.Errorf("ended with %d, want %d, %q and %q\nstdout:\n%s\nstderr:\n%s", r.Code, c.code, c.stdout, c.stderr, r.Stdout, r.Stderr)
			}
		})
	}
}

// metadata is what goreleaser notes of a build.
type metadata struct{ Version, Commit string }

func built(t *testing.T) metadata {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder(t), "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m metadata
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestVersion: the build knows what it was built from.
func TestVersion(t *testing.T) {
	_, user := installed(t)
	build := built(t)
	r := user.Run(t, "aksmesh", "version", "-o", "json")
	var got struct {
		Version, Commit, Date string
		ChartBuiltIn          bool
	}
	if err := json.Unmarshal([]byte(r.Stdout), &got); err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	if got.Version != "v"+build.Version || got.Commit != build.Commit || got.Date == "" || !got.ChartBuiltIn {
		t.Errorf("%+v, and goreleaser says %+v", got, build)
	}
}

// TestCompletion: what the caveats say, and the script in the archive, make
// kubectl complete.
func TestCompletion(t *testing.T) {
	p, user := installed(t)
	ask := func(folder string) string {
		user.Path = []string{p.Bin, folder}
		return user.Run(t, "__complete", "aksmesh", "doctor", "explain", "AKSM60").Stdout
	}
	if before := ask(t.TempDir()); strings.Contains(before, "AKSM607") {
		t.Errorf("kubectl completes before it is told how:\n%s", before)
	}
	linked := t.TempDir()
	if err := os.Symlink(p.Link, filepath.Join(linked, "kubectl_complete-aksmesh")); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{linked, p.Folder} {
		if got := ask(folder); !strings.Contains(got, "AKSM607\twhere nodes reach each other") {
			t.Errorf("through %s kubectl offers\n%s", folder, got)
		}
	}
}
