package diagnose

import (
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rbac"
)

// Roles of another command may lack the very rights that are missing.
func TestLackingRightsNameTheRolesOfTheCommand(t *testing.T) {
	s := mesh.Snapshot{Clusters: []mesh.Facts{{Context: "aks-1", Rights: []mesh.Right{{Verb: "delete", Resource: "services"}}}}}
	for command, want := range map[string]string{
		"":          "kubectl aksmesh rbac join --user",
		"leave":     "kubectl aksmesh rbac leave --user",
		"ca rotate": "kubectl aksmesh rbac 'ca rotate' --user",
	} {
		found := judgeRights(newView(s, Options{Phase: Preflight, Command: command}))
		if len(found) != 1 || !strings.Contains(found[0].Remedy, want) {
			t.Errorf("%q: %+v, want %q", command, found, want)
		}
	}
	if found := judgeRights(newView(s, Options{Command: "leave"})); !strings.Contains(found[0].Remedy, "rbac doctor --user") {
		t.Errorf("of a look: %+v", found)
	}
	s.Clusters[0].Rights = append(s.Clusters[0].Rights, rbac.HubbleUI()[len(rbac.HubbleUI())-1])
	if found := judgeRights(newView(s, Options{Phase: Preflight, Command: "leave"})); !strings.Contains(found[0].Remedy, "rbac leave 'join --hubble-ui' --user") {
		t.Errorf("with Hubble UI: %+v", found)
	}
}
