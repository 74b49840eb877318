package examples

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Values says which expressions have none: they name what is not declared, or
// an attribute that the thing does not have. Variables have their defaults,
// for_each goes over them, and what only Azure knows is unknown.
func (l *Lab) Values() []string {
	variables, problems := l.variables()
	scope := l.scope(variables)
	for _, b := range l.Blocks {
		if b.Type == "terraform" {
			continue // literals, which Names looks at
		}
		for _, each := range instances(b, scope) {
			problems = append(problems, l.evaluate(b.Type, b.Body, each)...)
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems) // each instance has the same
}

// evaluate goes through all expressions of a block.
func (l *Lab) evaluate(kind string, body *hclsyntax.Body, scope *hcl.EvalContext) []string {
	// They look like expressions, and are not.
	except := map[string]string{"variable": "type", "resource": "provider", "data": "provider", "lifecycle": "ignore_changes"}
	var problems []string
	for _, name := range sorted(body.Attributes) {
		if name != except[kind] {
			_, wrong := body.Attributes[name].Expr.Value(scope)
			problems = append(problems, l.explain(wrong)...)
		}
	}
	for _, b := range body.Blocks {
		problems = append(problems, l.evaluate(b.Type, b.Body, scope)...)
	}
	return problems
}

// explain adds the expression to what is wrong with it, which does not name it.
func (l *Lab) explain(wrong hcl.Diagnostics) []string {
	var problems []string
	for _, w := range wrong {
		what := w.Summary
		if w.Expression != nil {
			what = string(w.Expression.Range().SliceBytes([]byte(l.texts[w.Subject.Filename])))
		}
		problems = append(problems, say(*w.Subject, "%s: %s", what, w.Detail))
	}
	return problems
}

// scope is what expressions may name.
func (l *Lab) scope(variables map[string]cty.Value) *hcl.EvalContext {
	scope := &hcl.EvalContext{Functions: map[string]function.Function{}, Variables: map[string]cty.Value{
		"var":       cty.ObjectVal(variables),
		"path":      unknown(words("cwd module root")),
		"terraform": unknown(words("workspace")),
	}}
	for _, name := range functions() {
		scope.Functions[name] = anything()
	}
	for name, real := range map[string]function.Function{
		"concat": stdlib.ConcatFunc, "format": stdlib.FormatFunc, "join": stdlib.JoinFunc, "keys": stdlib.KeysFunc,
		"merge": stdlib.MergeFunc, "values": stdlib.ValuesFunc,
	} {
		scope.Functions[name] = real
	}
	l.locals(scope)
	for kind, values := range l.declared("resource", schema(), scope) {
		scope.Variables[kind] = cty.ObjectVal(values)
	}
	data := map[string]cty.Value{}
	for kind, values := range l.declared("data", sources(), scope) {
		data[kind] = cty.ObjectVal(values)
	}
	scope.Variables["data"] = cty.ObjectVal(data)
	return scope
}

// locals may need each other, in any order.
func (l *Lab) locals(scope *hcl.EvalContext) {
	given := hclsyntax.Attributes{}
	values := map[string]cty.Value{}
	for _, b := range l.of("locals") {
		for name, local := range b.Body.Attributes {
			given[name], values[name] = local, cty.DynamicVal
		}
	}
	for range given {
		scope.Variables["local"] = cty.ObjectVal(values)
		next := map[string]cty.Value{}
		for name, local := range given {
			next[name], _ = local.Expr.Value(scope)
		}
		values = next
	}
	scope.Variables["local"] = cty.ObjectVal(values)
}

// declared are resources, or data, by type and name.
func (l *Lab) declared(block string, kinds map[string]resource, scope *hcl.EvalContext) map[string]map[string]cty.Value {
	all := map[string]map[string]cty.Value{}
	for _, b := range l.of(block) {
		r, ok := kinds[b.Labels[0]]
		value := cty.DynamicVal
		if ok {
			value = one(b, unknown(r.attributes()), scope)
		}
		if all[b.Labels[0]] == nil {
			all[b.Labels[0]] = map[string]cty.Value{}
		}
		all[b.Labels[0]][b.Labels[1]] = value
	}
	return all
}

// one is a resource, or many of them by key.
func one(b *hclsyntax.Block, value cty.Value, scope *hcl.EvalContext) cty.Value {
	switch {
	case b.Body.Attributes["count"] != nil:
		return cty.UnknownVal(cty.List(value.Type()))
	case b.Body.Attributes["for_each"] == nil:
		return value
	}
	over, _ := b.Body.Attributes["for_each"].Expr.Value(scope)
	if !known(over) {
		return cty.UnknownVal(cty.Map(value.Type()))
	}
	many := map[string]cty.Value{}
	for it := over.ElementIterator(); it.Next(); {
		if key, _ := it.Element(); key.Type() == cty.String && key.IsKnown() {
			many[key.AsString()] = value
		}
	}
	return cty.ObjectVal(many)
}

// instances are the scopes that a block's expressions have: as many as its
// for_each makes.
func instances(b *hclsyntax.Block, scope *hcl.EvalContext) []*hcl.EvalContext {
	child := func(name string, value cty.Value) *hcl.EvalContext {
		c := scope.NewChild()
		c.Variables = map[string]cty.Value{name: value}
		return c
	}
	each := func(key, value cty.Value) *hcl.EvalContext {
		return child("each", cty.ObjectVal(map[string]cty.Value{"key": key, "value": value}))
	}
	if b.Body.Attributes["count"] != nil {
		return []*hcl.EvalContext{child("count", unknown(words("index")))}
	}
	given := b.Body.Attributes["for_each"]
	if given == nil {
		return []*hcl.EvalContext{scope}
	}
	over, _ := given.Expr.Value(scope)
	var all []*hcl.EvalContext
	if known(over) {
		for it := over.ElementIterator(); it.Next(); {
			all = append(all, each(it.Element()))
		}
	}
	if len(all) > 0 {
		return all
	}
	value := cty.DynamicVal
	if over.Type().IsCollectionType() {
		value = cty.UnknownVal(over.Type().ElementType())
	}
	return []*hcl.EvalContext{each(cty.UnknownVal(cty.String), value)}
}

func known(v cty.Value) bool { return v.IsKnown() && !v.IsNull() && v.CanIterateElements() }

// unknown is an object of which only the names are known.
func unknown(names []string) cty.Value {
	values := map[string]cty.Value{}
	for _, name := range names {
		values[name] = cty.DynamicVal
	}
	return cty.ObjectVal(values)
}

// anything is a function that takes and returns what is not looked at.
func anything() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
		Type:     function.StaticReturnType(cty.DynamicPseudoType),
		Impl:     func([]cty.Value, cty.Type) (cty.Value, error) { return cty.DynamicVal, nil },
	})
}
