package join_test

import (
	"net/netip"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// Azure's control plane routes to pods by its podCidr, but AKS gives every
// cluster the same one unless it is told otherwise.
func TestPodCIDRsOfAzure(t *testing.T) {
	inAzure := func(f mesh.Facts, cidr string) mesh.Facts {
		f.Azure.PodCIDRs = []string{cidr}
		return f
	}
	const usual = "10.244.0.0/16"
	unknown := bare("2")
	unknown.Azure = nil
	elsewhere := unknown
	kubernetes := *unknown.Kubernetes
	kubernetes.AKS = false
	elsewhere.Kubernetes = &kubernetes
	stranger := joined("1", 1, "100.64.0.0/16", nil)
	stranger.Peers = []mesh.Peer{{Name: "far"}}
	for name, tc := range map[string]struct {
		facts []mesh.Facts
		wish  join.Wish
		want  []string
	}{
		"the same everywhere": {facts: []mesh.Facts{bare("1"), bare("2"), bare("3")}, want: []string{"100.64.0.0/16", "100.65.0.0/16", "100.66.0.0/16"}},
		"their own": {
			facts: []mesh.Facts{inAzure(bare("1"), "10.180.0.0/16"), inAzure(bare("2"), "10.181.0.0/16")},
			want:  []string{"10.180.0.0/16", "10.181.0.0/16"},
		},
		"one of its own": {
			facts: []mesh.Facts{bare("1"), inAzure(bare("2"), "10.181.0.0/16"), bare("3")},
			want:  []string{"100.64.0.0/16", "10.181.0.0/16", "100.65.0.0/16"},
		},
		"in the pool": {
			facts: []mesh.Facts{inAzure(bare("1"), "100.65.0.0/16"), bare("2"), bare("3")},
			want:  []string{"100.65.0.0/16", "100.64.0.0/16", "100.66.0.0/16"},
		},
		"of a network": {
			facts: []mesh.Facts{inAzure(bare("1"), "10.242.0.0/16"), inAzure(bare("2"), "10.181.0.0/16")},
			want:  []string{"100.64.0.0/16", "10.181.0.0/16"},
		},
		"too small": {
			facts: []mesh.Facts{inAzure(bare("1"), "10.180.0.0/24"), inAzure(bare("2"), "10.181.0.0/16")},
			want:  []string{"100.64.0.0/16", "10.181.0.0/16"},
		},
		"a pool is named": {
			facts: []mesh.Facts{inAzure(bare("1"), "10.180.0.0/16"), inAzure(bare("2"), "10.181.0.0/16")},
			wish:  join.Wish{PodPool: netip.MustParsePrefix("10.160.0.0/12")},
			want:  []string{"10.160.0.0/16", "10.161.0.0/16"},
		},
		"the member's, which runs with another": {
			facts: []mesh.Facts{joined("1", 1, "100.64.0.0/16", nil), bare("2")},
			want:  []string{"100.64.0.0/16", "100.65.0.0/16"},
		},
		"not the member's": {
			facts: []mesh.Facts{joined("1", 1, "100.64.0.0/16", nil), inAzure(bare("2"), "10.181.0.0/16")},
			want:  []string{"100.64.0.0/16", "10.181.0.0/16"},
		},
		"maybe that of a cluster that Azure does not tell of": {facts: []mesh.Facts{bare("1"), unknown}, want: []string{"100.64.0.0/16", "100.65.0.0/16"}},
		"maybe that of a member that no context reaches":      {facts: []mesh.Facts{stranger, inAzure(bare("2"), "10.181.0.0/16")}, want: []string{"100.64.0.0/16", "100.65.0.0/16"}},
		"beside a cluster that is not in Azure":               {facts: []mesh.Facts{bare("1"), elsewhere}, want: []string{usual, "100.64.0.0/16"}},
	} {
		var got []string
		for _, c := range draftOf(t, snapshot(tc.facts...), tc.wish).Clusters {
			got = append(got, c.PodCIDRs[0].String())
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: pod CIDRs (-want +got):\n%s", name, diff)
		}
	}
}

// A Cilium that runs alone may have a name already, which its user gave it.
func TestNamesOfClustersThatRunAlone(t *testing.T) {
	alone := func(n, name string) mesh.Facts {
		f := joined(n, 0, "10.6"+n+".0.0/16", nil)
		f.Config.ClusterName, f.Service = name, nil
		return f
	}
	lost := member(t, "1", "2") // of which the second was installed anew
	lost[0].Peers = []mesh.Peer{{Name: "aks-2", Addresses: []string{"10.242.0.100"}}}
	lost[1] = alone("2", "default")
	for name, tc := range map[string]struct {
		facts []mesh.Facts
		wish  join.Wish
		want  []string
	}{
		"a name of its own":       {facts: []mesh.Facts{alone("1", "prod-weu"), bare("2")}, want: []string{"prod-weu 1", "aks-2 2"}},
		"Cilium's default":        {facts: []mesh.Facts{alone("1", "default"), bare("2")}, want: []string{"aks-1 1", "aks-2 2"}},
		"one that is not allowed": {facts: []mesh.Facts{alone("1", "Prod_WEU"), bare("2")}, want: []string{"aks-1 1", "aks-2 2"}},
		"another is wished for": {
			facts: []mesh.Facts{alone("1", "prod-weu"), bare("2")},
			wish:  join.Wish{ClusterNames: map[string]string{"aks-1": "weu"}}, want: []string{"weu 1", "aks-2 2"},
		},
		"lost its place": {facts: lost, want: []string{"aks-1 1", "aks-2 2"}},
	} {
		draft := draftOf(t, snapshot(tc.facts...), tc.wish)
		var got []string
		for _, c := range draft.Clusters {
			got = append(got, c.Name+" "+strconv.Itoa(c.ID))
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: names and ids (-want +got):\n%s", name, diff)
		}
	}
	_, err := join.Make(snapshot(alone("1", "prod"), alone("2", "prod")), join.Wish{ChartVersion: "1.20.1"})
	if want := `cluster name "prod" of context "aks-2" is already that of context "aks-1": choose another with --cluster-name aks-2=NAME`; err == nil || err.Error() != want {
		t.Errorf("two of the same name: error is\n%v\nwant\n%s", err, want)
	}
}

// Pods keep the identities that they got without the cluster's id.
func TestPodsOfAClusterThatGetsAnID(t *testing.T) {
	alone := joined("2", 0, "10.66.0.0/16", nil)
	alone.Config.ClusterName, alone.Service = "default", nil
	got := draftOf(t, snapshot(append(member(t, "1"), alone, bare("3"))...), join.Wish{}).Notes()
	want := []string{"aks-2: its pods keep identities without the cluster's id, which other clusters do not know: after the join start those anew that are not on the host's network: " +
		`kubectl --context aks-2 get pods --all-namespaces --no-headers -o custom-columns=N:.metadata.namespace,P:.metadata.name,H:.spec.hostNetwork | awk '$3 == "<none>" {print "-n", $1, $2}' | xargs -L 1 -r kubectl --context aks-2 delete pod`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}
