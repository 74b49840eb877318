package meshfile

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// checker compares the tree of a text with the types that it is read into,
// and remembers where everything stands. The decoder that follows would find
// most of it too, but says neither the line nor what was meant.
type checker struct {
	name  string
	lines map[string]int // by path, as "spec.clusters[0].id"; 0 if it is null
	errs  []error
}

func fileType() reflect.Type { return reflect.TypeFor[File]() }

// fail notes what is wrong with the field at path.
func (c *checker) fail(path, format string, args ...any) {
	c.failAt(c.lines[path], path, format, args...)
}

func (c *checker) failAt(line int, path, format string, args ...any) {
	where := c.name
	if line > 0 {
		where = fmt.Sprintf("%s line %d", c.name, line)
	}
	c.errs = append(c.errs, fmt.Errorf("%s: %s %s", where, path, fmt.Sprintf(format, args...)))
}

// kind refuses other documents before their fields are found to be unknown.
func (c *checker) kind(root *yamlv3.Node) error {
	var version, kind string
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch root.Content[i].Value {
		case "apiVersion":
			version = root.Content[i+1].Value
		case "kind":
			kind = root.Content[i+1].Value
		}
	}
	if version != APIVersion || kind != Kind {
		return fmt.Errorf("%s: it is a %q of %q, not a %s of %s as kubectl aksmesh export writes it", c.name, kind, version, Kind, APIVersion)
	}
	return nil
}

// check compares a node with a type, and all below it.
func (c *checker) check(n *yamlv3.Node, t reflect.Type, path string) {
	if n.Kind == yamlv3.AliasNode {
		n = n.Alias
	}
	if n.Kind == yamlv3.ScalarNode && n.Tag == "!!null" {
		c.lines[path] = 0
		return // as if the field were not there
	}
	c.lines[path] = n.Line
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		c.text(n, t, path)
	case t.Kind() == reflect.Struct:
		c.fields(n, t, path)
	case t.Kind() == reflect.Slice:
		c.list(n, t.Elem(), path)
	case t.Kind() == reflect.Map:
		if n.Kind != yamlv3.MappingNode {
			c.fail(path, "is not a mapping")
		}
	default:
		c.scalar(n, t, path)
	}
}

func (c *checker) fields(n *yamlv3.Node, t reflect.Type, path string) {
	if n.Kind != yamlv3.MappingNode {
		c.fail(path, "is not a mapping")
		return
	}
	known := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			known[name] = t.Field(i).Type
			names = append(names, name)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		field, ok := known[key.Value]
		_, twice := c.lines[at]
		switch {
		case twice && ok:
			c.failAt(key.Line, at, "is there twice")
		case ok:
			c.check(n.Content[i+1], field, at)
		default:
			c.failAt(key.Line, at, "is unknown%s", hint(key.Value, names))
		}
	}
}

// hint names the field that was probably meant, else all that there are.
func hint(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return ": the fields here are " + strings.Join(known, ", ")
}

func (c *checker) list(n *yamlv3.Node, element reflect.Type, path string) {
	if n.Kind != yamlv3.SequenceNode {
		c.fail(path, "is not a list")
		return
	}
	for i, item := range n.Content {
		c.check(item, element, fmt.Sprintf("%s[%d]", path, i))
	}
}

// text checks a scalar that a type of its own reads: an address or a CIDR.
func (c *checker) text(n *yamlv3.Node, t reflect.Type, path string) {
	into, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler)
	if !ok || n.Kind != yamlv3.ScalarNode {
		c.fail(path, "is not a text")
		return
	}
	if err := into.UnmarshalText([]byte(n.Value)); err != nil || n.Value == "" {
		what := "a CIDR, as 100.64.0.0/16"
		if strings.HasSuffix(t.String(), "Addr") {
			what = "an IP address"
		}
		c.fail(path, "%q is not %s", n.Value, what)
	}
}

func (c *checker) scalar(n *yamlv3.Node, t reflect.Type, path string) {
	wants := map[reflect.Kind]string{reflect.String: "!!str", reflect.Int: "!!int", reflect.Bool: "!!bool"}[t.Kind()]
	words := map[reflect.Kind]string{reflect.String: "a text", reflect.Int: "a whole number", reflect.Bool: "true or false"}[t.Kind()]
	switch {
	case n.Kind != yamlv3.ScalarNode:
		c.fail(path, "is not %s", words)
	case n.Tag == wants:
	case t.Kind() == reflect.String:
		c.fail(path, "%s is not a text: put it in quotes", n.Value) // 1.20 would be read as 1.2
	default:
		c.fail(path, "%q is not %s", n.Value, words)
	}
}
