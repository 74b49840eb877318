//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
)

// oneLeaves takes aks-3 out of the mesh of three that share a service, looks
// at what all of them do without each other, and takes it in again.
func oneLeaves(t *testing.T) {
	all := open(t, "aks-1", "aks-2", "aks-3")
	stay, third := all[:2], all[2]
	openToAll(t, third)
	scale(t, all, 1)
	expose(t, "--context", three)
	everybody := []string{"aks-1", "aks-2", "aks-3"}
	expect(t, "three share", answers{"aks-1": everybody, "aks-2": everybody, "aks-3": everybody})

	before, agents := restarts(t, stay), agentsOf(t, third)
	leave(t, "--context", "aks-3")
	if diff := cmp.Diff(before, restarts(t, stay)); diff != "" {
		t.Errorf("pods of those that stay (-before +after one left):\n%s", diff)
	}
	if diff := cmp.Diff(agents, agentsOf(t, third)); diff != "" {
		t.Errorf("agents of what left (-before +after):\n%s", diff)
	}
	for _, c := range stay {
		seesAll(t, c, 1)
		noTrace(t, c, "aks-3")
	}
	knowsNobody(t, third)
	noMesh(t, third)
	two := []string{"aks-1", "aks-2"}
	expect(t, "two share", answers{"aks-1": two, "aks-2": two})
	expect(t, "one is by itself", answers{"aks-3": {"aks-3"}})
	for _, contexts := range []string{"aks-1,aks-2", three} {
		if r := aksmesh(t, "doctor", "--context", contexts); strings.Contains(r.Stdout+r.Stderr, "AKSM513") {
			t.Errorf("the doctor finds leftovers in %s", contexts)
		}
	}
	if r := leave(t, "--context", "aks-3"); !strings.Contains(r.Stdout, "nothing to do") {
		t.Errorf("a second leave says %q, want nothing to do", r.Stdout)
	}

	join(t, "--context", "aks-1,aks-3")
	for _, c := range all {
		seesAll(t, c, 2)
	}
	reach(t, all)
	expect(t, "three share again", answers{"aks-1": everybody, "aks-2": everybody, "aks-3": everybody})
}

// kubeProxyReturns has aks-3 leave and go back to kube-proxy, by which its
// service still answers.
func kubeProxyReturns(t *testing.T) {
	third := open(t, "aks-3")[0]
	leave(t, "--context", "aks-3", "--restore-kube-proxy")
	if _, err := kubeProxy(t, third); err != nil {
		t.Errorf("kube-proxy is not back: %v", err)
	}
	noMesh(t, third)
	hello(t, third)
	service := must[*corev1.Service](t)(third.Client.CoreV1().Services(metav1.NamespaceDefault).Get(t.Context(), app, metav1.GetOptions{}))
	const asked = 20
	out, err := inPod(t, third, "/helloworld", "ask", "-n", fmt.Sprint(asked), "http://"+service.Spec.ClusterIP+"/")
	if want := fmt.Sprintf("%d aks-3", asked); err != nil || strings.TrimSpace(out) != want {
		t.Errorf("a pod in aks-3 asks its service: got %q, want %q (%v)", out, want, err)
	}
	skipGrace(t, open(t, "aks-1", "aks-2"))
	join(t, "--context", "aks-1,aks-3")
	if _, err := kubeProxy(t, third); !apierrors.IsNotFound(err) {
		t.Errorf("kube-proxy is not gone again (%v)", err)
	}
	for _, c := range open(t, "aks-1", "aks-2", "aks-3") {
		seesAll(t, c, 2)
	}
}

// deadIsForgotten deletes aks-3 with all that it has; another cluster of that
// name, which nobody knows, takes its place.
func deadIsForgotten(t *testing.T) {
	if err := lab.Run(t.Context(), "reset", "aks-3"); err != nil {
		t.Fatal(err)
	}
	stay := open(t, "aks-1", "aks-2")
	before := restarts(t, stay)
	leave(t, "--forget", "aks-3", "--context", "aks-1") // aks-2 is found through its configuration
	if diff := cmp.Diff(before, restarts(t, stay)); diff != "" {
		t.Errorf("pods of those that stay (-before +after one was forgotten):\n%s", diff)
	}
	for _, c := range stay {
		seesAll(t, c, 1)
		noTrace(t, c, "aks-3")
	}
	two := []string{"aks-1", "aks-2"}
	expect(t, "two share", answers{"aks-1": two, "aks-2": two})
	if r := leave(t, "--forget", "aks-3", "--context", "aks-1"); !strings.Contains(r.Stdout, "nothing to do") {
		t.Errorf("a second one says %q, want nothing to do", r.Stdout)
	}
	if r := aksmesh(t, "unexpose", app, "--yes", "--context", "aks-1,aks-2"); r.ExitCode != 0 {
		t.Errorf("unexpose ends with %d, want 0", r.ExitCode)
	}
	skipGrace(t, stay)
	join(t, "--context", "aks-1,aks-3")
	all := open(t, "aks-1", "aks-2", "aks-3")
	for _, c := range all {
		seesAll(t, c, 2)
	}
	reach(t, all)
}

// skipGrace starts the mesh's control plane anew in clusters that another one
// has left. For three minutes kvstoremesh keeps what it knew of that one, and
// would not take it in again (pkg/clustermesh/kvstoremesh/remote_cluster.go);
// that a join waits for it is the first chapter's to show.
func skipGrace(t *testing.T, clusters []*mesh.Cluster) {
	t.Helper()
	for _, c := range clusters {
		err := c.Client.CoreV1().Pods(mesh.Namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{},
			metav1.ListOptions{LabelSelector: "k8s-app=clustermesh-apiserver"})
		if err != nil {
			t.Fatalf("%s: %v", c.Context, err)
		}
	}
}

// leave must succeed.
func leave(t *testing.T, args ...string) *labenv.Result {
	t.Helper()
	r := aksmesh(t, append([]string{"leave", "--yes"}, args...)...)
	if r.ExitCode != 0 {
		t.Fatalf("leave %v failed with exit code %d", args, r.ExitCode)
	}
	return r
}

// openToAll takes the policy away that an earlier chapter closed the
// application by.
func openToAll(t *testing.T, c *mesh.Cluster) {
	t.Helper()
	policies := c.Dynamic.Resource(schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumnetworkpolicies"}).Namespace(metav1.NamespaceDefault)
	if err := policies.Delete(t.Context(), "only-one-cluster", metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

// agentsOf are the restarts of a cluster's agents and operators alone.
func agentsOf(t *testing.T, c *mesh.Cluster) map[string]string {
	t.Helper()
	all := restarts(t, []*mesh.Cluster{c})
	for name := range all {
		if !strings.HasPrefix(name, c.Context+"/cilium") {
			delete(all, name)
		}
	}
	return all
}

// noTrace looks at all that a member keeps of others.
func noTrace(t *testing.T, c *mesh.Cluster, name string) {
	t.Helper()
	core, get := c.Client.CoreV1(), metav1.GetOptions{}
	for _, secret := range []string{"cilium-clustermesh", "cilium-kvstoremesh"} {
		for key := range must[*corev1.Secret](t)(core.Secrets(mesh.Namespace).Get(t.Context(), secret, get)).Data {
			if strings.HasPrefix(key, name) {
				t.Errorf("%s: Secret %s has %s", c.Context, secret, key)
			}
		}
	}
	users := must[*corev1.ConfigMap](t)(core.ConfigMaps(mesh.Namespace).Get(t.Context(), "clustermesh-remote-users", get))
	if strings.Contains(users.Data["users.yaml"], name) {
		t.Errorf("%s: there is an etcd user of %s:\n%s", c.Context, name, users.Data["users.yaml"])
	}
	seen := collect.Collect(t.Context(), []*mesh.Cluster{c}, collect.Options{Agents: true}).Snapshot.Clusters[0]
	text, err := yaml.Marshal(seen.Release.Values)
	if err != nil || strings.Contains(string(text), name) {
		t.Errorf("%s: the release's values have %s (%v):\n%s", c.Context, name, err, text)
	}
	for _, agent := range append(seen.Agents, seen.KVStore...) {
		if agent.Error != "" || agent.Knows(name) {
			t.Errorf("%s: %s knows %s (%s)", c.Context, agent.Pod, name, agent.Error)
		}
	}
}

// knowsNobody asks all agents of a cluster that has left.
func knowsNobody(t *testing.T, c *mesh.Cluster) {
	t.Helper()
	agents, kvstores, err := collect.Agents(t.Context(), c)
	if err != nil || len(agents) == 0 || len(kvstores) > 0 {
		t.Errorf("%s: %d agents and %d kvstoremeshes run (%v)", c.Context, len(agents), len(kvstores), err)
	}
	for _, agent := range agents {
		if agent.Error != "" || len(agent.Remotes) > 0 {
			t.Errorf("%s: %s knows %+v (%s)", c.Context, agent.Pod, agent.Remotes, agent.Error)
		}
	}
}

// noMesh checks that nothing of a mesh is in a cluster, and that its CA is.
func noMesh(t *testing.T, c *mesh.Cluster) {
	t.Helper()
	seen := collect.Collect(t.Context(), []*mesh.Cluster{c}, collect.Options{}).Snapshot.Clusters[0]
	if seen.Service != nil || len(seen.Peers) > 0 || seen.CA == nil || values.MeshOn(seen.Release.Values) {
		t.Errorf("%s: Service %+v, peers %v, CA %+v", c.Context, seen.Service, seen.Peers, seen.CA)
	}
	for _, cert := range seen.Certs {
		if strings.HasPrefix(cert.Secret, "clustermesh") {
			t.Errorf("%s: Secret %s is left", c.Context, cert.Secret)
		}
	}
}
