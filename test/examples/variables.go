package examples

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variables are the values that .tfvars or defaults give, and what is wrong
// with them. The others are unknown.
func (l *Lab) variables() (map[string]cty.Value, []string) {
	values := map[string]cty.Value{}
	var problems []string
	for _, b := range l.of("variable") {
		name := b.Labels[0]
		of, wrong := l.typed(b)
		problems = append(problems, wrong...)
		values[name] = cty.UnknownVal(of.plain())
		for _, given := range []*hclsyntax.Attribute{b.Body.Attributes["default"], l.Given[name]} {
			if given == nil {
				continue
			}
			value, wrong := l.value(name, given, of)
			problems = append(problems, wrong...)
			if len(wrong) == 0 && !value.IsNull() {
				values[name] = value
			}
		}
	}
	for _, name := range sorted(l.Given) {
		if _, ok := values[name]; !ok {
			problems = append(problems, say(l.Given[name].SrcRange, "variable %s is not declared", name))
		}
	}
	return values, problems
}

// constraint is a variable's type.
type constraint struct {
	of       cty.Type
	defaults *typeexpr.Defaults
}

// plain is the type of values that have it.
func (c constraint) plain() cty.Type { return c.of.WithoutOptionalAttributesDeep() }

func (l *Lab) typed(variable *hclsyntax.Block) (constraint, []string) {
	given := variable.Body.Attributes["type"]
	if given == nil {
		return constraint{of: cty.DynamicPseudoType}, nil
	}
	of, defaults, wrong := typeexpr.TypeConstraintWithDefaults(given.Expr)
	return constraint{of, defaults}, l.explain(wrong)
}

// value is what is given to a variable.
func (l *Lab) value(name string, given *hclsyntax.Attribute, c constraint) (cty.Value, []string) {
	value, wrong := given.Expr.Value(nil)
	if wrong.HasErrors() {
		return value, l.explain(wrong)
	}
	if path := stranger(value, c.of); path != nil {
		return value, []string{say(spot(given.Expr, path), "variable %s is given key %s, which its type does not have", name, path[len(path)-1])}
	}
	if c.defaults != nil && !value.IsNull() {
		value = c.defaults.Apply(value)
	}
	typed, err := convert.Convert(value, c.of)
	if err != nil {
		return value, []string{say(given.SrcRange, "variable %s: %s", name, convert.MismatchMessage(value.Type(), c.of))}
	}
	return typed, nil
}

// stranger is the way to a key that objects of a type do not have. Terraform
// leaves such a key out without a word.
func stranger(value cty.Value, of cty.Type) []string {
	if !known(value) || !value.Type().IsObjectType() {
		return nil
	}
	attributes := value.AsValueMap()
	for _, name := range sorted(attributes) {
		next := cty.DynamicPseudoType
		switch {
		case of.IsMapType():
			next = of.ElementType()
		case of.IsObjectType() && !of.HasAttribute(name):
			return []string{name}
		case of.IsObjectType():
			next = of.AttributeType(name)
		}
		if path := stranger(attributes[name], next); path != nil {
			return append([]string{name}, path...)
		}
	}
	return nil
}

// spot is where a key of an object, or of one in it, is written.
func spot(e hclsyntax.Expression, path []string) hcl.Range {
	object, ok := e.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return e.Range()
	}
	for _, item := range object.Items {
		switch key, _ := item.KeyExpr.Value(nil); {
		case key.Type() != cty.String || key.AsString() != path[0]:
		case len(path) == 1:
			return item.KeyExpr.Range()
		default:
			return spot(item.ValueExpr, path[1:])
		}
	}
	return e.Range()
}
