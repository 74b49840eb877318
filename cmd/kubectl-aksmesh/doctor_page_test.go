package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
	"github.com/aksmesh/kubectl-aksmesh/test/golden"
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
	golden.Compare(t, path, want)
}
