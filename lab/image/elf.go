package image

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// machine copies programs of this machine with the libraries they need.
type machine struct {
	// libraries are the folders that the loader searches.
	libraries []string
}

// newMachine reads the loader's configuration, ld.so.conf(5).
func newMachine() (*machine, error) {
	files, err := filepath.Glob("/etc/ld.so.conf.d/*.conf")
	if err != nil {
		return nil, err
	}
	m := &machine{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
				m.libraries = append(m.libraries, line)
			}
		}
	}
	m.libraries = append(m.libraries, "/lib", "/usr/lib", "/lib64", "/usr/lib64")
	return m, nil
}

// program adds a program found on PATH, at its real place, and a link if the
// name that was asked for is another.
func (m *machine) program(t Tree, name string) error {
	found, err := lookPath(name)
	if err != nil {
		return err
	}
	return m.file(t, found)
}

// lookPath finds a program where root's shell would, whatever this process's
// PATH is.
func lookPath(name string) (string, error) {
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/usr/local/bin"} {
		if file, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s is not installed on this machine: run aksmesh-lab preflight", name)
}

// file adds a program or library of the machine and all that it loads.
func (m *machine) file(t Tree, name string) error {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	inImage := usr(filepath.Dir(name)) + "/" + filepath.Base(name)
	if _, there := t[strings.TrimPrefix(inImage, "/")]; there {
		return nil
	}
	t.File(inImage, real, 0o755)
	f, err := elf.Open(real)
	if errors.As(err, new(*elf.FormatError)) {
		return nil // a script
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if loader := interpreter(f); loader != "" {
		t.File(usr(filepath.Dir(loader))+"/"+filepath.Base(loader), loader, 0o755)
	}
	needed, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", real, err)
	}
	for _, library := range needed {
		found, err := m.find(library, runPath(f, real))
		if err != nil {
			return fmt.Errorf("%s needs %w", real, err)
		}
		if err := m.file(t, found); err != nil {
			return err
		}
	}
	return nil
}

// find searches a library as the loader does.
func (m *machine) find(library string, first []string) (string, error) {
	for _, dirs := range [][]string{first, m.libraries} {
		for _, dir := range dirs {
			file := filepath.Join(dir, library)
			if _, err := os.Stat(file); err == nil {
				return file, nil
			}
		}
	}
	return "", fmt.Errorf("%s, which is not on this machine", library)
}

// runPath are the folders that a program itself names, $ORIGIN being its own.
func runPath(f *elf.File, real string) []string {
	var dirs []string
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		values, _ := f.DynString(tag) // an error means that there is no dynamic section
		for _, v := range values {
			for dir := range strings.SplitSeq(v, ":") {
				dirs = append(dirs, strings.ReplaceAll(dir, "$ORIGIN", filepath.Dir(real)))
			}
		}
	}
	return dirs
}

// interpreter is the loader that a program asks for.
func interpreter(f *elf.File) string {
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		text := make([]byte, p.Filesz)
		if _, err := p.ReadAt(text, 0); err == nil {
			return strings.TrimRight(string(text), "\x00")
		}
	}
	return ""
}

// usr maps a folder into a merged /usr, where images keep everything.
func usr(dir string) string {
	dir = filepath.Clean(dir)
	for _, merged := range []string{"/bin", "/sbin", "/lib64", "/lib"} {
		if dir == merged || strings.HasPrefix(dir, merged+"/") {
			return "/usr" + dir
		}
	}
	return dir
}
