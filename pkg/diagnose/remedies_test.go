package diagnose

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRemedies writes down which commands of this plugin's the findings of the
// grid tell people to type. The command line is out of reach from here: a test of
// cmd/kubectl-aksmesh holds the file to it.
func TestRemedies(t *testing.T) {
	path := filepath.Join("testdata", "remedies.txt")
	var found []string
	for _, tc := range grid(t) {
		for _, f := range Judge(tc.patched(t), Options{Phase: tc.Phase}).Findings {
			if strings.Contains(f.Remedy, "kubectl aksmesh") {
				found = append(found, string(f.Code)+" "+f.Remedy)
			}
		}
	}
	slices.Sort(found)
	text := strings.Join(slices.Compact(found), "\n") + "\n"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // test data
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got; UPDATE_GOLDEN=1 writes it):\n%s", path, diff)
	}
}
