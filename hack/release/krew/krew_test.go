package krew

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maintained is the repository's manifest, anew for each test.
func maintained(t *testing.T) *Manifest {
	t.Helper()
	m, err := Load(filepath.Join("..", "..", "..", "plugins", "krew.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMaintainedManifest(t *testing.T) {
	m := maintained(t)
	if err := Check(m, "aksmesh.yaml"); err != nil {
		t.Error(err)
	}
	if m.Metadata.Name != "aksmesh" || m.Spec.Version != Placeholder {
		t.Errorf("name %s, version %s", m.Metadata.Name, m.Spec.Version)
	}
	for _, system := range [][2]string{
		{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
	} {
		p, err := m.For(system[0], system[1])
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(p.URI, "_"+system[0]+"_"+system[1]+".") {
			t.Errorf("%v has the archive %s", system, p.URI)
		}
	}
	if _, err := m.For("linux", "ppc64le"); err == nil {
		t.Error("there is an archive for ppc64le")
	}
}

// TestRules breaks each rule once; the error says which.
func TestRules(t *testing.T) {
	selector := func(labels map[string]string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: labels}
	}
	for want, spoil := range map[string]func(*Manifest){
		"apiVersion is":                        func(m *Manifest) { m.APIVersion = "krew.googlecontainertools.github.com/v1" },
		"kind is":                              func(m *Manifest) { m.Kind = "plugin" },
		"not a name of letters":                func(m *Manifest) { m.Metadata.Name = "aks mesh" },
		"name \"COM1\" is not a name":          func(m *Manifest) { m.Metadata.Name = "COM1" },
		"has another name than plugin":         func(m *Manifest) { m.Metadata.Name = "aks-mesh" },
		"shortDescription is missing":          func(m *Manifest) { m.Spec.ShortDescription = "" },
		"shortDescription has more than one":   func(m *Manifest) { m.Spec.ShortDescription = "a\nb" },
		"shortDescription has 51 characters":   func(m *Manifest) { m.Spec.ShortDescription = strings.Repeat("x", 51) },
		"a line has 81 characters":             func(m *Manifest) { m.Spec.Description = strings.Repeat("x", 81) },
		"version \"0.1.0\" is not":             func(m *Manifest) { m.Spec.Version = "0.1.0" },
		"version \"v0.1\" is not":              func(m *Manifest) { m.Spec.Version = "v0.1" },
		"there are no platforms":               func(m *Manifest) { m.Spec.Platforms = nil },
		"uri \"\" is not":                      func(m *Manifest) { m.Spec.Platforms[0].URI = "" },
		"is not an https address":              func(m *Manifest) { m.Spec.Platforms[0].URI = "http://example.com/a.zip" },
		"sha256 \"" + strings.Repeat("A", 64):  func(m *Manifest) { m.Spec.Platforms[0].SHA256 = strings.Repeat("A", 64) },
		"sha256 \"00\" is not":                 func(m *Manifest) { m.Spec.Platforms[0].SHA256 = "00" },
		"bin \"\" is not":                      func(m *Manifest) { m.Spec.Platforms[0].Bin = "" },
		"bin \"../kubectl\" is not":            func(m *Manifest) { m.Spec.Platforms[0].Bin = "../kubectl" },
		"does not end in .exe":                 func(m *Manifest) { m.Spec.Platforms[4].Bin = "kubectl-aksmesh" },
		"files is empty":                       func(m *Manifest) { m.Spec.Platforms[0].Files = []File{} },
		"files: from \"\" to":                  func(m *Manifest) { m.Spec.Platforms[0].Files = []File{{To: "."}} },
		"files: from \"*\" to \"..\"":          func(m *Manifest) { m.Spec.Platforms[0].Files = []File{{From: "*", To: ".."}} },
		"selector is missing":                  func(m *Manifest) { m.Spec.Platforms[0].Selector = nil },
		"platform 1: selector is missing":      func(m *Manifest) { m.Spec.Platforms[0].Selector = selector(nil) },
		"selector has key \"libc\"":            func(m *Manifest) { m.Spec.Platforms[0].Selector = selector(map[string]string{"libc": "musl"}) },
		"platform 1 is for no system":          func(m *Manifest) { m.Spec.Platforms[0].Selector = selector(map[string]string{"os": "plan9"}) },
		"1 and 2 are both for linux/arm64":     func(m *Manifest) { m.Spec.Platforms[0].Selector = selector(map[string]string{"os": "linux"}) },
		"is not a valid label selector operat": func(m *Manifest) { m.Spec.Platforms[0].Selector.MatchExpressions = odd() },
	} {
		t.Run(want, func(t *testing.T) {
			m := maintained(t)
			spoil(m)
			if err := Check(m, "plugins/aksmesh.yaml"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not said: %v", want, err)
			}
		})
	}
	if err := Check(maintained(t), ""); err != nil {
		t.Errorf("without a file: %v", err)
	}
}

func odd() []metav1.LabelSelectorRequirement {
	return []metav1.LabelSelectorRequirement{{Key: "os", Operator: "Near", Values: []string{"linux"}}}
}

func TestParseKnowsAllKeys(t *testing.T) {
	if _, err := Parse([]byte("apiVersion: x\nspec: {short: y}\n")); err == nil {
		t.Error("an unknown key is taken")
	}
}

// built is the sums of a build for all systems, and some more files.
func built(m *Manifest) map[string]string {
	sums := map[string]string{"checksums.txt": "x", "kubectl-aksmesh_linux_amd64.tar.gz.spdx.json": "x"}
	for i, p := range m.Spec.Platforms {
		sums[p.URI[strings.LastIndex(p.URI, "/")+1:]] = strings.Repeat(string(rune('a'+i)), 64)
	}
	return sums
}

func TestFill(t *testing.T) {
	m := maintained(t)
	filled, err := Fill(m, "v1.2.3", built(m), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(filled, "aksmesh.yaml"); err != nil {
		t.Error(err)
	}
	p, err := filled.For("windows", "arm64")
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://github.com/aksmesh/kubectl-aksmesh/releases/download/v1.2.3/kubectl-aksmesh_windows_arm64.zip"; p.URI != want || p.SHA256 != strings.Repeat("f", 64) {
		t.Errorf("%+v", p)
	}
	text, err := filled.Text()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(filled, again); diff != "" {
		t.Errorf("written and read (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(maintained(t), m); diff != "" {
		t.Errorf("the maintained manifest has changed:\n%s", diff)
	}
}

func TestFillFitsTheBuild(t *testing.T) {
	m := maintained(t)
	sums := built(m)
	delete(sums, "kubectl-aksmesh_darwin_arm64.tar.gz")
	if _, err := Fill(m, "v1.0.0", sums, false); err == nil || !strings.Contains(err.Error(), "darwin_arm64.tar.gz was not built") {
		t.Errorf("a missing archive: %v", err)
	}
	filled, err := Fill(m, "v1.0.0", sums, true)
	if err != nil || len(filled.Spec.Platforms) != 5 {
		t.Errorf("a partial build: %v, %v", filled, err)
	}
	sums["kubectl-aksmesh_linux_riscv64.tar.gz"] = "x"
	if _, err := Fill(m, "v1.0.0", sums, true); err == nil || !strings.Contains(err.Error(), "riscv64.tar.gz is for no platform") {
		t.Errorf("an archive more: %v", err)
	}
	m.Spec.Platforms[0].URI = "https://example.com/latest/kubectl-aksmesh_linux_amd64.tar.gz"
	if _, err := Fill(m, "v1.0.0", sums, true); err == nil || !strings.Contains(err.Error(), "no place for the version") {
		t.Errorf("an address without a version: %v", err)
	}
}

func TestReadSums(t *testing.T) {
	sums, err := ReadSums(strings.NewReader("aa  one.tar.gz\nbb *two.zip\n"))
	if diff := cmp.Diff(map[string]string{"one.tar.gz": "aa", "two.zip": "bb"}, sums); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := ReadSums(strings.NewReader("aa\n")); err == nil {
		t.Error("a line without a file is taken")
	}
}
