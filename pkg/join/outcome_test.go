package join

import (
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestUnreadable: without what tells clusters apart nothing is planned; what
// only a check needs hinders nobody.
func TestUnreadable(t *testing.T) {
	for section, want := range map[string]bool{
		mesh.SectionAPI: true, mesh.SectionIdentity: true, mesh.SectionNodes: true,
		mesh.SectionAPIService: false, mesh.SectionVersion: false, mesh.SectionAzureNetwork: false,
	} {
		s := mesh.Snapshot{Clusters: []mesh.Facts{{}, {Problems: []mesh.Problem{{Section: section}}}}}
		if got := Unreadable(s); got != want {
			t.Errorf("%s: %t, want %t", section, got, want)
		}
	}
}
