// Package image makes container images without a container engine: docker
// archives, as "ctr images import" takes them, from programs that were built
// and from the machine's own tools. It also unpacks all of them once, into a
// containerd root that nodes start from.
package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entry is a file, a directory or a link of an image.
type entry struct {
	mode fs.FileMode
	// One of these: a file of the machine, a link's target, or content.
	from, link string
	content    []byte
}

// Tree is the file system of an image. Paths have no leading slash. Parents
// are made as needed.
type Tree map[string]entry

// Dir adds a directory.
func (t Tree) Dir(name string, mode fs.FileMode) { t.put(name, entry{mode: fs.ModeDir | mode}) }

// Link adds a symbolic link.
func (t Tree) Link(name, target string) {
	t.put(name, entry{mode: fs.ModeSymlink | 0o777, link: target})
}

// Text adds a file with this content.
func (t Tree) Text(name, content string) { t.put(name, entry{mode: 0o644, content: []byte(content)}) }

// File adds a copy of a file of the machine, with a mode.
func (t Tree) File(name, from string, mode fs.FileMode) { t.put(name, entry{mode: mode, from: from}) }

func (t Tree) put(name string, e entry) {
	name = strings.TrimPrefix(path.Clean(name), "/")
	t[name] = e
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, there := t[dir]; there {
			return
		}
		t[dir] = entry{mode: fs.ModeDir | 0o755}
	}
}

// Copy adds a directory of the machine with all below it, following links.
// skip, which may be nil, leaves out files and directories by their path below
// from.
func (t Tree) Copy(name, from string, skip func(rel string) bool) error {
	return filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		if skip != nil && skip(rel) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := os.Stat(file)
		switch {
		case err != nil:
			return err
		case info.IsDir() && !d.IsDir():
			return fmt.Errorf("%s is a link to a directory: not supported", file)
		case info.IsDir():
			t.Dir(path.Join(name, rel), 0o755)
		default:
			// The module cache is read-only; an image need not be.
			t.File(path.Join(name, rel), file, info.Mode().Perm()|0o200)
		}
		return nil
	})
}

// epoch is the time stamp of all files, so that equal input gives equal images.
func epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// names lists all paths, parents first.
func (t Tree) names() []string { return slices.Sorted(maps.Keys(t)) }

// write writes the tree as a tar archive, sorted, owned by root.
func (t Tree) write(w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, name := range t.names() {
		if err := t[name].write(archive, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return archive.Close()
}

func (e entry) write(archive *tar.Writer, name string) error {
	header := &tar.Header{Name: name, Mode: int64(e.mode.Perm()), ModTime: epoch(), Size: int64(len(e.content)), Typeflag: tar.TypeReg, Format: tar.FormatPAX}
	if e.mode&fs.ModeSticky != 0 {
		header.Mode |= 0o1000
	}
	switch {
	case e.mode.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, name+"/"
	case e.mode&fs.ModeSymlink != 0:
		header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
	case e.from != "":
		return writeFile(archive, header, e.from)
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(e.content)
	return err
}

func writeFile(archive *tar.Writer, header *tar.Header, from string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New(from + " is no regular file")
	}
	header.Size = info.Size()
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}
