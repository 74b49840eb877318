package shape_test

import (
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func TestParseCluster(t *testing.T) {
	for in, want := range map[string]shape.Cluster{"aks-1": 1, "9": 9} {
		if got, err := shape.ParseCluster(in); err != nil || got != want {
			t.Errorf("ParseCluster(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "aks-", "aks-0", "10", "aks-1x", "-1"} {
		if got, err := shape.ParseCluster(in); err == nil {
			t.Errorf("ParseCluster(%q) = %v, want an error", in, got)
		}
	}
}

func TestParseNode(t *testing.T) {
	got, err := shape.ParseNode("aks-3", "2")
	if want := (shape.Node{Cluster: 3, Index: 2}); err != nil || got != want {
		t.Errorf("ParseNode = %v, %v; want %v", got, err, want)
	}
	for _, in := range [][2]string{{"aks-0", "1"}, {"aks-1", "0"}, {"aks-1", "x"}, {"aks-1", "10"}} {
		if got, err := shape.ParseNode(in[0], in[1]); err == nil {
			t.Errorf("ParseNode(%q, %q) = %v, want an error", in[0], in[1], got)
		}
	}
}

func TestNodeLooksLikeAzure(t *testing.T) {
	n := shape.Node{Cluster: 2, Index: 1}
	for _, c := range []struct{ what, got, want string }{
		{"name", n.Name(), "aks-nodepool1-08071005-vmss000000"},
		{"address", n.Addr().String(), "10.240.2.10"},
		{"provider id", n.ProviderID(), "azure:///subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/MC_rg-aks-2_aks-2_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-nodepool1-08071005-vmss/virtualMachines/0"},
		{"cluster label", n.Labels()["kubernetes.azure.com/cluster"], "MC_rg-aks-2_aks-2_westeurope"},
		{"API server", n.Cluster.API().String(), "10.240.0.12"},
		{"FQDN", n.Cluster.FQDN(), "aks-2-lab.hcp.westeurope.azmk8s.io"},
	} {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
		}
	}
}

// Addresses that must differ, over all that the lab can hold.
func TestAddressesAreUnique(t *testing.T) {
	seen := map[string]string{shape.FabricPrefix().Addr().String(): "fabric"}
	take := func(what, a string) {
		if other, taken := seen[a]; taken {
			t.Errorf("%s and %s share %s", what, other, a)
		}
		seen[a] = what
	}
	for c := shape.Cluster(1); c <= shape.MaxClusters; c++ {
		take(c.Name()+" API", c.API().String())
		take(c.Name()+" frontend", c.FirstFrontend().String())
		for i := 1; i <= shape.MaxNodes; i++ {
			n := shape.Node{Cluster: c, Index: i}
			take(n.Name(), n.Addr().String())
			take(n.Name()+" port", n.Port())
			if !c.VNet().Contains(n.Addr()) {
				t.Errorf("%s: %s is outside of %s", n.Name(), n.Addr(), c.VNet())
			}
		}
	}
}
