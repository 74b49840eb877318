package join_test

import (
	"net/netip"
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
