package join

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// The others do not wait to see a cluster that did not get ready.
func TestWhoDoesNotGetReadyIsNotWaitedFor(t *testing.T) {
	r := &run{
		draft:     &Draft{Clusters: []Cluster{{Context: "aks-1", Name: "one"}, {Context: "aks-2", Name: "two"}, {Context: "aks-3", Name: "three"}}},
		live:      Live{Wait: true, Clusters: map[string]*mesh.Cluster{"aks-2": {Context: "aks-2", Client: fake.NewClientset()}}},
		addresses: map[string][]string{"aks-1": {"10.1.0.100"}, "aks-2": {"10.2.0.100"}, "aks-3": {"10.3.0.100"}},
		settled:   map[string]bool{"aks-1": true, "aks-2": true, "aks-3": true},
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	late := &r.draft.Clusters[1]
	late.Move.Trust = true
	for _, step := range []*plan.Step{r.trustedStep(late), r.readyStep(late)} {
		r.settled["aks-2"] = true
		if err := step.Do(ctx, func(string) {}); err == nil {
			t.Fatalf("%s: a cluster without Cilium got ready", step.ID)
		}
		if diff := cmp.Diff([]string{"three"}, r.expected(&r.draft.Clusters[0])); diff != "" {
			t.Errorf("%s: expected by the first cluster (-want +got):\n%s", step.ID, diff)
		}
	}
}
