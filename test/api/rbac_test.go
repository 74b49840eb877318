package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// examined is a mesh of two clusters with all that the commands which read
// could look at: agents that are ready, relay, a global service behind a policy.
func examined(t *testing.T) *apienv.World {
	t.Helper()
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	for _, m := range w.Members {
		workloads(t, m)
	}
	join(t, w, two, "--hubble-relay")
	simulateAgents(t, w)
	for i, m := range w.Members {
		ready(t, m, simulatedPod)
		relay(t, m)
		makeNamespace(t, m, "shop")
		makeWeb(t, m)
		setEndpoints(t, m, "10.1.0.1")
		annotateWeb(t, m, "helm", map[string]any{annotationGlobal: "true"})
		closed(t, m, "shop")
		if i == 0 {
			continue
		}
		// Without kvstoremesh, agents are told themselves whom they dial.
		if err := m.Client.CoreV1().Secrets("kube-system").Delete(t.Context(), "cilium-kvstoremesh", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// closed makes a policy that lets nobody in.
func closed(t *testing.T, m *apienv.Member, namespace string) {
	t.Helper()
	policy := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "closed"},
		Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}},
	}
	if _, err := m.Client.NetworkingV1().NetworkPolicies(namespace).Create(t.Context(), policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// ready says of a pod in kube-system that it is ready.
func ready(t *testing.T, m *apienv.Member, name string) {
	t.Helper()
	pods := m.Client.CoreV1().Pods("kube-system")
	pod, err := pods.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	if _, err := pods.UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// relay makes a pod of Hubble relay that serves TLS; nobody answers there.
func relay(t *testing.T, m *apienv.Member) {
	t.Helper()
	core := m.Client.CoreV1()
	agent, err := core.Pods("kube-system").Get(t.Context(), simulatedPod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "hubble-relay-simulated", Labels: map[string]string{"k8s-app": "hubble-relay"}}, Spec: agent.Spec}
	pod.Spec.Containers = []corev1.Container{{Name: "hubble-relay", Image: "example.invalid/simulated", Ports: []corev1.ContainerPort{{Name: "grpc", ContainerPort: 4245}}}}
	if _, err := core.Pods("kube-system").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ready(t, m, pod.Name)
	patch := []byte(`{"data":{"config.yaml":"tls-relay-server-cert-file: /var/lib/hubble-relay/tls/server.crt\n"}}`)
	if _, err := core.ConfigMaps("kube-system").Patch(t.Context(), "hubble-relay-config", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestRolesOfLooks runs each command that reads, and each that changes services
// or makes short-lived pods, with exactly the rights that rbac prints for it.
func TestRolesOfLooks(t *testing.T) {
	w := examined(t)
	l := limit(t, w)
	ok := []int{0, 2} // 2: the simulated agents leave something to be found
	for _, c := range []struct {
		rights []string
		runs   [][]string
	}{
		{[]string{"ca", "status"}, [][]string{{"ca", "status"}}},
		{[]string{"export"}, [][]string{{"export"}}},
		{[]string{"status"}, [][]string{{"status"}, {"status", "--watch", "--interval=1ms"}}},
		{[]string{"status --output html"}, [][]string{{"status", "--output", "html"}, {"status", "-o", "svg"}}},
		{[]string{"status --flows"}, [][]string{{"status", "--flows=1s"}}},
		{[]string{"doctor"}, [][]string{{"doctor"}}},
		{nil, [][]string{{"doctor"}, {"services", "-n=shop"}}},
		{[]string{"services", "-n=shop"}, [][]string{{"services", "-n=shop"}, {"services", "web", "-n=shop"}}},
		{[]string{"services", "-A"}, [][]string{{"services", "-A"}, {"services", "-n=shop"}}},
		{[]string{"services --watch", "-n=shop"}, [][]string{{"services", "-n=shop", "--watch"}}},
		{[]string{"expose", "-n=shop"}, [][]string{
			{"expose", "web", "-n=shop", "--yes", "--wait=false", "--force-conflicts", "--shared=false"},
			// These agents have no load balancer to tell of, so that the wait lasts
			// until its bound: it asks for the same again and again.
			{"expose", "web", "-n=shop", "--yes", "--force-conflicts", "--shared=true", "--timeout=15s"},
		}},
		{[]string{"expose --create", "-n=shop"}, [][]string{{"expose", "web", "-n=shop", "--create", "--yes", "--wait=false", "--force-conflicts", "--affinity=local"}}},
		{[]string{"unexpose", "-n=shop"}, [][]string{{"unexpose", "web", "-n=shop", "--yes", "--wait=false"}}},
	} {
		t.Run(strings.Join(c.rights, " "), func(t *testing.T) {
			l.may(t, c.rights...)
			if len(c.rights) > 0 && c.rights[0] == "expose --create" { // missing in one cluster
				if err := w.Members[1].Client.CoreV1().Services("shop").Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			for _, args := range c.runs {
				codes := ok
				if slices.Contains(args, "--watch") {
					codes = []int{130}
				}
				l.run(t, codes, append(args, "--context="+two)...)
			}
			l.nothingUnused(t, nil)
		})
	}
}

// TestRolesOfProbes is the same for commands that make short-lived pods. None of
// them runs: a simulated kubelet says that they do, and what they logged.
func TestRolesOfProbes(t *testing.T) {
	w := examined(t)
	for _, m := range w.Members {
		makeNamespace(t, m, "probes")
	}
	kubelets := []*apienv.SimulatedKubelet{
		{State: running(), PodIP: "127.0.0.1"},
		{PodIP: "127.0.0.1"}, // its pods stay without a node
	}
	kubelets[0].Log = func(ctx context.Context, n int, w http.ResponseWriter, pod string) {
		log := logs(`{"error":"nothing can be measured here"}` + "\n")
		if slices.Contains(kubelets[0].Args(pod), "http") {
			log = logs(progress + allWell)
		}
		log(ctx, n, w, pod)
	}
	for i, k := range kubelets {
		k.Start(t, w.Members[i], "probes")
		asked := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
		if _, err := w.Members[i].Client.CoreV1().Services("probes").Create(t.Context(), asked, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		closed(t, w.Members[i], "probes")
	}
	l := limit(t, w)
	l.may(t, "doctor --probe", "--probe-namespace=probes")
	l.run(t, []int{0, 2}, "doctor", "--probe", "--yes", "--probe-namespace=probes", "--probe-start-timeout=2s", "--probe-image="+probeImage, "--context="+two)
	for _, m := range w.Members {
		leftProbe(t, m, "probes")
	}
	l.run(t, []int{0}, "doctor", "--cleanup", "--yes", "--probe-namespace=probes", "--context="+two)
	noProbes(t, w)
	l.nothingUnused(t, nil)
	l.may(t, "try", "-n=probes")
	l.run(t, []int{1}, "try", "web", "-n=probes", "-n=5", "--image="+probeImage, "--start-timeout=2s", "--context="+two)
	// It has asked to the end, and been answered though nothing is behind the service.
	l.run(t, []int{0, 2}, "try", "web", "-n=probes", "-n=5", "--image="+probeImage, "--context=aks-1")
	l.nothingUnused(t, nil)
}

// leftProbe makes a pod as a probe that was killed leaves it.
func leftProbe(t *testing.T, m *apienv.Member, namespace string) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "aksmesh-probe-left", Labels: probe.Labels()},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "prober", Image: probeImage}}},
	}
	if _, err := m.Client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestRolesOfChanges builds, changes and dissolves a mesh with exactly the
// rights that rbac prints for each command.
func TestRolesOfChanges(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	for _, m := range w.Members {
		workloads(t, m)
	}
	l := limit(t, w)
	well := []int{0}
	l.may(t, "join")
	l.run(t, well, joining(two)...)
	simulateAgents(t, w)
	ui := []string{"join", "--context", two, "--yes", "--hubble-ui", "--timeout=2m"}
	l.run(t, []int{1}, ui...) // refused before anything that it may not do
	l.may(t, "join --hubble-ui")
	l.run(t, well, ui...)
	upgrade := []string{"upgrade", "--context", two, "--cilium-version", relabelled, "--chart", second(t), "--yes", "--timeout=2m"}
	l.may(t, "upgrade")
	l.run(t, []int{1}, upgrade...) // likewise, for the release has Hubble UI
	l.may(t, "upgrade", "join --hubble-ui")
	l.run(t, well, upgrade...)
	l.may(t, "ca", "rotate", "join --hubble-ui")
	l.run(t, well, "ca", "rotate", "--context", two, "--yes", "--timeout=2m")
	l.may(t, "leave", "join --hubble-ui")
	l.run(t, well, leaving("aks-2")...)
	const core, rbac = "", "rbac.authorization.k8s.io"
	l.nothingUnused(t, map[mesh.Right]string{
		{Verb: "delete", Group: core, Resource: "pods", Namespace: "kube-system"}:     "of a pod that has overlooked a cluster for minutes",
		{Verb: "list", Group: core, Resource: "events", Namespace: "kube-system"}:     "after ten seconds without an address",
		{Verb: "create", Group: core, Resource: "namespaces", Name: "cilium-secrets"}: "rbac prints the namespace, for its role",
	})
}

// TestRolesOfFlags runs changes with flags by which they do something else, with
// the rights that rbac prints for the command. That none is unused is for
// [TestRolesOfChanges].
func TestRolesOfFlags(t *testing.T) {
	for name, c := range map[string]struct {
		world func(*testing.T) *apienv.World // as it is before
		args  func(*testing.T, *apienv.World) []string
	}{
		"join --encryption": {
			ofTwo, func(*testing.T, *apienv.World) []string { return joining(two, "--encryption=ipsec") },
		},
		"join -f": {
			ofTwo, func(t *testing.T, _ *apienv.World) []string {
				path := filepath.Join(t.TempDir(), "mesh.yaml")
				write(t, path, "apiVersion: aksmesh.io/v1alpha1\nkind: Mesh\nspec:\n  clusters:\n  - {context: aks-1}\n  - {context: aks-2}\n")
				return []string{"join", "-f", path, "--yes", "--wait=false", "--timeout=3m"}
			},
		},
		"join --ca-from": {
			moving, func(*testing.T, *apienv.World) []string { return joining(three, "--ca-from=aks-3") },
		},
		"leave --restore-kube-proxy": {
			meshOfTwo, func(*testing.T, *apienv.World) []string { return leaving("aks-2", "--restore-kube-proxy") },
		},
		"leave --forget": {
			meshOfThree, func(t *testing.T, w *apienv.World) []string {
				w.RemoveContext(t, "aks-3")
				return leaving("aks-1", "--forget=aks-3")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.world(t)
			l := limit(t, w)
			command, _, _ := strings.Cut(name, " ")
			l.may(t, command)
			l.run(t, []int{0}, c.args(t, w)...)
		})
	}
}

func ofTwo(t *testing.T) *apienv.World {
	t.Helper()
	return env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
}

func meshOfTwo(t *testing.T) *apienv.World {
	t.Helper()
	w := ofTwo(t)
	join(t, w, two)
	return w
}

func meshOfThree(t *testing.T) *apienv.World {
	t.Helper()
	w := env.World(t, apienv.WorldOptions{Workloads: true})
	join(t, w, three)
	return w
}

// TestRolesOfLeaveWithCertgen takes a cluster out whose certificates a CronJob
// made: by Jobs of whose names the release knows nothing.
func TestRolesOfLeaveWithCertgen(t *testing.T) {
	w := meshOfTwo(t)
	signedByCronJob(t, w)
	m := w.Members[1]
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: certgen + "-29400000", Labels: map[string]string{"k8s-app": certgen}},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "certgen", Image: "example.invalid/certgen"}},
		}}},
	}
	if _, err := m.Client.BatchV1().Jobs("kube-system").Create(t.Context(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "now.yaml")
	write(t, path, manifest(t, m))
	l := limit(t, w)
	l.may(t, "leave", "--manifest="+path)
	l.run(t, []int{0}, leaving("aks-2")...)
	left, err := m.Client.BatchV1().Jobs("kube-system").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) > 0 {
		t.Errorf("%d Jobs are left, %v", len(left.Items), err)
	}
}

// manifest is what the newest revision made, as helm get manifest prints it.
func manifest(t *testing.T, m *apienv.Member) string {
	t.Helper()
	all := revisions(t, m)
	packed, err := base64.StdEncoding.DecodeString(string(all[len(all)-1].Data["release"]))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var record struct{ Manifest string }
	if err := json.NewDecoder(unpacked).Decode(&record); err != nil || record.Manifest == "" {
		t.Fatalf("revision without a manifest: %v", err)
	}
	return record.Manifest
}
