//go:build e2e

package e2e

import "testing"

// farAffinity has aks-1 prefer other clusters' endpoints of the demo
// application, and takes those away.
func farAffinity(t *testing.T) func() {
	t.Helper()
	expose(t, "--context", three)
	expose(t, "--context", "aks-1", "--affinity", "remote")
	others := open(t, "aks-2", "aks-3")
	scale(t, others, 0)
	return func() {
		scale(t, others, 1)
		unexpose(t)
	}
}
