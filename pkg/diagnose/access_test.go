package diagnose

import (
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Roles of another command may lack the very rights that are missing.
func TestLackingRightsNameTheRolesOfTheCommand(t *testing.T) {
	s := mesh.Snapshot{Clusters: []mesh.Facts{{Context: "aks-1", Rights: []mesh.Right{{Verb: "delete", Resource: "services"}}}}}
	for command, want := range map[string]string{
		"":                 "kubectl aksmesh rbac join --user",
		"leave":            "kubectl aksmesh rbac leave --user",
		"join --hubble-ui": "kubectl aksmesh rbac 'join --hubble-ui' --user",
	} {
		found := judgeRights(newView(s, Options{Phase: Preflight, Command: command}))
		if len(found) != 1 || !strings.Contains(found[0].Remedy, want) {
			t.Errorf("%q: %+v, want %q", command, found, want)
		}
	}
	if found := judgeRights(newView(s, Options{Command: "leave"})); !strings.Contains(found[0].Remedy, "rbac doctor --user") {
		t.Errorf("of a look: %+v", found)
	}
}
