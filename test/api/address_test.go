package api

import (
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestAddressOfAMemberChanges gives a member's load balancer another address,
// which the cloud does after a moment: nobody may be told the old one.
func TestAddressOfAMemberChanges(t *testing.T) {
	const wished = "10.224.0.77"
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two)
	moving := w.Member(t, "aks-1")
	before := meshService(t, moving)
	r := join(t, w, two, "--mesh-ip=aks-1="+wished)
	says(t, r.Stderr, "in place of "+before)
	if got := meshService(t, moving); got != wished {
		t.Errorf("the load balancer has %s, want %s", got, wished)
	}
	for _, m := range w.Members {
		if got := value(newest(t, m).Values, "clustermesh.config.clusters.aks-1.ips"); len(got.([]any)) != 1 || got.([]any)[0] != wished {
			t.Errorf("%s is told of %v, want %s", m.Context, got, wished)
		}
	}
	writes := watch(t, w)
	says(t, join(t, w, two, "--mesh-ip=aks-1="+wished).Stdout, "nothing to do")
	noWrites(t, writes)
}
