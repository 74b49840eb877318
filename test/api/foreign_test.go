package api

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestGitOpsIsLeftAlone lets a mesh of two grow while Argo CD owns Cilium in one.
func TestGitOpsIsLeftAlone(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, two)
	owned := w.Member(t, "aks-2")
	patch := []byte(`{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"cilium:apps/DaemonSet:kube-system/cilium"}}}`)
	_, err := owned.Client.AppsV1().DaemonSets("kube-system").Patch(t.Context(), "cilium", types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mark, err := owned.AuditMark()
	if err != nil {
		t.Fatal(err)
	}
	r := w.Run(t, joining(three)...)
	writes, err := owned.AuditWrites(mark)
	if err != nil {
		t.Fatal(err)
	}
	if len(writes) > 0 {
		t.Errorf("the cluster of Argo CD got writes: %+v", writes)
	}
	if r.ExitCode != 0 {
		t.Errorf("ended with %d", r.ExitCode)
	}
	says(t, r.Stderr, "note: Argo CD application cilium owns Cilium, so join writes nothing here: commit the values", "-o values")
	const left = "values to commit for 1 cluster: aks-2; they are printed by: kubectl aksmesh join --context aks-1,aks-2,aks-3 -o values"
	says(t, r.Stdout, left)
	t.Run("whatever is left to commit", func(t *testing.T) {
		r := w.Run(t, joining(three)...)
		says(t, r.Stdout, "note: Argo CD application cilium owns Cilium", left)
		if strings.Contains(r.Stdout, "nothing to do") {
			t.Errorf("there is something to do:\n%s", r.Stdout)
		}
		for _, more := range []string{"--dry-run=client", "--dry-run=none"} {
			r := w.Run(t, joining(three, "--output=json", more)...)
			says(t, r.Stdout, `"aks-2: Argo CD application cilium owns Cilium, so join writes nothing here`)
		}
	})
}

// TestForeignPendingRelease expects that a change which somebody else's Helm
// began is neither joined nor repaired.
func TestForeignPendingRelease(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, two)
	m := w.Member(t, "aks-2")
	all := revisions(t, m)
	name := all[len(all)-1].Name
	patch := []byte(`{"metadata":{"labels":{"status":"pending-upgrade","aksmesh.io/revision":null}}}`)
	if _, err := m.Client.CoreV1().Secrets("kube-system").Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	writes := watch(t, w)
	r := w.Run(t, joining(three)...)
	refused(t, r)
	says(t, r.Stderr, `context "aks-2": somebody else's Helm operation is under way or was cut short`, "helm --kube-context aks-2 rollback", "kubectl aksmesh join -o values")
	noWrites(t, writes)
}
