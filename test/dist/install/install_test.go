package install

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/hack/release/krew"
)

// entry is a file of an archive under test.
type entry struct {
	name string
	mode fs.FileMode
}

func good() []entry { return []entry{{"LICENSE", 0o644}, {"kubectl-aksmesh", 0o755}} }

func tarred(t *testing.T, entries []entry) []byte {
	t.Helper()
	var buffer bytes.Buffer
	compressed := gzip.NewWriter(&buffer)
	archive := tar.NewWriter(compressed)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: int64(e.mode.Perm()), Typeflag: tar.TypeReg, Size: 1}
		if e.mode&fs.ModeSymlink != 0 {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, "/etc/passwd", 0
		}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := archive.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if archive.Close() != nil || compressed.Close() != nil {
		t.Fatal("the archive cannot be closed")
	}
	return buffer.Bytes()
}

func zipped(t *testing.T, entries []entry) []byte {
	t.Helper()
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	for _, e := range entries {
		if _, err := archive.Create(e.name); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// manifest is one for an archive that lies in the returned folder.
func manifest(t *testing.T, goos, name string, data []byte) (*krew.Manifest, string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	m := &krew.Manifest{Metadata: krew.Metadata{Name: "aks-mesh"}, Spec: krew.Spec{Version: "v1.0.0", Platforms: []krew.Platform{{
		URI: "https://example.com/" + name, SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), Bin: "kubectl-aksmesh",
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"os": goos, "arch": "amd64"}},
	}}}}
	return m, folder
}

func TestInstall(t *testing.T) {
	m, folder := manifest(t, "linux", "a.tar.gz", tarred(t, good()))
	p, err := Install(m, folder, t.TempDir(), "linux", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(p.Link) != "kubectl-aks_mesh" {
		t.Errorf("link %s", p.Link)
	}
	if to, err := filepath.EvalSymlinks(p.Link); err != nil || filepath.Base(to) != "kubectl-aksmesh" {
		t.Errorf("the link leads to %s, %v", to, err)
	}
	m, folder = manifest(t, "windows", "a.zip", zipped(t, []entry{{name: "LICENSE.md"}, {name: "kubectl-aksmesh.exe"}}))
	m.Spec.Platforms[0].Bin = "kubectl-aksmesh.exe"
	if p, err = Install(m, folder, t.TempDir(), "windows", "amd64"); err != nil || filepath.Base(p.Link) != "kubectl-aks_mesh.exe" {
		t.Errorf("for windows: %+v, %v", p, err)
	}
}

func TestFilesAreTaken(t *testing.T) {
	m, folder := manifest(t, "linux", "a.tar.gz", tarred(t, append(good(), entry{"other", 0o644})))
	m.Spec.Platforms[0].Files = []krew.File{{From: "LICENSE", To: "."}, {From: "kubectl-*", To: "bin"}}
	m.Spec.Platforms[0].Bin = "bin/kubectl-aksmesh"
	p, err := Install(m, folder, t.TempDir(), "linux", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(p.Folder, "other")); err == nil {
		t.Error("a file that no operation names is installed")
	}
}

func TestWhatKrewRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		entries []entry
		spoil   func(*krew.Platform)
	}{
		"sum is":             {good(), func(p *krew.Platform) { p.SHA256 = strings.Repeat("0", 64) }},
		"no archive for":     {good(), func(p *krew.Platform) { p.Selector.MatchLabels["arch"] = "arm64" }},
		"has no licence":     {good()[1:], nil},
		"matches nothing":    {good(), func(p *krew.Platform) { p.Files = []krew.File{{From: "bin/*", To: "."}} }},
		"bin:":               {good(), func(p *krew.Platform) { p.Bin = "aksmesh" }},
		"not a program that": {[]entry{{"LICENSE", 0o644}, {"kubectl-aksmesh", 0o644}}, nil},
		"leads out of":       {append(good(), entry{"../x", 0o644}), nil},
		"neither a file nor": {append(good(), entry{"link", fs.ModeSymlink}), nil},
		"no such file":       {good(), func(p *krew.Platform) { p.URI = "https://example.com/other.tar.gz" }},
		"neither a zip nor":  {nil, nil},
		"file exists":        {slices.Concat(good(), good()), nil},
	} {
		t.Run(want, func(t *testing.T) {
			data := []byte("no archive")
			if c.entries != nil {
				data = tarred(t, c.entries)
			}
			m, folder := manifest(t, "linux", "a.tar.gz", data)
			if c.spoil != nil {
				c.spoil(&m.Spec.Platforms[0])
			}
			if _, err := Install(m, folder, t.TempDir(), "linux", "amd64"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not said: %v", want, err)
			}
		})
	}
}
