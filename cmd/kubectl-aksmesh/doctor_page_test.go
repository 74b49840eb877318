package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// TestDoctorPage holds the table of codes in the documents to the catalogue.
func TestDoctorPage(t *testing.T) {
	const path, begin, end = "../../docs/doctor.md", "writes this table -->\n", "<!-- end of codes -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table of codes", path)
	}
	var table strings.Builder
	table.WriteString("| code | holds when all is well | if not |\n|---|---|---|\n")
	for _, c := range diagnose.Catalogue() {
		fmt.Fprintf(&table, "| [%s](codes/%s.md) | %s | %s |\n", c.Code, c.Code, c.Title, c.Severity)
	}
	want := head + begin + table.String() + end + tail
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s (-want +got; UPDATE_GOLDEN=1 writes it):\n%s", path, diff)
	}
}
