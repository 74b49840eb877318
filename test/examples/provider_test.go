package examples

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// body is what "terraform providers schema -json" says of a block.
type body struct {
	Attributes map[string]argument
	Blocks     map[string]struct {
		Block body
		Min   int `json:"min_items"`
	} `json:"block_types"`
}

type argument struct {
	Type                         any
	Required, Optional, Computed bool
}

// read is what can only be read. All have an id, and the schema does not say that
// it cannot be given.
func (a argument) read(name string) bool {
	return !a.Required && (!a.Optional || name == "id" && a.Computed)
}

// TestSchema compares the test's lists of names with the provider's own, which
// AKSMESH_SCHEMA names the file of.
func TestSchema(t *testing.T) {
	file := os.Getenv("AKSMESH_SCHEMA")
	if file == "" {
		t.Skip("make examples-terraform runs it: it needs the provider")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	type kinds map[string]struct{ Block body }
	var all struct {
		Providers map[string]struct {
			Provider  struct{ Block body }
			Resources kinds `json:"resource_schemas"`
			Data      kinds `json:"data_source_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	azurerm := all.Providers["registry.terraform.io/hashicorp/azurerm"]
	for kind, own := range schema() {
		same(t, kind, azurerm.Resources[kind].Block, own)
	}
	for kind, own := range sources() {
		same(t, "data "+kind, azurerm.Data[kind].Block, own)
	}
	own := providers()["azurerm"]
	// Terraform's own, and what only the provider's code knows.
	own.optional = slices.DeleteFunc(own.optional, func(name string) bool { return name == "alias" || name == "version" })
	own.required = nil
	same(t, "provider", azurerm.Provider.Block, own)
}

// same says in what a list and the provider's schema differ.
func same(t *testing.T, where string, theirs body, own resource) {
	blocks := map[string]body{}
	names := map[string][]string{}
	add := func(what, name string) { names[what] = append(names[what], name) }
	for name, a := range theirs.Attributes {
		inner, isBlock := object(a.Type)
		switch {
		case a.read(name):
			add("exports", name)
		case isBlock: // it may be written as a block
			blocks[name] = inner
			add("blocks", name)
		default:
			add("arguments", name)
		}
		if a.Required {
			add("required", name)
		}
	}
	for name, b := range theirs.Blocks {
		if name == "timeouts" {
			continue // all resources have it
		}
		blocks[name] = b.Block
		add("blocks", name)
		if b.Min > 0 {
			add("required", name)
		}
	}
	for what, list := range map[string][]string{
		"arguments": own.arguments(), "blocks": sorted(own.blocks), "required": own.required, "exports": own.exports,
	} {
		if more := without(list, names[what]); len(more) > 0 {
			t.Errorf("%s: the provider does not have, among %s, %q", where, what, more)
		}
		// What a block exports the test does not look at.
		if more := without(names[what], list); len(more) > 0 && (what != "exports" || own.exports != nil) {
			t.Errorf("%s: the test does not have, among %s, %q", where, what, more)
		}
	}
	for name, inner := range own.blocks {
		if !inner.any {
			same(t, where+"."+name, blocks[name], inner)
		}
	}
}

func without(list, other []string) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(other, name) })
	slices.Sort(list)
	return list
}

// object is what the objects of a list or set have, as ["list",["object",{…}]].
func object(of any) (body, bool) {
	pair, ok := of.([]any)
	if !ok || len(pair) < 2 {
		return body{}, false
	}
	inner, ok := pair[1].(map[string]any)
	if !ok {
		return object(pair[1])
	}
	arguments := map[string]argument{}
	for name, kind := range inner {
		arguments[name] = argument{Type: kind, Optional: true}
	}
	return body{Attributes: arguments}, true
}
