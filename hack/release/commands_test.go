package main

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// released lays out what goreleaser has when it asks for a bill of materials:
// the chart, and an archive with a program, which is this test's own.
func released(t *testing.T) (archive string) {
	t.Helper()
	root := t.TempDir()
	archive = filepath.Join(root, dist, "plugin.zip")
	for _, file := range []string{archive, filepath.Join(root, chartFolder, "cilium-1.20.1.tgz")} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pack(t, archive)
	return archive
}

func pack(t *testing.T, archive string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	file, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zipped := zip.NewWriter(file)
	// Stored: to compress it with the race detector takes a minute.
	entry, err := zipped.CreateHeader(&zip.FileHeader{Name: "kubectl-aksmesh.exe", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(entry, program); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBillOfMaterials: the program's version is the release's, as builds
// without a stamp of the working tree do not tell theirs.
func TestBillOfMaterials(t *testing.T) {
	archive := released(t)
	document := archive + ".spdx.json"
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	t.Setenv("AKSMESH_VERSION", "v1.2.3")
	if err := runSBOM(t.Context(), []string{archive, document}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		Packages []struct{ Name, VersionInfo string }
	}
	if err := json.Unmarshal(text, &bill); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range bill.Packages {
		if p.Name == "kubectl-aksmesh.exe" || strings.HasPrefix(p.Name, "cilium") {
			got[p.Name] = p.VersionInfo
		}
	}
	want := map[string]string{"kubectl-aksmesh.exe": "v1.2.3", "cilium (Helm chart)": "1.20.1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-want +got)\n%s", diff)
	}
}

// TestBillOfMaterialsNeedsAVersion: a bill that is silent on it is not written.
func TestBillOfMaterialsNeedsAVersion(t *testing.T) {
	archive := released(t)
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	t.Setenv("AKSMESH_VERSION", "")
	err := runSBOM(t.Context(), []string{archive, archive + ".spdx.json"})
	if err == nil || !strings.Contains(err.Error(), "AKSMESH_VERSION is not set") {
		t.Errorf("error %v", err)
	}
}
