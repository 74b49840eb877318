// Package examples checks Terraform configurations of labs without Terraform
// and without Azure: their form, their names, and what this plugin itself
// thinks of their addresses.
package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Lab is a configuration: the blocks of all files of a folder.
type Lab struct {
	Blocks []*hclsyntax.Block
	// Given are the values of .tfvars files, by variable.
	Given map[string]*hclsyntax.Attribute
	// Problems of form were found while it was read.
	Problems []string

	texts map[string]string
}

// Load reads all .tf files of a folder, and the .tfvars files that Terraform
// reads by itself.
func Load(folder string) (*Lab, error) {
	texts := map[string]string{}
	for _, pattern := range words("*.tf terraform.tfvars *.auto.tfvars") {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			texts[filepath.Base(file)] = string(text)
		}
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("folder %s has no .tf files", folder)
	}
	return Parse(texts), nil
}

// Parse is [Load] for texts, by file.
func Parse(texts map[string]string) *Lab {
	lab := &Lab{Given: map[string]*hclsyntax.Attribute{}, texts: texts}
	for _, name := range sorted(texts) {
		text := []byte(texts[name])
		parsed, problems := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
		for _, p := range problems {
			lab.Problems = append(lab.Problems, p.Error())
		}
		if problems.HasErrors() {
			continue
		}
		if string(hclwrite.Format(text)) != string(text) {
			lab.Problems = append(lab.Problems, name+" is not formatted as terraform fmt does")
		}
		lab.take(name, parsed.Body.(*hclsyntax.Body))
	}
	return lab
}

// take adds what a file has. Blocks that are none of Terraform's, or do not have
// their labels, are problems, so nothing else has to look for them.
func (l *Lab) take(file string, body *hclsyntax.Body) {
	if strings.HasSuffix(file, ".tfvars") {
		for name, given := range body.Attributes {
			l.Given[name] = given
		}
		return
	}
	for _, b := range body.Blocks {
		switch known, ok := language()[b.Type]; {
		case !ok:
			l.Problems = append(l.Problems, say(b.DefRange(), "block %s is not known to this test", b.Type))
		case len(b.Labels) != known.labels:
			l.Problems = append(l.Problems, say(b.DefRange(), "block %s has %d labels, not %d", b.Type, len(b.Labels), known.labels))
		default:
			l.Blocks = append(l.Blocks, b)
		}
	}
}

// say is a problem: where, and what.
func say(at hcl.Range, format string, a ...any) string {
	return fmt.Sprintf("%s:%d: ", at.Filename, at.Start.Line) + fmt.Sprintf(format, a...)
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func words(text string) []string { return strings.Fields(text) }

// of returns the blocks of a kind, as "resource".
func (l *Lab) of(kind string) []*hclsyntax.Block {
	var found []*hclsyntax.Block
	for _, b := range l.Blocks {
		if b.Type == kind {
			found = append(found, b)
		}
	}
	return found
}

// resources returns those of a type.
func (l *Lab) resources(kind string) []*hclsyntax.Block {
	var found []*hclsyntax.Block
	for _, b := range l.of("resource") {
		if b.Labels[0] == kind {
			found = append(found, b)
		}
	}
	return found
}

// names are the names of a traversal, without indexes.
func names(t hcl.Traversal) []string {
	var path []string
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			path = append(path, step.Name)
		case hcl.TraverseAttr:
			path = append(path, step.Name)
		}
	}
	return path
}
