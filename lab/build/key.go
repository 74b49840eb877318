package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// key names all that a program is made from: toolchain, flags, the module's
// pins, and its sources where they are the lab's own. goVersion is "go env
// GOVERSION".
func (t *Target) key(goVersion string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%q\n", goVersion, t.Package, t.flags())
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := addFile(h, filepath.Join(t.Dir, name)); err != nil {
			return "", err
		}
	}
	dirs := make([]string, 0, len(t.Sources)+1)
	if dir, own := t.ownSources(); own {
		dirs = append(dirs, dir)
	}
	for _, dir := range t.Sources {
		dirs = append(dirs, filepath.Join(t.Dir, dir))
	}
	for _, dir := range dirs {
		if err := addSources(h, dir); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ownSources is the folder of a package that is part of the lab.
func (t *Target) ownSources() (string, bool) {
	if rest, ok := strings.CutPrefix(t.Package, "./"); ok {
		return filepath.Join(t.Dir, rest), true
	}
	if rest, ok := strings.CutPrefix(t.Package, "github.com/aksmesh/kubectl-aksmesh/lab/"); ok {
		return filepath.Join(t.Dir, rest), true
	}
	return "", false
}

func addSources(h hash.Hash, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, file := range files { // sorted
		if err := addFile(h, file); err != nil {
			return err
		}
	}
	return nil
}

func addFile(h hash.Hash, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintf(h, "%s\n", filepath.Base(file))
	_, err = io.Copy(h, f)
	return err
}

// keyFile holds the key that a program was built with.
func keyFile(program string) string { return program + ".key" }

// isBuilt says whether a program is there and was built with this key.
func isBuilt(program, key string) (bool, error) {
	was, err := os.ReadFile(keyFile(program))
	if err == nil {
		_, err = os.Stat(program)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return string(was) == key, err
}
