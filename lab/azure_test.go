package lab

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/lab/azure"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// azureState plays Azure for one cluster for as long as it takes to write its
// state, which is returned.
func azureState(t *testing.T, l *Lab, c shape.Cluster) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it lays out its state before it looks
	config := azure.Config{
		Dir: l.Home.Azure(), Listen: "127.0.0.1:0",
		Clusters: []azure.Cluster{l.azureCluster(c, Size{c: 1}, "image")},
	}
	_ = azure.Run(ctx, config) // its end is not what this is about
	state, err := os.ReadFile(filepath.Join(l.Home.Azure(), "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(state)
}

// Nodes say that they are of a scale set that the simulated Azure knows.
func TestScaleSetIsInAzure(t *testing.T) {
	l := &Lab{Home: shape.Home(t.TempDir())}
	n := shape.Node{Cluster: 2, Index: 1}
	id, _, _ := strings.Cut(strings.TrimPrefix(n.ProviderID(), "azure://"), "/virtualMachines/")
	if state := azureState(t, l, n.Cluster); !strings.Contains(state, id) {
		t.Errorf("no scale set %s in the simulated Azure", id)
	}
}

func TestForget(t *testing.T) {
	l := &Lab{Home: shape.Home(t.TempDir())}
	const c = shape.Cluster(1)
	azureState(t, l, c)
	if err := azure.Forget(l.Home.Azure(), c.SubscriptionID()); err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join(l.Home.Azure(), "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(state), c.SubscriptionID()) {
		t.Error("something of the subscription is left")
	}
	if !strings.Contains(azureState(t, l, c), c.SubscriptionID()) {
		t.Error("the cluster was not made anew")
	}
}
