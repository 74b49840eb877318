package api

import (
	"bytes"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// rotating are the arguments of a rotation that does not ask. There are no
// agents here that could be connected: hence --force, and no wait for them.
func rotating(contexts string, more ...string) []string {
	return append([]string{"ca", "rotate", "--context", contexts, "--yes", "--force", "--wait=false", "--timeout=3m"}, more...)
}

func rotate(t *testing.T, w *apienv.World, contexts string, more ...string) apienv.Result {
	t.Helper()
	r := w.Run(t, rotating(contexts, more...)...)
	if r.ExitCode != 0 {
		t.Fatalf("ca rotate ended with %d\n%s", r.ExitCode, said(r))
	}
	return r
}

// rotated checks the end of a rotation: one new CA that signed all, no trust in
// another, and no copy of it.
func rotated(t *testing.T, w *apienv.World, before []byte) {
	t.Helper()
	if bytes.Equal(theCA(t, w).Cert, before) {
		t.Error("the CA is the one from before")
	}
	look(t, w) // verifies all certificates
	for _, m := range w.Members {
		found := newest(t, m)
		if found.Status != "deployed" || values.TrustBundle(found.Values) != nil || value(found.Values, "tls.caBundle") != nil {
			t.Errorf("%s is %s with tls.caBundle %v, want deployed and none", m.Context, found.Status, value(found.Values, "tls.caBundle"))
		}
		if _, err := m.Client.CoreV1().Secrets("kube-system").Get(t.Context(), "aksmesh-next-ca", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("%s still has a copy of the new CA (%v)", m.Context, err)
		}
		noBundle(t, m)
	}
}

// noBundle checks that the object is gone in which a cluster had the CAs that it
// trusted for a while.
func noBundle(t *testing.T, m *apienv.Member) {
	t.Helper()
	if _, err := m.Client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "cilium-root-ca.crt", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("%s still has the trust bundle (%v)", m.Context, err)
	}
}

// TestRotationGoesInWaves: no CA is replaced before all clusters trust both,
// and no trust ends before all certificates are new.
func TestRotationGoesInWaves(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Workloads: true})
	join(t, w, three)
	before := theCA(t, w)
	w.Journal.Reset()
	r := rotate(t, w, three)
	keepsSecrets(t, w, r)
	hidden(t, "the old CA's key", string(before.Key), r.Stdout+r.Stderr)
	rotated(t, w, before.Cert)
	done := map[string]int{}   // revisions that are deployed, by cluster
	ended := map[string]bool{} // clusters that have their last one, join's among them the fourth
	for _, call := range w.Journal.Writes() {
		switch {
		case strings.HasSuffix(call.Path, "/configmaps/cilium-root-ca.crt") && call.Verb == "delete" && !ended[call.Target]:
			t.Errorf("the trust bundle of %s goes before the revision that trusts the new CA only", call.Target)
		case strings.Contains(call.Path, "/secrets/sh.helm.release.") && call.Verb == "update":
			ended[call.Target] = ended[call.Target] || strings.HasSuffix(call.Path, ".v4")
			done[call.Target]++
		case strings.HasSuffix(call.Path, "/secrets/cilium-ca") && call.Verb == "update":
			for _, m := range w.Members {
				if done[m.Context] == 0 {
					t.Errorf("the CA of %s is replaced while %s does not trust the new one", call.Target, m.Context)
				}
			}
		}
	}
	for _, m := range w.Members {
		if got := revision(t, m); got != 4 { // join, trust, issue, end
			t.Errorf("%s has revision %d, want 4", m.Context, got)
		}
	}
	writes := watch(t, w)
	says(t, join(t, w, three).Stdout, "nothing to do")
	noWrites(t, writes)
}

func TestRotationIsRefused(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	join(t, w, two)
	writes := watch(t, w)
	whole := w.Run(t, "ca", "rotate", "--context", two, "--yes")
	refused(t, whole)
	says(t, whole.Stderr, "the mesh is not whole", "no agent runs", "--force")
	w.RemoveContext(t, "aks-2")
	alone := w.Run(t, rotating("aks-1")...)
	refused(t, alone)
	says(t, alone.Stderr, `cluster "aks-2" is a member of this mesh`, "leave --forget aks-2")
	noWrites(t, writes)
}

// TestRotationThatWouldGetStuck: what would stop one member stops all of them
// before the first write, and not between two waves.
func TestRotationThatWouldGetStuck(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	join(t, w, two)
	pendingOfOthers(t, w.Members[0])
	w.AddForbidden(t, "aks-2", w.Members[1])
	reader := &limited{w: w}
	reader.may(t, "doctor")
	writes := watch(t, w)
	r := w.Run(t, rotating(two)...)
	refused(t, r)
	says(t, r.Stderr, `context "aks-1": somebody else's Helm operation is under way`, `context "aks-2": the user may not `, "nothing was changed: the preflight found 2 errors")
	noWrites(t, writes)
}

func TestRotationDryRuns(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	join(t, w, two)
	for _, mode := range []string{"client", "server"} {
		writes := watch(t, w)
		r := rotate(t, w, two, "--dry-run="+mode)
		says(t, r.Stdout, "trust the old and the new certificate authority", "sign the certificates with the new authority", "dry run")
		noWrites(t, writes)
	}
}

// TestKilledRotationIsFinished kills a rotation at the writes that part its
// waves, or at every write, and expects that the same command goes on with the
// CA it has made.
func TestKilledRotationIsFinished(t *testing.T) {
	var kills []kill
	t.Run("undisturbed", func(t *testing.T) {
		w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
		join(t, w, two)
		w.Journal.Reset()
		rotate(t, w, two)
		kills = between(w.Journal.Writes())
		if !allFaults() {
			kills = append(kills, ofTheCopy(w.Journal.Writes())...)
		}
	})
	t.Logf("%d kills", len(kills))
	for _, k := range kills {
		t.Run(k.String(), func(t *testing.T) {
			w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
			join(t, w, two)
			before := theCA(t, w)
			w.Journal.Reset()
			first, killed := w.RunKilled(t, k.when, apienv.Like(k.write), rotating(two)...)
			if !killed {
				t.Fatalf("there was no such write: ended with %d\n%s", first.ExitCode, said(first))
			}
			results := []apienv.Result{first}
			// Before its first write a rotation leaves nothing to go on with.
			if unfinished(t, w) || bytes.Equal(theCA(t, w).Cert, before.Cert) {
				results = append(results, rotate(t, w, two))
			}
			keepsSecrets(t, w, results...)
			rotated(t, w, before.Cert)
		})
	}
}

// unfinished says whether a rotation waits to be gone on with, as ca status
// tells it; a kill before its first or after its last write leaves none.
func unfinished(t *testing.T, w *apienv.World) bool {
	t.Helper()
	r := w.Run(t, "ca", "status", "--context", two)
	if begun := strings.Contains(r.Stderr, "a rotation has begun and is not finished"); begun || r.ExitCode != 0 {
		if r.ExitCode != 2 || !begun {
			t.Errorf("ca status ends with %d, want 2 and a word on the rotation\n%s", r.ExitCode, said(r))
		}
		return true
	}
	return false
}

// ofTheCopy are kills after the first write, of the new CA, and around the last
// one, which deletes its copy.
func ofTheCopy(writes []apienv.Call) []kill {
	var kills []kill
	for _, write := range writes {
		switch {
		case write.Verb == "create" && strings.HasSuffix(write.Path, "/secrets") && len(kills) == 0:
			kills = append(kills, kill{write, apienv.AfterWrite})
		case write.Verb == "delete" && strings.HasSuffix(write.Path, "/secrets/aksmesh-next-ca"):
			kills = append(kills, kill{write, apienv.BeforeWrite}, kill{write, apienv.AfterWrite})
		}
	}
	return kills
}

func TestCAStatus(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	join(t, w, two)
	r := w.Run(t, "ca", "status", "--context", two)
	if r.ExitCode != 0 {
		t.Errorf("ends with %d, want 0\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stdout, "ECDSA P-256", "clustermesh-apiserver-server-cert", "this authority", "each Helm revision of Cilium")
	keepsSecrets(t, w, r)
	document := document(t, "json", w.Run(t, "ca", "status", "--context", two, "-o", "json"), "CAStatus")
	if got := len(document["clusters"].([]any)); got != 2 {
		t.Errorf("the document has %d clusters, want 2", got)
	}
}
