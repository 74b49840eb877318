package globalsvc

import (
	"slices"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// agree holds what is predicted for a client in c1 against what the doctor finds
// in the cluster that the policy stands in: of endpoints that answer the client,
// it does not say that they are kept from clients as nobody named a cluster.
// Whoever is meant in one cluster only, as nobody named it, must be found.
func agree(t *testing.T, s mesh.Snapshot, predicted string, implied bool) {
	t.Helper()
	found := slices.ContainsFunc(diagnose.Judge(s, diagnose.Options{}).Findings, func(f diagnose.Finding) bool {
		return (f.Code == diagnose.CodePolicyCluster || f.Code == diagnose.CodePolicyEgress) && f.Status == diagnose.Fail
	})
	switch {
	case found && strings.HasSuffix(predicted, " c2:1"):
		t.Errorf("the doctor says that c2 is out of reach, and the prediction is %s", predicted)
	case implied && !found && predicted == localOnly:
		t.Errorf("the doctor finds nothing, and the prediction is %s", predicted)
	}
}
