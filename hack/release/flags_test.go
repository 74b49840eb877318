package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOneListOfModules: what make builds, what CI compiles for all systems and
// what goes into a release are built alike. The three cannot share a file.
func TestOneListOfModules(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	list := func(name, expression string) []string {
		match := regexp.MustCompile(expression).FindStringSubmatch(read(name))
		if match == nil {
			t.Fatalf("%s has no list of modules", name)
		}
		return strings.Fields(match[1])
	}
	want := list("Makefile", `foreach m,([^,]*),-gcflags=`)
	if diff := cmp.Diff(want, list("hack/cross.sh", `for module in ([^;]*);`)); diff != "" {
		t.Errorf("hack/cross.sh (-Makefile +there):\n%s", diff)
	}
	var release []string
	for _, match := range regexp.MustCompile(`(?m)^ +- (\S+)/\.\.\.=-l$`).FindAllStringSubmatch(read(".goreleaser.yaml"), -1) {
		release = append(release, match[1])
	}
	if diff := cmp.Diff(want, release); diff != "" {
		t.Errorf(".goreleaser.yaml (-Makefile +there):\n%s", diff)
	}
}
