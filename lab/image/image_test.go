package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contents reads a tar archive: by name, a file's content, "->" and a link's
// target, or "dir".
func contents(t *testing.T, r io.Reader) map[string]string {
	t.Helper()
	got := map[string]string{}
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(epoch()) {
			t.Errorf("%s: owner %d:%d at %s, want root at a fixed time", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		switch h.Typeflag {
		case tar.TypeDir:
			got[h.Name] = "dir"
		case tar.TypeSymlink:
			got[h.Name] = "->" + h.Linkname
		default:
			got[h.Name] = string(text)
		}
	}
}

func sample(t *testing.T) Tree {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("machine code"), 0o600); err != nil {
		t.Fatal(err)
	}
	tree := Tree{}
	tree.File("usr/bin/program", file, 0o755)
	tree.Link("bin", "usr/bin")
	tree.Text("etc/passwd", "root\n")
	return tree
}

func TestTree(t *testing.T) {
	var out bytes.Buffer
	if err := sample(t).write(&out); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"usr/": "dir", "usr/bin/": "dir", "etc/": "dir",
		"usr/bin/program": "machine code", "bin": "->usr/bin", "etc/passwd": "root\n",
	}
	if diff := cmp.Diff(want, contents(t, &out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	i := &Image{Ref: "example.com/app:v1", Tree: sample(t), Entrypoint: []string{"/bin/program"}, Env: []string{"A=b"}}
	var archives [][]byte
	for range 2 { // equal input, equal output
		if err := i.Save(dir); err != nil {
			t.Fatal(err)
		}
		archive, err := os.ReadFile(filepath.Join(dir, "example.com_app_v1.tar"))
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, archive)
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two archives of the same image differ")
	}
	files := contents(t, bytes.NewReader(archives[0]))
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal([]byte(files["manifest.json"]), &manifest); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"example.com/app:v1"}, manifest[0].RepoTags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if _, there := files[manifest[0].Layers[0]]; !there {
		t.Errorf("no layer %q in the archive", manifest[0].Layers[0])
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("files %v, want the archive alone", left)
	}
}

// A program of this machine brings the libraries that it needs.
func TestMachineProgram(t *testing.T) {
	m, err := newMachine()
	if err != nil {
		t.Fatal(err)
	}
	tree := Tree{}
	if err := m.program(tree, "ls"); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range tree {
		names = append(names, filepath.Base(name))
	}
	for _, want := range []string{"ls", "libc.so.6"} {
		found := false
		for _, name := range names {
			found = found || name == want
		}
		if !found {
			t.Errorf("no %s among %v", want, names)
		}
	}
}
