// Package export turns what a command would do into files to be kept in Git:
// [Join], [Leave] and [Expose] are pure, and [Set.Write] puts their files into
// a folder. No file ever holds a private key.
package export

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"path"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

// File is one file to be written.
type File struct {
	// Path is below the output folder, with slashes.
	Path    string
	Content []byte
}

// Set is the files of one run.
type Set struct {
	Files []File
	// Folders are those whose files all belong to the set: what an earlier run
	// wrote into them, and this one does not, is removed.
	Folders []string
	// Without are paths that must not be there: files of an earlier run that
	// mean something else than this one's do.
	Without []string
}

// Folder is the name of a context's folder: what is no letter, digit, dot,
// dash or underscore becomes a dash, and the first is a letter or digit.
func Folder(context string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-", r):
			return r
		}
		return '-'
	}, context)
	name = strings.TrimLeft(name, "._-")
	if name == "" {
		return "cluster"
	}
	return name
}

// folders gives every context its folder, and refuses contexts that would
// share one, also on file systems that do not tell case.
func folders(contexts []string) (map[string]string, error) {
	byContext, holder := map[string]string{}, map[string]string{}
	var errs []error
	for _, context := range contexts {
		name := Folder(context)
		if other, taken := holder[strings.ToLower(name)]; taken {
			errs = append(errs, fmt.Errorf("contexts %q and %q would share the folder %s: rename one of them with kubectl config rename-context", other, context, name))
			continue
		}
		holder[strings.ToLower(name)], byContext[context] = context, name
	}
	return byContext, errors.Join(errs...)
}

//go:embed templates
var templateFiles embed.FS

// render fills in a template.
func render(name string, data any) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"sh": shell, "join": func(list []string) string { return strings.Join(list, ", ") }}).
		ParseFS(templateFiles, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// shell quotes a word for a POSIX shell, if it must be.
func shell(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@=,+%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// folder collects the files of one folder.
type folder struct {
	at  string // below the output folder
	set *Set
	err error // the first
}

func (s *Set) folder(elements ...string) *folder {
	at := path.Join(elements...)
	s.Folders = append(s.Folders, at)
	return &folder{at: at, set: s}
}

func (f *folder) add(name string, content []byte, err error) {
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("%s/%s: %w", f.at, name, err)
	}
	f.set.Files = append(f.set.Files, File{path.Join(f.at, name), content})
}

// template adds a file made of the template of its name.
func (f *folder) template(name string, data any) {
	content, err := render(name+".tmpl", data)
	f.add(name, content, err)
}

// yaml adds an object, with comments above it.
func (f *folder) yaml(name string, object any, comments ...string) {
	text, err := yaml.Marshal(object)
	f.add(name, append(commented(comments), text...), err)
}

func commented(lines []string) []byte {
	var out strings.Builder
	for _, line := range lines {
		out.WriteString("# " + strings.TrimRight(strings.ReplaceAll(line, "\n", " "), " ") + "\n")
	}
	return []byte(out.String())
}
