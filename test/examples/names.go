package examples

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// meta are arguments and blocks that all resources have; Terraform's own.
func meta() []string { return words("for_each count depends_on provider lifecycle timeouts") }

// Names says which resources, arguments and references are not known.
func (l *Lab) Names() []string {
	var problems []string
	for _, b := range l.of("resource") {
		known, ok := schema()[b.Labels[0]]
		if !ok {
			problems = append(problems, fmt.Sprintf("resource type %s is not known", b.Labels[0]))
			continue
		}
		problems = append(problems, known.check(b.Labels[0]+"."+b.Labels[1], b.Body, meta())...)
	}
	return append(problems, l.references()...)
}

// check compares a body with what is known of it.
func (r resource) check(where string, body *hclsyntax.Body, more []string) []string {
	var problems []string
	for _, name := range sorted(body.Attributes) {
		if !slices.Contains(r.required, name) && !slices.Contains(r.optional, name) && !slices.Contains(more, name) {
			problems = append(problems, fmt.Sprintf("%s has no argument %s", where, name))
		}
	}
	for _, name := range r.required {
		if body.Attributes[name] == nil {
			problems = append(problems, fmt.Sprintf("%s needs argument %s", where, name))
		}
	}
	for _, block := range body.Blocks {
		inner, ok := r.blocks[block.Type]
		switch {
		case ok:
			problems = append(problems, inner.check(where+"."+block.Type, block.Body, nil)...)
		case !slices.Contains(more, block.Type):
			problems = append(problems, fmt.Sprintf("%s has no block %s", where, block.Type))
		}
	}
	return problems
}

// references says what expressions name that is not declared.
func (l *Lab) references() []string {
	var problems []string
	look := func(path []string, at hcl.Range) {
		if text := l.reference(path); text != "" {
			problems = append(problems, fmt.Sprintf("%s (%s)", text, at))
		}
	}
	for _, b := range l.Blocks {
		_ = hclsyntax.VisitAll(b.Body, func(node hclsyntax.Node) hcl.Diagnostics {
			switch e := node.(type) {
			case *hclsyntax.ScopeTraversalExpr:
				look(names(e.Traversal), e.SrcRange)
			case *hclsyntax.RelativeTraversalExpr: // as azurerm_subnet.nodes[each.key].id
				if index, ok := e.Source.(*hclsyntax.IndexExpr); ok {
					if of, ok := index.Collection.(*hclsyntax.ScopeTraversalExpr); ok {
						look(append(names(of.Traversal), names(e.Traversal)...), e.SrcRange)
					}
				}
			}
			return nil
		})
	}
	return problems
}

func (l *Lab) reference(path []string) string {
	known, isResource := schema()[path[0]]
	switch {
	case path[0] == "var":
		if len(path) < 2 || !slices.ContainsFunc(l.of("variable"), func(b *hclsyntax.Block) bool { return b.Labels[0] == path[1] }) {
			return strings.Join(path, ".") + " is not declared"
		}
	case !isResource:
		return "" // each, a type such as string, or a name that a for expression makes
	case len(path) < 2 || !slices.ContainsFunc(l.resources(path[0]), func(b *hclsyntax.Block) bool { return b.Labels[1] == path[1] }):
		return strings.Join(path, ".") + " is not declared"
	case len(path) > 2 && !slices.Contains(slices.Concat(known.required, known.optional, known.exports), path[2]):
		return fmt.Sprintf("%s.%s has no attribute %s", path[0], path[1], path[2])
	}
	return ""
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
