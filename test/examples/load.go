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
	"github.com/zclconf/go-cty/cty"
)

// Lab is a configuration: the blocks of all files of a folder.
type Lab struct {
	Blocks []*hclsyntax.Block
	// Problems of form were found while it was read.
	Problems []string
}

// Load reads all .tf files of a folder.
func Load(folder string) (*Lab, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("folder %s has no .tf files", folder)
	}
	sort.Strings(files)
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		texts[filepath.Base(file)] = string(text)
	}
	return Parse(texts), nil
}

// Parse is [Load] for texts, by file.
func Parse(texts map[string]string) *Lab {
	lab := &Lab{}
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
		lab.Blocks = append(lab.Blocks, parsed.Body.(*hclsyntax.Body).Blocks...)
	}
	return lab
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
		if len(b.Labels) == 2 && b.Labels[0] == kind {
			found = append(found, b)
		}
	}
	return found
}

// defaults are the variables' defaults, for variables that have one.
func (l *Lab) defaults() map[string]cty.Value {
	values := map[string]cty.Value{}
	for _, b := range l.of("variable") {
		if given := b.Body.Attributes["default"]; given != nil && len(b.Labels) == 1 {
			if value, problems := given.Expr.Value(nil); !problems.HasErrors() {
				values[b.Labels[0]] = value
			}
		}
	}
	return values
}
