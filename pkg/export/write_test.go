package export

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func setOf(files ...string) *Set {
	s := &Set{Folders: []string{"a/mesh"}}
	for i := 0; i+1 < len(files); i += 2 {
		s.Files = append(s.Files, File{files[i], []byte(files[i+1])})
	}
	return s
}

func wrote(t *testing.T, dir string, s *Set, force bool, want Written) {
	t.Helper()
	got, err := s.Write(dir, force)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func refusedWrite(t *testing.T, dir string, s *Set, force bool, want ...string) {
	t.Helper()
	before := read(t, dir)
	_, err := s.Write(dir, force)
	if err == nil {
		t.Fatal("it was written")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Errorf("%d lines, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range min(len(lines), len(want)) {
		if !strings.Contains(lines[i], want[i]) {
			t.Errorf("%q is not said in %q", want[i], lines[i])
		}
	}
	if diff := cmp.Diff(before, read(t, dir)); diff != "" {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
}

// Runs one after another: new, the same, changed, with less, and beside files
// that are the user's.
func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "out")
	wrote(t, dir, setOf("a/mesh/x.yaml", "x: 1\n", "a/mesh/y.md", "text\n"), false, Written{Wrote: []string{"a/mesh/x.yaml", "a/mesh/y.md"}})
	all := read(t, dir)
	if !strings.HasPrefix(all["a/mesh/x.yaml"], "# written by kubectl aksmesh, sha256 ") || !strings.HasPrefix(all["a/mesh/y.md"], "<!-- written by") {
		t.Errorf("the marks are missing: %v", all)
	}
	wrote(t, dir, setOf("a/mesh/x.yaml", "x: 1\n", "a/mesh/y.md", "text\n"), false, Written{Same: []string{"a/mesh/x.yaml", "a/mesh/y.md"}})
	put(t, filepath.Join(dir, "a/mesh/own.yaml"), "mine: true\n")
	wrote(t, dir, setOf("a/mesh/x.yaml", "x: 2\n"), false, Written{Wrote: []string{"a/mesh/x.yaml"}, Removed: []string{"a/mesh/y.md"}})
	if got := read(t, dir); len(got) != 2 || got["a/mesh/own.yaml"] != "mine: true\n" || !strings.HasSuffix(got["a/mesh/x.yaml"], "\nx: 2\n") {
		t.Errorf("files are %v", got)
	}
}

func TestWriteRefusesWhatIsTheUsers(t *testing.T) {
	dir := t.TempDir()
	wrote(t, dir, setOf("a/mesh/x.yaml", "x: 1\n"), false, Written{Wrote: []string{"a/mesh/x.yaml"}})
	edited := filepath.Join(dir, "a/mesh/x.yaml")
	text := read(t, dir)["a/mesh/x.yaml"]
	put(t, edited, strings.ReplaceAll(text, "\n", "\r\n")) // as Git checks it out on Windows
	wrote(t, dir, setOf("a/mesh/x.yaml", "x: 2\n"), false, Written{Wrote: []string{"a/mesh/x.yaml"}})
	put(t, edited, strings.Replace(text, "x: 1", "x: mine", 1))
	put(t, filepath.Join(dir, "a/mesh/z.yaml"), "z: mine\n")
	both := setOf("a/mesh/x.yaml", "x: 3\n", "a/mesh/new.yaml", "n: 1\n", "a/mesh/z.yaml", "z: 1\n")
	refusedWrite(t, dir, both, false, "x.yaml was not written by kubectl aksmesh, or was changed since", "z.yaml was not written")
	wrote(t, dir, both, true, Written{Wrote: []string{"a/mesh/x.yaml", "a/mesh/new.yaml", "a/mesh/z.yaml"}})
	// A set that lacks an edited file leaves it alone.
	put(t, edited, "edited\n")
	wrote(t, dir, setOf("a/mesh/z.yaml", "z: 1\n"), false, Written{Same: []string{"a/mesh/z.yaml"}, Removed: []string{"a/mesh/new.yaml"}})
}

func TestWriteStaysInside(t *testing.T) {
	outside := t.TempDir()
	put(t, filepath.Join(outside, "x.yaml"), "theirs\n")
	t.Run("a path that leads outside", func(t *testing.T) {
		refusedWrite(t, t.TempDir(), setOf("../x.yaml", "x"), true, "leads outside")
		refusedWrite(t, t.TempDir(), setOf("a", "x", "a", "y"), true, "is there twice")
	})
	t.Run("a folder that is a link", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Symlink(outside, filepath.Join(dir, "a")); err != nil {
			t.Fatal(err)
		}
		s := setOf("a/x.yaml", "x")
		s.Folders = nil
		if _, err := s.Write(dir, true); err == nil {
			t.Error("it was written")
		}
	})
	t.Run("a file that is a link", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "a/mesh"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(outside, "x.yaml"), filepath.Join(dir, "a/mesh/x.yaml")); err != nil {
			t.Fatal(err)
		}
		if _, err := setOf("a/mesh/x.yaml", "x").Write(dir, true); err == nil || !strings.Contains(err.Error(), "is no file") {
			t.Errorf("error is %v", err)
		}
	})
	if got := read(t, outside)["x.yaml"]; got != "theirs\n" {
		t.Errorf("the file outside is %q", got)
	}
}

func TestWriteRefusesFilesOfAnotherMeaning(t *testing.T) {
	dir := t.TempDir()
	wrote(t, dir, setOf("a/mesh/service.yaml", "s\n"), false, Written{Wrote: []string{"a/mesh/service.yaml"}})
	s := setOf("a/mesh/patch.yaml", "p\n")
	s.Without = []string{"a/mesh/service.yaml"}
	refusedWrite(t, dir, s, false, "makes what the cluster has by now")
}

func TestWriteNeedsAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, "")
	if _, err := setOf("a", "x").Write(file, true); err == nil || !strings.Contains(err.Error(), "the folder "+file) {
		t.Errorf("error is %v", err)
	}
}
