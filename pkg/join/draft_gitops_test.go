package join_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// A cluster that a GitOps controller owns is told of by notes: what to commit,
// and what is left to do by hand.
func TestGitOpsClusterIsNotWritten(t *testing.T) {
	owned := func(change func(*mesh.Facts)) mesh.Facts {
		f := joined("2", 2, "100.65.0.0/16", nil)
		f.Release.Owner, f.Peers = "Argo CD application cilium", []mesh.Peer{{Name: "aks-1"}}
		if change != nil {
			change(&f)
		}
		return f
	}
	const (
		commit    = "aks-2: Argo CD application cilium owns Cilium, so join writes nothing here: commit the values that the same command prints with -o values"
		kubeProxy = `aks-2: kube-proxy stays until Cilium runs with the values to commit; then switch it off: echo '{"enabled": false}' > kube-proxy.json && az extension add --upgrade --name aks-preview && az aks update --ids /subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-2 --kube-proxy-config kube-proxy.json`
	)
	for name, tc := range map[string]struct {
		facts mesh.Facts
		wish  join.Wish
		want  []string
	}{
		"values in Git as they must be": {facts: owned(nil)},
		"no peer in Git":                {facts: owned(func(f *mesh.Facts) { f.Peers = nil }), want: []string{commit}},
		"a release with other values":   {facts: owned(func(f *mesh.Facts) { f.Release.Values = map[string]any{"debug": true} }), want: []string{commit}},
		"kube-proxy runs":               {facts: owned(func(f *mesh.Facts) { f.KubeProxy.Present = true }), want: []string{kubeProxy}},
		"kube-proxy shall run":          {facts: owned(func(f *mesh.Facts) { f.KubeProxy.Present = true }), wish: join.Wish{SkipKubeProxy: true}},
	} {
		draft := draftOf(t, snapshot(member(t, "1")[0], tc.facts), tc.wish)
		planned := draft.Plan(join.Live{Wait: true})
		for _, step := range planned.Steps {
			if step.Cluster == "aks-2" {
				t.Errorf("%s: step %s would be made for a cluster that Argo CD owns", name, step.ID)
			}
		}
		var contexts []string
		if slices.Contains(tc.want, commit) {
			contexts = []string{"aks-2"}
		}
		if diff := cmp.Diff(tc.want, planned.Notes); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(contexts, draft.ToCommit()); diff != "" {
			t.Errorf("%s: to commit (-want +got):\n%s", name, diff)
		}
	}
}

// Nobody gives a cluster an address that a GitOps controller owns and that has
// none: its peers wait for a commit, and have nothing to do until then.
func TestGitOpsClusterWithoutAddressIsLeftOut(t *testing.T) {
	f := joined("3", 3, "100.66.0.0/16", nil)
	f.Release.Owner, f.Service = "Argo CD application cilium", nil
	draft := draftOf(t, snapshot(append(member(t, "1", "2"), f)...), join.Wish{})
	if planned := draft.Plan(join.Live{Wait: true}); !planned.Empty() {
		t.Errorf("the join would change something: %+v", planned.Steps)
	}
}
