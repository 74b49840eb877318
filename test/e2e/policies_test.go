//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// policies closes endpoints of a shared service as people do who think of one
// cluster: since Cilium 1.19 a peer without a cluster means the policy's own.
// The doctor tells, services predicts what it comes to, and naming clusters
// mends it.
func policies(t *testing.T) {
	const code = diagnose.Code("AKSM801")
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	third := clusters[2]
	openToAll(t, third)
	scale(t, clusters, 1)
	expose(t, "--context", three)
	all := []string{"aks-1", "aks-2", "aks-3"}
	expect(t, "open to all", answers{"aks-1": all, "aks-2": all, "aks-3": all})
	before := codes(t)
	if slices.Contains(before, code) {
		t.Errorf("the doctor finds %s before there is a policy", code)
	}

	letIn(t, third, map[string]any{})
	closed := []string{"aks-1", "aks-2", "!aks-3"}
	expect(t, "a peer without a cluster", answers{"aks-1": closed, "aks-2": closed, "aks-3": all})
	if !slices.Contains(codes(t), code) {
		t.Errorf("the doctor does not find %s: clients of other clusters are denied", code)
	}

	anyCluster := map[string]any{"key": "io.cilium.k8s.policy.cluster", "operator": "Exists"}
	letIn(t, third, map[string]any{"matchExpressions": []any{anyCluster}})
	expect(t, "a peer of any cluster", answers{"aks-1": all, "aks-2": all, "aks-3": all})
	if diff := cmp.Diff(before, codes(t)); diff != "" {
		t.Errorf("what the doctor finds (-before +after mending):\n%s", diff)
	}
	openToAll(t, third)
	unexpose(t)
}

// codes are what the doctor finds fault with, once each.
func codes(t *testing.T) []diagnose.Code {
	t.Helper()
	found, _ := examine(t)
	var all []diagnose.Code
	for i := range found.Findings {
		if f := &found.Findings[i]; f.Status == diagnose.Fail {
			all = append(all, f.Code)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
