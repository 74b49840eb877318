package export

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Written is what became of the files of a set, by paths below the folder.
type Written struct {
	Wrote   []string
	Same    []string // were so already
	Removed []string // an earlier run's, in folders of the set
}

// Write puts the files into the folder dir, which it makes, and never outside
// of it, whatever links are there. Each file appears whole or not at all. A
// file that is there, is not the same, and was not written by an earlier run,
// or was changed since, is refused, and then nothing is written at all; force
// overwrites it. Errors name every such file, one line each.
func (s *Set) Write(dir string, force bool) (*Written, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // files for Git, without secrets
		return nil, fmt.Errorf("the folder %s cannot be made: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder %s cannot be used: %w", dir, err)
	}
	defer root.Close()
	w := &writer{root: root, dir: dir, force: force}
	if err := w.compare(s); err != nil {
		return nil, err
	}
	for _, file := range w.changed {
		if err := w.write(file); err != nil {
			return nil, fmt.Errorf("%s cannot be written: %w", filepath.Join(dir, filepath.FromSlash(file.Path)), err)
		}
		w.done.Wrote = append(w.done.Wrote, file.Path)
	}
	for _, name := range w.stale {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s cannot be removed: %w", filepath.Join(dir, filepath.FromSlash(name)), err)
		}
		w.done.Removed = append(w.done.Removed, name)
	}
	return &w.done, nil
}

// writer is the work of one [Set.Write].
type writer struct {
	root    *os.Root
	dir     string
	force   bool
	changed []File   // with their marks
	stale   []string // to be removed
	done    Written
}

// compare finds what is to be written and removed, and what forbids it.
func (w *writer) compare(s *Set) error {
	var errs []error
	wanted := map[string]bool{}
	for _, file := range s.Files {
		if wanted[file.Path] || !filepath.IsLocal(filepath.FromSlash(file.Path)) {
			return fmt.Errorf("internal error: the path %q is there twice, or leads outside", file.Path)
		}
		wanted[file.Path] = true
		file.Content = marked(file.Path, file.Content)
		same, err := w.look(file)
		switch {
		case err != nil:
			errs = append(errs, err)
		case same:
			w.done.Same = append(w.done.Same, file.Path)
		default:
			w.changed = append(w.changed, file)
		}
	}
	for _, name := range s.Without {
		if _, err := w.root.Lstat(name); err == nil {
			errs = append(errs, fmt.Errorf("%s makes what the cluster has by now: change it there, or remove the folder if it is not kept in Git", filepath.Join(w.dir, filepath.FromSlash(name))))
		}
	}
	for _, folder := range s.Folders {
		errs = append(errs, w.leftOvers(folder, wanted))
	}
	return errors.Join(errs...)
}

// look compares a file with what is there.
func (w *writer) look(file File) (same bool, err error) {
	shown := filepath.Join(w.dir, filepath.FromSlash(file.Path))
	info, err := w.root.Lstat(file.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s cannot be looked at: %w", shown, err)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is there and is no file: move it away, or choose another --output-dir", shown)
	}
	has, err := w.root.ReadFile(file.Path)
	switch {
	case err != nil:
		return false, fmt.Errorf("%s cannot be read: %w", shown, err)
	case bytes.Equal(has, file.Content):
		return true, nil
	case w.force || untouched(has):
		return false, nil
	}
	return false, fmt.Errorf("%s was not written by kubectl aksmesh, or was changed since: move it away, or overwrite it with --force-overwrite", shown)
}

// leftOvers notes what an earlier run wrote into a folder and this one does
// not. What somebody has changed stays.
func (w *writer) leftOvers(folder string, wanted map[string]bool) error {
	entries, err := fs.ReadDir(w.root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", filepath.Join(w.dir, filepath.FromSlash(folder)), err)
	}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		if wanted[name] || !entry.Type().IsRegular() {
			continue
		}
		if has, err := w.root.ReadFile(name); err == nil && untouched(has) && !slices.Contains(w.stale, name) {
			w.stale = append(w.stale, name)
		}
	}
	return nil
}

// write puts a file there under another name first.
func (w *writer) write(file File) error {
	if err := w.root.MkdirAll(path.Dir(file.Path), 0o755); err != nil {
		return err
	}
	part := path.Join(path.Dir(file.Path), "."+path.Base(file.Path)+"."+rand.Text())
	defer func() { _ = w.root.Remove(part) }() // nothing is left of it after the rename
	if err := w.root.WriteFile(part, file.Content, 0o644); err != nil {
		return err
	}
	return w.root.Rename(part, file.Path)
}
