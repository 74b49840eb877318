package sbom

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// archives are a .tar.gz and a .zip with this test's own program in them.
func archives(t *testing.T) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	files := []string{filepath.Join(t.TempDir(), "p.tar.gz"), filepath.Join(t.TempDir(), "p.zip")}
	var tarred, zipped bytes.Buffer
	write(t, &tarred, program)
	writeZip(t, &zipped, program)
	for i, content := range []*bytes.Buffer{&tarred, &zipped} {
		if err := os.WriteFile(files[i], content.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func write(t *testing.T, w io.Writer, program []byte) {
	t.Helper()
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	for name, content := range map[string][]byte{"LICENSE": []byte("text"), "program": program} {
		if err := archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if archive.Close() != nil || compressed.Close() != nil {
		t.Fatal("the archive cannot be closed")
	}
}

func writeZip(t *testing.T, w io.Writer, program []byte) {
	t.Helper()
	archive := zip.NewWriter(w)
	f, err := archive.Create("program.exe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
}

func options() Options {
	return Options{
		Created: time.Unix(1_700_000_000, 0), Version: "v1.2.3", Supplier: "Organization: test", Namespace: "https://example.com/sbom",
		Extra: []Package{Chart("cilium", "1.20.1", strings.Repeat("a", 64), "")},
	}
}

func TestForArchive(t *testing.T) {
	for _, file := range archives(t) {
		text, err := ForArchive(file, options())
		if err != nil {
			t.Fatal(err)
		}
		again, err := ForArchive(file, options())
		if err != nil || !bytes.Equal(text, again) {
			t.Errorf("two documents of one archive differ: %v", err)
		}
		var d document
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		if d.Creation.Created != "2023-11-14T22:13:20Z" {
			t.Errorf("created %s", d.Creation.Created)
		}
		checkReferences(t, &d)
		if diff := cmp.Diff([]string{runtime.Version()[len("go"):]}, versions(&d, "stdlib")); diff != "" {
			t.Errorf("the standard library's version (-want +got):\n%s", diff)
		}
		if got := append(versions(&d, "program"), versions(&d, "program.exe")...); !slices.Equal(got, []string{"v1.2.3"}) {
			t.Errorf("the program's version: %q", got)
		}
		if got := versions(&d, "cilium (Helm chart)"); len(got) != 1 {
			t.Errorf("chart: %v", got)
		}
	}
}

// TestModules: a program's modules are in the document, replaced ones as what
// replaces them.
func TestModules(t *testing.T) {
	d := newDocument("p.zip", "00", options())
	d.add(program{"program", &buildinfo.BuildInfo{GoVersion: "go1.26.8", Path: "example.com/p", Deps: []*debug.Module{
		{Path: "example.com/a", Version: "v1.0.0", Sum: "h1:a"},
		{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/c", Version: "v2.0.0"}},
	}}}, options())
	checkReferences(t, d)
	var locators []string
	for i := range d.Packages {
		for _, r := range d.Packages[i].References {
			locators = append(locators, r.Locator+" "+d.Packages[i].SourceInfo)
		}
	}
	want := []string{"pkg:golang/stdlib@1.26.8 ", "pkg:golang/example.com/a@v1.0.0 go.sum h1:a", "pkg:golang/example.com/c@v2.0.0 "}
	if diff := cmp.Diff(want, locators); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func versions(d *document, name string) []string {
	var found []string
	for i := range d.Packages {
		if d.Packages[i].Name == name {
			found = append(found, d.Packages[i].Version)
		}
	}
	return found
}

// checkReferences: ids are legal and unique, and relationships are between
// things that there are.
func checkReferences(t *testing.T, d *document) {
	t.Helper()
	known := map[string]bool{d.ID: true}
	for i := range d.Packages {
		id := d.Packages[i].ID
		if known[id] || !strings.HasPrefix(id, "SPDXRef-") || safe(id) != id {
			t.Errorf("id %q is used twice, or is no id", id)
		}
		known[id] = true
	}
	for _, r := range d.Relationships {
		if !known[r.From] || !known[r.To] {
			t.Errorf("%+v is about something unknown", r)
		}
	}
}

func TestRefusesWhatItCannotDescribe(t *testing.T) {
	folder := t.TempDir()
	for name, want := range map[string]string{"a.tar.gz": "gzip", "a.zip": "zip", "a.txt": "neither"} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte("a text is no archive"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ForArchive(file, options()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var empty bytes.Buffer
	write(t, &empty, []byte("no program"))
	file := filepath.Join(folder, "none.tar.gz")
	if err := os.WriteFile(file, empty.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ForArchive(file, options()); err == nil || !strings.Contains(err.Error(), "no Go program") {
		t.Errorf("an archive without a program: %v", err)
	}
}
