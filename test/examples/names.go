package examples

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Names says which blocks, arguments and references are not known, and which
// blocks and arguments are missing.
func (l *Lab) Names() []string {
	var problems []string
	for _, b := range l.Blocks {
		problems = append(problems, l.block(b)...)
	}
	return append(problems, l.Values()...)
}

func (l *Lab) block(b *hclsyntax.Block) []string {
	where := strings.Join(b.Labels, ".")
	var known resource
	ok := true
	switch b.Type {
	case "resource":
		known, ok = schema()[b.Labels[0]]
		known = known.with()
	case "data":
		known, ok = sources()[b.Labels[0]]
		known, where = known.with(), "data."+where
	case "provider":
		known, ok = providers()[b.Labels[0]]
		where = "provider " + where
	default:
		known, where = language()[b.Type].body, strings.TrimSpace(b.Type+" "+where)
	}
	if !ok {
		return []string{say(b.DefRange(), "%s %s is not known to this test", b.Type, b.Labels[0])}
	}
	problems := known.check(where, b.DefRange(), b.Body)
	switch b.Type {
	case "resource":
		problems = append(problems, known.ignored(where, b)...)
		problems = append(problems, l.provider(b)...)
	case "data", "provider":
		problems = append(problems, l.provider(b)...)
	case "terraform":
		problems = append(problems, required(b)...)
	}
	return problems
}

// check compares a body with what is known of it.
func (r resource) check(where string, at hcl.Range, body *hclsyntax.Body) []string {
	var problems []string
	for _, name := range sorted(body.Attributes) {
		if !r.any && !slices.Contains(r.arguments(), name) {
			problems = append(problems, say(body.Attributes[name].SrcRange, "%s has no argument %s", where, name))
		}
	}
	for _, b := range body.Blocks {
		inner, ok := r.blocks[b.Type]
		switch {
		case ok:
			problems = append(problems, inner.check(where+"."+b.Type, b.DefRange(), b.Body)...)
		case !r.any:
			problems = append(problems, say(b.DefRange(), "%s has no block %s", where, b.Type))
		}
	}
	for _, name := range r.required {
		switch _, isBlock := r.blocks[name]; {
		case has(body, name):
		case isBlock:
			problems = append(problems, say(at, "%s needs block %s", where, name))
		default:
			problems = append(problems, say(at, "%s needs argument %s", where, name))
		}
	}
	for _, group := range r.oneOf {
		if n := count(body, group); n != 1 {
			problems = append(problems, say(at, "%s needs one of %s and has %d", where, strings.Join(group, ", "), n))
		}
	}
	return problems
}

// arguments are those of a body, without blocks.
func (r resource) arguments() []string {
	all := slices.Concat(slices.Concat(r.oneOf...), r.required, r.optional)
	return slices.DeleteFunc(all, func(name string) bool { _, isBlock := r.blocks[name]; return isBlock })
}

func has(body *hclsyntax.Body, name string) bool {
	return body.Attributes[name] != nil || len(inner(body, name)) > 0
}

func count(body *hclsyntax.Body, names []string) int {
	n := 0
	for _, name := range names {
		if has(body, name) {
			n++
		}
	}
	return n
}

// inner are the blocks of a type in a body.
func inner(body *hclsyntax.Body, kind string) []*hclsyntax.Block {
	var found []*hclsyntax.Block
	for _, b := range body.Blocks {
		if b.Type == kind {
			found = append(found, b)
		}
	}
	return found
}

// ignored says what lifecycle ignores and the resource does not have.
func (r resource) ignored(where string, b *hclsyntax.Block) []string {
	list := attribute(b.Body, "lifecycle", "ignore_changes")
	if list == nil || hcl.ExprAsKeyword(list.Expr) == "all" {
		return nil
	}
	var problems []string
	for _, t := range list.Expr.Variables() {
		at, path := r, names(t)
		for len(path) > 1 {
			next, ok := at.blocks[path[0]]
			if !ok {
				break
			}
			at, path = next, path[1:]
		}
		if _, isBlock := at.blocks[path[0]]; !isBlock && !slices.Contains(at.arguments(), path[0]) {
			problems = append(problems, say(t.SourceRange(), "%s ignores changes of %s, which it does not have", where, strings.Join(names(t), ".")))
		}
	}
	return problems
}

// provider says if the provider that a block needs is not required by name:
// Terraform would take the newest one, whatever it changes.
func (l *Lab) provider(b *hclsyntax.Block) []string {
	name, _, _ := strings.Cut(b.Labels[0], "_")
	for _, own := range l.of("terraform") {
		if attribute(own.Body, "required_providers", name) != nil {
			return nil
		}
	}
	return []string{say(b.DefRange(), "%s %s needs provider %s, which required_providers does not have", b.Type, b.Labels[0], name)}
}

// required says what is wrong with required_providers.
func required(b *hclsyntax.Block) []string {
	var problems []string
	for _, providers := range inner(b.Body, "required_providers") {
		for _, name := range sorted(providers.Body.Attributes) {
			pairs, _ := hcl.ExprMap(providers.Body.Attributes[name].Expr)
			given := map[string]bool{}
			for _, pair := range pairs {
				value, _ := pair.Key.Value(nil)
				key := value.AsString()
				given[key] = true
				if !slices.Contains(words("source version configuration_aliases"), key) {
					problems = append(problems, say(pair.Key.Range(), "provider %s in required_providers has no key %s", name, key))
				}
			}
			for _, key := range words("source version") {
				if !given[key] {
					problems = append(problems, say(providers.Body.Attributes[name].SrcRange, "provider %s in required_providers needs key %s", name, key))
				}
			}
		}
	}
	return problems
}
