package api

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

func annotate(t *testing.T, m *apienv.Member, key, value string) {
	t.Helper()
	patch := []byte(`{"metadata":{"annotations":{"` + key + `":"` + value + `"}}}`)
	if _, err := m.Client.AppsV1().DaemonSets("kube-system").Patch(t.Context(), "cilium", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// pendingOfOthers makes the newest revision one that somebody else's Helm began.
func pendingOfOthers(t *testing.T, m *apienv.Member) {
	t.Helper()
	all := revisions(t, m)
	patch := []byte(`{"metadata":{"labels":{"status":"pending-upgrade","aksmesh.io/revision":null}}}`)
	if _, err := m.Client.CoreV1().Secrets("kube-system").Patch(t.Context(), all[len(all)-1].Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// upgrade makes a revision as a user would, with values changed from those that run.
func upgrade(t *testing.T, m *apienv.Member, change func(values map[string]any)) {
	t.Helper()
	found, err := chart.Load(t.Context(), chart.Source{})
	if err != nil {
		t.Fatal(err)
	}
	config, err := m.Config()
	if err != nil {
		t.Fatal(err)
	}
	now := newest(t, m)
	values := now.Values
	change(values)
	if _, err := release.Apply(t.Context(), config, release.Change{Namespace: "kube-system", Seen: now.Revision, Chart: found.Chart, Values: values}, func(string) {}); err != nil {
		t.Fatal(err)
	}
}

// meshOf are the values below clustermesh.
func meshOf(values map[string]any) map[string]any { return values["clustermesh"].(map[string]any) }

// TestLeaveOfAMeshInTheOldSpelling has values as charts before 1.19 take them:
// peers as a list, one of them off, and their addresses in pods' templates.
func TestLeaveOfAMeshInTheOldSpelling(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, three)
	for i, m := range w.Members {
		upgrade(t, m, func(v map[string]any) {
			delete(meshOf(v), "disableKubernetesHostAliases")
			var list []any
			for name, entry := range meshOf(v)["config"].(map[string]any)["clusters"].(map[string]any) {
				peer := entry.(map[string]any)
				peer["name"] = name
				if i == 1 && name == "aks-3" {
					peer["enabled"] = false
				}
				list = append(list, peer)
			}
			meshOf(v)["config"].(map[string]any)["clusters"] = list
		})
	}
	if d := server(t, w.Members[0]); len(d) != 3 {
		t.Fatalf("clustermesh-apiserver has host aliases %v, want those of three clusters", d)
	}
	ca := get(t, w.Member(t, "aks-3"), "cilium-ca")
	r := leave(t, w, "aks-3")
	says(t, r.Stderr, "aks-1: cluster name aks-1, stays\n    note: the pods of clustermesh-apiserver restart")
	for _, m := range w.Members[:2] {
		unknownTo(t, m, "aks-3")
		if list, ok := value(newest(t, m).Values, "clustermesh.config.clusters").([]any); !ok || len(list) != 2 {
			t.Errorf("%s has clusters %v, want a list of two", m.Context, list)
		}
		if d := server(t, m); len(d) != 2 {
			t.Errorf("%s: host aliases are %v, want two", m.Context, d)
		}
	}
	withoutMesh(t, w.Member(t, "aks-3"), ca)
	writes := watch(t, w)
	says(t, leave(t, w, "aks-3").Stdout, "nothing to do")
	noWrites(t, writes)
}

// server are the host aliases of clustermesh-apiserver.
func server(t *testing.T, m *apienv.Member) []corev1.HostAlias {
	t.Helper()
	d, err := m.Client.AppsV1().Deployments("kube-system").Get(t.Context(), "clustermesh-apiserver", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Spec.Template.Spec.HostAliases
}

const certgen = "clustermesh-apiserver-generate-certs"

// signedByCronJob has the second member's certificates be certgen's, which does
// not run here. It returns the authority.
func signedByCronJob(t *testing.T, w *apienv.World) (ca *corev1.Secret) {
	t.Helper()
	m := w.Members[1]
	upgrade(t, m, func(v map[string]any) {
		meshOf(v)["apiserver"].(map[string]any)["tls"].(map[string]any)["auto"].(map[string]any)["method"] = "cronJob"
	})
	secrets := m.Client.CoreV1().Secrets("kube-system")
	for _, name := range []string{"admin", "local", "remote", "server"} {
		_, err := secrets.Create(t.Context(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "clustermesh-apiserver-" + name + "-cert"},
			Data:       get(t, w.Members[0], "clustermesh-apiserver-"+name+"-cert").Data,
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	ca = get(t, w.Members[0], "cilium-ca")
	if _, err := secrets.Get(t.Context(), "cilium-ca", metav1.GetOptions{}); err != nil {
		pair, err := pki.FromSecret(ca)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := secrets.Create(t.Context(), pki.Secret("kube-system", pair), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return ca
}

// TestLeaveRemovesWhatHelmDoesNotOwn has certificates that certgen makes, and
// no Hubble, so that the chart writes cilium-ca for no one after the mesh.
func TestLeaveRemovesWhatHelmDoesNotOwn(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two, "--set=hubble.enabled=false")
	ca := signedByCronJob(t, w)
	m := w.Members[1]
	leave(t, w, "aks-2")
	withoutMesh(t, m, ca)

	t.Run("and keeps the CA that Helm would delete", func(t *testing.T) {
		r := leave(t, w, "aks-1")
		says(t, r.Stderr, "have Helm keep the certificate authority")
		withoutMesh(t, w.Members[0], ca)
	})
	t.Run("and can join again", func(t *testing.T) {
		join(t, w, two)
		look(t, w) // verifies all certificates
	})
}

// TestLeaveEndsTrustInAnotherCA has two clusters that trust each other's CA by
// a bundle of the user's.
func TestLeaveEndsTrustInAnotherCA(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two)
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	own := string(get(t, w.Members[0], "cilium-ca").Data["ca.crt"])
	second := w.Members[1]
	secret := get(t, second, "cilium-ca")
	secret.Data = pki.Secret("kube-system", pair).Data
	if _, err := second.Client.CoreV1().Secrets("kube-system").Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, m := range w.Members {
		upgrade(t, m, func(v map[string]any) {
			v["tls"] = map[string]any{"caBundle": map[string]any{"enabled": true, "content": own + string(pair.Cert)}}
		})
	}
	r := leave(t, w, "aks-2")
	says(t, r.Stderr, "note: clustermesh-apiserver restarts: it reads the certificate authorities that it trusts only when it starts")
	for i, want := range []string{own, string(pair.Cert)} {
		bundle, err := w.Members[i].Client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "cilium-root-ca.crt", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := bundle.Data["ca.crt"]; strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s trusts\n%s\nwant its own CA alone:\n%s", w.Members[i].Context, got, want)
		}
	}
}

func TestLeaveRestoresKubeProxy(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	join(t, w, two)
	m := w.Members[1]
	ca := get(t, m, "cilium-ca")

	w.LogOut(t)
	writes := watch(t, w)
	r := w.Run(t, leaving("aks-2", "--restore-kube-proxy")...)
	refused(t, r)
	says(t, r.Stderr, `context "aks-2": kube-proxy does not run, and Azure could not be asked`, `{"enabled": true}`, m.Site.NodeResourceGroup(), "az login")
	noWrites(t, writes)

	w.LogIn(t)
	w.Journal.Reset()
	r = leave(t, w, "aks-2", "--restore-kube-proxy")
	says(t, r.Stderr, "switch kube-proxy on through Azure")
	withoutMesh(t, m, ca)
	if _, err := m.Client.AppsV1().DaemonSets("kube-system").Get(t.Context(), "kube-proxy", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	if found := newest(t, m).Values; value(found, "kubeProxyReplacement") != false || value(found, "k8sServiceHost") != m.Site.FQDN() {
		t.Errorf("kubeProxyReplacement is %v, k8sServiceHost %v", value(found, "kubeProxyReplacement"), value(found, "k8sServiceHost"))
	}
	on := 0
	for _, call := range w.Journal.Writes() {
		switch {
		case call.Target == "arm":
			on++
		case call.Target == "aks-2" && on == 0:
			t.Errorf("%s %s came before kube-proxy", call.Verb, call.Path)
		}
	}
	writes = watch(t, w)
	says(t, leave(t, w, "aks-2", "--restore-kube-proxy").Stdout, "nothing to do")
	noWrites(t, writes)
}
