package join_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// bare is an AKS cluster made for bring-your-own CNI, as Azure hands it over.
func bare(n string) mesh.Facts {
	return mesh.Facts{
		Context: "aks-" + n,
		Kubernetes: &mesh.Kubernetes{
			UID: "uid-" + n, Version: "v1.37.1", Host: "aks-" + n + ".hcp.westeurope.azmk8s.io", Port: 443,
			ServiceIPs: []string{"10.0.0.1"}, ServiceCIDRs: []string{"10.0.0.0/16"}, AKS: true,
		},
		Nodes: []mesh.Node{{
			Name: "node-" + n, InternalIPs: []string{"10.24" + n + ".0.4"},
			ProviderID:         "azure:///subscriptions/s/resourceGroups/MC_" + n + "/providers/Microsoft.Compute/virtualMachineScaleSets/p/virtualMachines/0",
			AzureResourceGroup: "MC_" + n,
		}},
		KubeProxy: &mesh.KubeProxy{Present: true, Desired: 1, Ready: 1},
		Azure: &mesh.Azure{
			ID: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-" + n, State: "Succeeded", Power: "Running",
			FQDN: "aks-" + n + ".hcp.westeurope.azmk8s.io", NetworkPlugin: "none", KubeProxy: "enabled",
			PodCIDRs: []string{"10.244.0.0/16"}, ServiceCIDRs: []string{"10.0.0.0/16"},
			Subnets: []mesh.Subnet{{ID: "subnet-" + n, Prefixes: []string{"10.24" + n + ".0.0/24"}, VNet: "vnet-" + n, VNetSpace: []string{"10.24" + n + ".0.0/16"}}},
		},
	}
}

// joined is a member as join leaves it. values are those of its release.
func joined(n string, id int, pods string, values map[string]any) mesh.Facts {
	f := bare(n)
	f.KubeProxy = &mesh.KubeProxy{}
	f.Azure.KubeProxy = "disabled"
	f.Config = &mesh.Config{
		ClusterName: "aks-" + n, ClusterID: id, MaxConnectedClusters: 255, PodCIDRs: []string{pods}, RoutingMode: "tunnel",
		TunnelProtocol: "vxlan", TunnelPort: 8472, KubeProxyReplacement: true, IPv4: true, Encryption: "none",
	}
	f.Release = &mesh.Release{Name: "cilium", Namespace: "kube-system", Revision: 1, Status: "deployed", ChartVersion: "1.20.1", Values: values}
	f.CA = &mesh.CA{Cert: mesh.Cert{Fingerprint: "shared"}, HelmOwned: true, KeyMatches: true}
	f.Service = &mesh.Service{
		Type: "LoadBalancer", Addresses: []string{"10.24" + n + ".0.100"}, Port: cilium.MeshPort, HelmOwned: true, PublishNotReady: true,
		Annotations: map[string]string{"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
	}
	return f
}

func snapshot(facts ...mesh.Facts) mesh.Snapshot {
	return mesh.Snapshot{APIVersion: mesh.SnapshotVersion, Clusters: facts}
}

func draftOf(t *testing.T, s mesh.Snapshot, w join.Wish) *join.Draft {
	t.Helper()
	if w.ChartVersion == "" {
		w.ChartVersion = "1.20.1"
	}
	draft, err := join.Make(s, w)
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	return draft
}

// goldenPlan compares the plan of a draft with testdata/NAME.json.
func goldenPlan(t *testing.T, name string, d *join.Draft) {
	t.Helper()
	got, err := json.MarshalIndent(d.Plan(join.Live{Wait: true}), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	golden.Compare(t, path, string(got)+"\n")
}

// mesh of two that join made, seen again.
func member(t *testing.T, names ...string) []mesh.Facts {
	t.Helper()
	var facts []mesh.Facts
	for i, n := range names {
		facts = append(facts, joined(n, i+1, "100."+itoa(64+i)+".0.0/16", nil))
	}
	first := draftOf(t, snapshot(facts...), join.Wish{})
	for i := range facts {
		addresses := map[string][]string{}
		for _, f := range facts {
			addresses[f.Context] = f.Service.Addresses
		}
		values, err := first.Values(&first.Clusters[i], addresses)
		if err != nil {
			t.Fatal(err)
		}
		facts[i].Release.Values = values
	}
	return facts
}

func itoa(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }
