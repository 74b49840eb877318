package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// installCilium installs a Cilium that is in no mesh, with a CA of its own, as
// its user would have: 100.(90+id).0.0/16 are its pods.
func installCilium(t *testing.T, m *apienv.Member, id int) {
	t.Helper()
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Client.CoreV1().Secrets("kube-system").Create(t.Context(), pki.Secret("kube-system", pair), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	found, err := chart.Load(t.Context(), chart.Source{})
	if err != nil {
		t.Fatal(err)
	}
	config, err := m.Config()
	if err != nil {
		t.Fatal(err)
	}
	_, err = release.Apply(t.Context(), config, release.Change{
		Namespace: "kube-system", Chart: found.Chart,
		Values: map[string]any{
			"cluster":              map[string]any{"name": m.Context, "id": id},
			"kubeProxyReplacement": true, "k8sServiceHost": m.Site.FQDN(), "k8sServicePort": 443,
			"ipam": map[string]any{"operator": map[string]any{"clusterPoolIPv4PodCIDRList": []any{fmt.Sprintf("100.%d.0.0/16", 90+id)}}},
		},
	}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDifferentCAs(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	installCilium(t, w.Members[0], 1)
	installCilium(t, w.Members[1], 2)
	kept, replaced := get(t, w.Members[0], "cilium-ca"), get(t, w.Members[1], "cilium-ca")
	writes := watch(t, w)
	r := w.Run(t, joining(two)...)
	refused(t, r)
	says(t, r.Stderr, `"aks-1" and "aks-2" have different certificate authorities`, "--ca-from aks-1")
	noWrites(t, writes)
	keepsSecrets(t, w, r)

	// Nobody is connected yet, so that nothing can be cut.
	r = join(t, w, two, "--ca-from=aks-1")
	keepsSecrets(t, w, r)
	hidden(t, "the CA's key that was replaced", string(replaced.Data["ca.key"]), r.Stdout+r.Stderr)
	if string(theCA(t, w).Cert) != string(kept.Data["ca.crt"]) {
		t.Error("the CA is not that of aks-1")
	}
	for _, m := range w.Members {
		if got := revision(t, m); got != 2 { // the first is the user's
			t.Errorf("%s has revision %d, want 2", m.Context, got)
		}
	}
	look(t, w) // verifies all certificates
	writes = watch(t, w)
	says(t, join(t, w, two).Stdout, "nothing to do")
	noWrites(t, writes)
}

// moving makes a mesh of two, and a third cluster with a CA of its own.
func moving(t *testing.T) *apienv.World {
	t.Helper()
	w := env.World(t, apienv.WorldOptions{Workloads: true})
	join(t, w, two)
	installCilium(t, w.Member(t, "aks-3"), 3)
	return w
}

// TestConnectedClustersMoveInWaves moves the members of a mesh to the CA of a
// third cluster, and expects that no CA is replaced before all trust both.
func TestConnectedClustersMoveInWaves(t *testing.T) {
	w := moving(t)
	wanted := get(t, w.Member(t, "aks-3"), "cilium-ca")
	w.Journal.Reset()
	r := join(t, w, three, "--ca-from=aks-3")
	keepsSecrets(t, w, r)
	moved(t, w, wanted)
	for name, want := range map[string]int{"aks-1": 4, "aks-2": 4, "aks-3": 3} { // trust, main, end; the lone one trusts with its main
		if got := revision(t, w.Member(t, name)); got != want {
			t.Errorf("%s has revision %d, want %d", name, got, want)
		}
	}
	trusted := map[string]bool{} // clusters whose first revision of the move is deployed
	for _, call := range w.Journal.Writes() {
		switch {
		case strings.Contains(call.Path, "/secrets/sh.helm.release.") && call.Verb == "update":
			trusted[call.Target] = true
		case strings.HasSuffix(call.Path, "/secrets/cilium-ca") && call.Verb == "update" && len(trusted) != len(w.Members):
			t.Errorf("the CA of %s is replaced while only %v trust both", call.Target, trusted)
		}
	}
}

// moved checks the end of a move to the CA in a secret.
func moved(t *testing.T, w *apienv.World, wanted *corev1.Secret) {
	t.Helper()
	if string(theCA(t, w).Cert) != string(wanted.Data["ca.crt"]) {
		t.Error("the CA is not the wanted one")
	}
	look(t, w) // verifies all certificates
	for _, m := range w.Members {
		found := newest(t, m)
		if found.Status != "deployed" || values.TrustBundle(found.Values) != nil || value(found.Values, "tls.caBundle") != nil {
			t.Errorf("%s is %s with tls.caBundle %v, want deployed and none", m.Context, found.Status, value(found.Values, "tls.caBundle"))
		}
		noBundle(t, m)
	}
	writes := watch(t, w)
	says(t, join(t, w, three).Stdout, "nothing to do")
	noWrites(t, writes)
}

// TestKilledMoveIsFinished kills a move at the writes that part its waves, or at
// every write.
func TestKilledMoveIsFinished(t *testing.T) {
	var kills []kill
	t.Run("undisturbed", func(t *testing.T) {
		w := moving(t)
		w.Journal.Reset()
		join(t, w, three, "--ca-from=aks-3")
		kills = between(w.Journal.Writes())
	})
	t.Logf("%d kills", len(kills))
	for _, k := range kills {
		t.Run(k.String(), func(t *testing.T) {
			w := moving(t)
			wanted := get(t, w.Member(t, "aks-3"), "cilium-ca")
			first, killed := w.RunKilled(t, k.when, apienv.Like(k.write), joining(three, "--ca-from=aks-3")...)
			if !killed {
				t.Fatalf("there was no such write: ended with %d\n%s", first.ExitCode, said(first))
			}
			second := join(t, w, three, "--ca-from=aks-3")
			keepsSecrets(t, w, first, second)
			moved(t, w, wanted)
		})
	}
}

// between are kills around the writes that part the waves of a move: of the CA
// itself, of the revisions, and of the trust bundle. It is one kill for each
// write of one cluster, or, if nothing is to be left out, two for every write.
func between(writes []apienv.Call) []kill {
	if allFaults() {
		return sweep(writes)
	}
	var kills []kill
	when := apienv.BeforeWrite
	for _, write := range sorted(writes) {
		parts := write.Verb == "update" && (strings.HasSuffix(write.Path, "/secrets/cilium-ca") || strings.Contains(write.Path, "/secrets/sh.helm.release."))
		bundle := strings.HasSuffix(write.Path, "/configmaps/cilium-root-ca.crt") && (write.Verb == "delete" || strings.HasSuffix(write.Query, "fieldManager=kubectl-aksmesh"))
		if write.Target != "aks-1" || !parts && !bundle {
			continue
		}
		kills = append(kills, kill{write, when})
		when = map[apienv.Moment]apienv.Moment{apienv.BeforeWrite: apienv.AfterWrite, apienv.AfterWrite: apienv.BeforeWrite}[when]
	}
	return kills
}
