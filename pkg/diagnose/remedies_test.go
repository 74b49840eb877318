package diagnose

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/golden"
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
	golden.Compare(t, path, text)
}
