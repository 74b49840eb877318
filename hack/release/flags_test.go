package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReleaseIsBuiltAlike: what make builds, and tests run, is built as a release
// is. The files cannot share a list.
func TestReleaseIsBuiltAlike(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	all := func(text, expression string) (found []string) {
		for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
			found = append(found, match[1])
		}
		if found == nil {
			t.Fatalf("no %s", expression)
		}
		return found
	}
	release := read(".goreleaser.yaml")
	gcflags := all(all(release, `(?s)gcflags:(.*?)ldflags:`)[0], `(?m)^ +- (\S+)$`)
	if diff := cmp.Diff(all(read("hack/flags.sh"), `-gcflags=(\S+?)"?\s`), gcflags); diff != "" {
		t.Errorf("flags of the compiler (-hack/flags.sh +.goreleaser.yaml):\n%s", diff)
	}
	ldflags := all(release, `(?m)^ +- (-s -w .*)$`)[:1]
	if diff := cmp.Diff(all(read("Makefile"), `LDFLAGS +:= (.*) -X `), ldflags); diff != "" {
		t.Errorf("flags of the linker (-Makefile +.goreleaser.yaml):\n%s", diff)
	}
}
