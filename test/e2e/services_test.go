//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

const (
	app = "aks-helloworld"
	// requests of each client. With three endpoints none stays without an
	// answer but once in 10^52 runs.
	requests = 300
)

// services is the story of one service: exposed, not shared, preferred,
// scaled away, and closed by a policy. Before each measurement the plugin says
// who will answer, and the two must be equal.
func services(t *testing.T) {
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	for _, c := range clusters {
		deployHello(t, c)
	}
	scale(t, clusters, 1)
	all := []string{"aks-1", "aks-2", "aks-3"}
	expect(t, "before expose", answers{"aks-1": {"aks-1"}, "aks-2": {"aks-2"}, "aks-3": {"aks-3"}})

	expose(t, "--context", three)
	expect(t, "exposed", answers{"aks-1": all, "aks-2": all, "aks-3": all})

	// The article: aks-1 keeps its own to itself, aks-2 prefers the others.
	expose(t, "--context", "aks-1", "--shared=false")
	expose(t, "--context", "aks-2", "--affinity", "remote")
	expect(t, "the article", answers{"aks-1": all, "aks-2": {"aks-3"}, "aks-3": {"aks-2", "aks-3"}})

	expose(t, "--context", "aks-2", "--affinity", "local")
	expect(t, "affinity local", answers{"aks-1": all, "aks-2": {"aks-2"}, "aks-3": {"aks-2", "aks-3"}})
	scale(t, clusters[1:2], 0)
	expect(t, "falls over", answers{"aks-1": {"aks-1", "aks-3"}, "aks-2": {"aks-3"}, "aks-3": {"aks-3"}})
	scale(t, clusters[1:2], 1)
	expect(t, "and back", answers{"aks-1": all, "aks-2": {"aks-2"}, "aks-3": {"aks-2", "aks-3"}})

	closeTo(t, clusters[2], "aks-1")
	expect(t, "aks-3 lets in clients of aks-1 alone", answers{"aks-1": all, "aks-2": {"aks-2"}, "aks-3": {"aks-2", "!aks-3"}})

	unexpose(t)
	expect(t, "taken back", answers{"aks-1": {"aks-1"}, "aks-2": {"aks-2"}, "aks-3": {"!aks-3"}})
}

// answers are the clusters that answer the clients of each; "!" before one
// whose endpoints a policy closes.
type answers map[string][]string

// contexts are those whose clients ask, as --context takes them.
func (a answers) contexts() string { return strings.Join(slices.Sorted(maps.Keys(a)), ",") }

// expect has the plugin predict, and then measure, who answers.
func expect(t *testing.T, what string, want answers) {
	t.Helper()
	settled(t, what, want)
	r := aksmesh(t, "try", app, "--context", want.contexts(), "-n", strconv.Itoa(requests), "-o", "json")
	var report struct {
		Clients []struct {
			Context  string
			Error    string
			Measured struct {
				Answered, Failed int
				Answers          []struct {
					Text  string
					Times int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
		t.Fatalf("%s: try's JSON: %v", what, err)
	}
	for _, client := range report.Clients {
		measured := map[string]int{}
		for _, answer := range client.Measured.Answers {
			measured[answer.Text] = answer.Times
		}
		if client.Error != "" || client.Measured.Answered+client.Measured.Failed != requests {
			t.Errorf("%s: client in %s: %d answered and %d failed of %d (%s)", what, client.Context,
				client.Measured.Answered, client.Measured.Failed, requests, client.Error)
		}
		compare(t, what, client.Context, want[client.Context], measured, client.Measured.Failed)
	}
}

// compare wants an exact count where one cluster answers all, and where several
// do, as each has one endpoint, as many of each as chance explains.
func compare(t *testing.T, what, client string, want []string, measured map[string]int, failed int) {
	t.Helper()
	var open []string
	for _, name := range want {
		if !strings.HasPrefix(name, "!") {
			open = append(open, name)
		}
	}
	if diff := cmp.Diff(open, slices.Sorted(maps.Keys(measured)), cmp.Transformer("sorted", slices.Sorted[string])); diff != "" && len(open)+len(measured) > 0 {
		t.Errorf("%s: who answered a client in %s (-want +got):\n%s%v", what, client, diff, measured)
	}
	closed := len(want) - len(open)
	switch {
	case closed == 0 && failed > 0, closed > 0 && failed == 0, len(open) == 0 && failed != requests:
		t.Errorf("%s: client in %s: %d of %d requests failed, though of %v those with ! are closed", what, client, failed, requests, want)
	}
	if len(want) == 1 && closed == 0 && measured[want[0]] != requests {
		t.Errorf("%s: client in %s: %s answered %d times, want exactly %d", what, client, want[0], measured[want[0]], requests)
	}
	for _, name := range open {
		if !likely(measured[name], 1, len(want)) {
			t.Errorf("%s: client in %s: %s answered %d of %d requests, want about one in %d", what, client, name, measured[name], requests, len(want))
		}
	}
	if !likely(failed, closed, len(want)) {
		t.Errorf("%s: client in %s: %d of %d requests failed, want about %d in %d", what, client, failed, requests, closed, len(want))
	}
}

// likely says whether chance makes k of the requests go to some of all endpoints.
// Chernoff's bound is at least the probability that it does, and it is below
// 10^-12 where this is false: all tests together raise a false alarm less than
// once in 10^9 runs.
func likely(k, some, all int) bool {
	const surprise = 28 // of e
	share, expected := float64(k)/requests, float64(some)/float64(all)
	part := func(x, y float64) float64 {
		if x == 0 {
			return 0
		}
		return x * math.Log(x/y)
	}
	return requests*(part(share, expected)+part(1-share, 1-expected)) < surprise
}

// settled waits until the rules say what is wanted, and the agents have what the
// rules say.
func settled(t *testing.T, what string, want answers) {
	t.Helper()
	var got answers
	var said string
	err := wait.PollUntilContextTimeout(t.Context(), 500*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		r, err := lab.Aksmesh(ctx, "services", app, "--context", want.contexts(), "-o", "json")
		if err != nil {
			return false, err
		}
		var report struct{ Services []globalsvc.Row }
		if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
			return false, fmt.Errorf("JSON of services: %w", err)
		}
		agree := true
		got, said = answers{}, r.Stdout
		for i := range report.Services {
			row := &report.Services[i]
			agree = agree && row.Agree
			for _, share := range row.Rules.Shares {
				name := share.Context
				if share.Verdict == globalsvc.Denied {
					name = "!" + name
				}
				got[row.Context] = append(got[row.Context], name)
			}
		}
		return agree && cmp.Equal(want, got), nil
	})
	if err != nil {
		t.Fatalf("%s: agents do not have what the rules say, or these differ (%v): who answers by the rules (-want +got):\n%s\n%s", what, err, cmp.Diff(want, got), said)
	}
}

func expose(t *testing.T, args ...string) {
	t.Helper()
	if r := aksmesh(t, append([]string{"expose", app, "--yes"}, args...)...); r.ExitCode != 0 {
		t.Fatalf("expose %v ends with %d, want 0", args, r.ExitCode)
	}
}

func unexpose(t *testing.T) {
	t.Helper()
	if r := aksmesh(t, "unexpose", app, "--yes", "--context", three); r.ExitCode != 0 {
		t.Fatalf("unexpose ends with %d, want 0", r.ExitCode)
	}
}

// deployHello runs the article's application, whose answers say where it runs.
func deployHello(t *testing.T, c *mesh.Cluster) {
	t.Helper()
	labels := map[string]string{"app": app}
	none := int32(0)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: app},
		Spec: appsv1.DeploymentSpec{
			Replicas: &none, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "hello", Image: helloWorld, ImagePullPolicy: corev1.PullIfNotPresent, Args: []string{"serve"},
					Env:   []corev1.EnvVar{{Name: "TITLE", Value: c.Context}},
					Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
				}}},
			},
		},
	}
	must[*appsv1.Deployment](t)(c.Client.AppsV1().Deployments(metav1.NamespaceDefault).Create(t.Context(), deployment, metav1.CreateOptions{}))
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: app},
		Spec:       corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}}},
	}
	must[*corev1.Service](t)(c.Client.CoreV1().Services(metav1.NamespaceDefault).Create(t.Context(), service, metav1.CreateOptions{}))
}

// scale sets the number of replicas and waits until as many are ready, and no
// more are left.
func scale(t *testing.T, clusters []*mesh.Cluster, replicas int32) {
	t.Helper()
	for _, c := range clusters {
		patch := fmt.Appendf(nil, `{"spec": {"replicas": %d}}`, replicas)
		deployments := c.Client.AppsV1().Deployments(metav1.NamespaceDefault)
		must[*appsv1.Deployment](t)(deployments.Patch(t.Context(), app, types.MergePatchType, patch, metav1.PatchOptions{}))
	}
	for _, c := range clusters {
		err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
			pods, err := c.Client.CoreV1().Pods(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
			if err != nil {
				return false, err
			}
			ready := 0
			for i := range pods.Items {
				if slices.ContainsFunc(pods.Items[i].Status.Conditions, func(p corev1.PodCondition) bool { return p.Type == corev1.PodReady && p.Status == corev1.ConditionTrue }) {
					ready++
				}
			}
			return ready == int(replicas) && len(pods.Items) == int(replicas), nil
		})
		if err != nil {
			t.Fatalf("%s: %s does not come to %d replicas: %v", c.Context, app, replicas, err)
		}
	}
}

// closeTo lets only clients of one cluster in, and waits until the agent
// enforces it.
func closeTo(t *testing.T, c *mesh.Cluster, cluster string) {
	t.Helper()
	letIn(t, c, map[string]any{"matchLabels": map[string]any{"io.cilium.k8s.policy.cluster": cluster}})
}

// letIn has the endpoints of the application take connections of one kind of
// peer alone (a CiliumNetworkPolicy's fromEndpoints), in place of any other.
func letIn(t *testing.T, c *mesh.Cluster, peer map[string]any) {
	t.Helper()
	openToAll(t, c)
	policy := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
		"metadata": map[string]any{"name": "only-one-cluster"},
		"spec": map[string]any{
			"endpointSelector": map[string]any{"matchLabels": map[string]any{"app": app}},
			"ingress":          []any{map[string]any{"fromEndpoints": []any{peer}}},
		},
	}}
	policies := c.Dynamic.Resource(schema.GroupVersionResource{Group: "cilium.io", Version: "v2", Resource: "ciliumnetworkpolicies"}).Namespace(metav1.NamespaceDefault)
	must[*unstructured.Unstructured](t)(policies.Create(t.Context(), policy, metav1.CreateOptions{}))
	agents := must[*corev1.PodList](t)(c.Client.CoreV1().Pods(mesh.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "k8s-app=cilium"}))
	err := wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		out, err := c.Exec.Run(ctx, agents.Items[0].Name, "cilium-agent", "cilium-dbg", "endpoint", "list", "-o", "json")
		if err != nil {
			return false, err
		}
		return enforces(out)
	})
	if err != nil {
		t.Fatalf("%s: no agent enforces the policy: %v", c.Context, err)
	}
}

// enforces says whether the application's endpoint has a policy for ingress in
// the datapath.
func enforces(out []byte) (bool, error) {
	var endpoints []struct {
		Status struct {
			Identity struct{ Labels []string }
			Policy   struct {
				Realized struct {
					Enabled string `json:"policy-enabled"`
				}
			}
		}
	}
	if err := json.Unmarshal(out, &endpoints); err != nil {
		return false, err
	}
	for _, e := range endpoints {
		if slices.Contains(e.Status.Identity.Labels, "k8s:app="+app) {
			return e.Status.Policy.Realized.Enabled == "ingress" || e.Status.Policy.Realized.Enabled == "both", nil
		}
	}
	return false, nil
}
