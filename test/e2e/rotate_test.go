//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// rotation gives the mesh a new authority while clients in every cluster ask
// endpoints in all clusters without a pause, and wants no request to fail.
func rotation(t *testing.T) {
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	openToAll(t, clusters[2])
	scale(t, clusters, 1)
	expose(t, "--context", three)
	everybody := []string{"aks-1", "aks-2", "aks-3"}
	settled(t, "before the rotation", answers{"aks-1": everybody, "aks-2": everybody, "aks-3": everybody})
	before := authorities(t, clusters)
	load := startSteadyLoad(t, clusters, demoService(t, clusters))
	// All members are found through aks-1's configuration.
	r := aksmesh(t, "ca", "rotate", "--yes", "--context", "aks-1")
	results := load.stop(t)
	if r.ExitCode != 0 {
		t.Fatalf("ca rotate ends with %d, want 0", r.ExitCode)
	}
	for context, result := range results {
		t.Logf("client in %s: %d answered, %d failed %v; by %v; slowest %s", context, result.Answered, result.Failed, result.Errors, result.Answers, time.Duration(result.Latency.Max)*time.Microsecond)
		if result.Failed > 0 || len(result.Answers) != len(clusters) {
			t.Errorf("client in %s: %d of %d requests failed (%v), and %d clusters answered, want none and all", context,
				result.Failed, result.Answered+result.Failed, result.Errors, len(result.Answers))
		}
	}
	after := authorities(t, clusters)
	for _, c := range clusters {
		if after[c.Context] != after["aks-1"] || after[c.Context] == before["aks-1"] {
			t.Errorf("%s has authority %s after %s; want one new one everywhere", c.Context, after[c.Context], before[c.Context])
		}
		seesAll(t, c, len(clusters)-1)
	}
	if r := aksmesh(t, "ca", "status", "--context", three); r.ExitCode != 0 {
		t.Errorf("ca status ends with %d, want 0: one authority that has signed everything", r.ExitCode)
	}
	unexpose(t)
}

// authorities are the fingerprints of the clusters' CAs, by context.
func authorities(t *testing.T, clusters []*mesh.Cluster) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, c := range clusters {
		seen := collect.Collect(t.Context(), []*mesh.Cluster{c}, collect.Options{}).Snapshot.Clusters[0]
		if seen.CA == nil {
			t.Fatalf("%s: no authority was found: %v", c.Context, seen.Problems)
		}
		found[c.Context] = seen.CA.Fingerprint
	}
	return found
}
