package apienv

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// as returns a client for a context of the world's kubeconfig.
func (w *World) as(t *testing.T, name string) kubernetes.Interface {
	t.Helper()
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: w.Kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: name}).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.UserAgent = "world-test"
	cfg.Timeout = 10 * time.Second
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, condition func(ctx context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 20*time.Second, true, condition); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func TestWorldStartsEmpty(t *testing.T) {
	w := shared.World(t, WorldOptions{NotAKS: true})
	client := w.Members[0].Client
	ctx := t.Context()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "left"}}
	if _, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, ns := range []string{"left", "kube-system"} {
		configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "left", Finalizers: []string{"example.com/stays"}}}
		if _, err := client.CoreV1().ConfigMaps(ns).Create(ctx, configMap, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := SimulatedNodes(ctx, client, w.Members[0].Site, 1); err != nil {
		t.Fatal(err)
	}
	shared.Reset(t)
	r, err := newResetter(w.Members[0].Cluster)
	if err != nil {
		t.Fatal(err)
	}
	objects, _, err := r.list(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if !w.Members[0].bare[o] {
			t.Errorf("left over: %s %s/%s", o.resource.Resource, o.namespace, o.name)
		}
	}
	if len(objects) != len(w.Members[0].bare) {
		t.Errorf("%d objects are left, %d were there at first", len(objects), len(w.Members[0].bare))
	}
}

func TestWorldLooksLikeAKS(t *testing.T) {
	w := shared.World(t, WorldOptions{Nodes: 2})
	for _, m := range w.Members {
		nodes, err := w.as(t, m.Context).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(nodes.Items) != 2 {
			t.Fatalf("%s has %d nodes, want 2", m.Context, len(nodes.Items))
		}
		if id := nodes.Items[1].Spec.ProviderID; !strings.HasPrefix(id, "azure:///subscriptions/"+Subscription+"/resourceGroups/"+m.Site.NodeResourceGroup()) {
			t.Errorf("%s: provider ID is %s", m.Context, id)
		}
		set, err := m.Client.AppsV1().DaemonSets("kube-system").Get(t.Context(), kubeProxy, metav1.GetOptions{})
		if err != nil || set.Status.NumberReady != 2 {
			t.Errorf("%s: kube-proxy has %d pods ready, want 2; %v", m.Context, set.Status.NumberReady, err)
		}
	}
}

func TestSimulatedCloudGivesAddresses(t *testing.T) {
	w := shared.World(t, WorldOptions{Clusters: 1})
	client := w.Members[0].Client
	for _, tc := range []struct {
		name        string
		annotations map[string]string
		want        string // prefix
	}{
		{"internal", map[string]string{internalAnnotation: "true"}, "10.224.0.20"},
		{"public", nil, "203.0.113.2"},
		{"fixed", map[string]string{internalAnnotation: "true", addressAnnotation: "10.224.7.7"}, "10.224.7.7"},
	} {
		services := client.CoreV1().Services("default")
		_, err := services.Create(t.Context(), &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: tc.name, Annotations: tc.annotations},
			Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 2379}}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, tc.name+" has no address", func(ctx context.Context) (bool, error) {
			svc, err := services.Get(ctx, tc.name, metav1.GetOptions{})
			if err != nil || len(svc.Status.LoadBalancer.Ingress) == 0 {
				return false, err
			}
			if ip := svc.Status.LoadBalancer.Ingress[0].IP; !strings.HasPrefix(ip, tc.want) {
				t.Errorf("%s has address %s, want %s…", tc.name, ip, tc.want)
			}
			return true, nil
		})
		if err := services.Delete(t.Context(), tc.name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, tc.name+" keeps its finalizer", func(ctx context.Context) (bool, error) {
			_, err := services.Get(ctx, tc.name, metav1.GetOptions{})
			return apierrors.IsNotFound(err), nil
		})
	}
}

func TestBadContexts(t *testing.T) {
	w := shared.World(t, WorldOptions{Clusters: 1, NotAKS: true})
	w.AddForbidden(t, "forbidden", w.Members[0])
	w.AddUnauthorized(t, "unauthorized", w.Members[0])
	w.AddUnreachable(t, "unreachable")
	for name, want := range map[string]func(error) bool{
		"aks-1":        func(err error) bool { return err == nil },
		"forbidden":    apierrors.IsForbidden,
		"unauthorized": apierrors.IsUnauthorized,
		"unreachable":  func(err error) bool { return err != nil && strings.Contains(err.Error(), "connection refused") },
	} {
		_, err := w.as(t, name).CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{})
		if !want(err) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestAudit(t *testing.T) {
	w := shared.World(t, WorldOptions{Clusters: 1, NotAKS: true})
	m := w.Members[0]
	mark, err := m.AuditMark()
	if err != nil {
		t.Fatal(err)
	}
	client := w.as(t, "aks-1").CoreV1().ConfigMaps("default")
	configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "audited"}}
	dryRun := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	for _, opts := range []metav1.CreateOptions{dryRun, {}} {
		if _, err := client.Create(t.Context(), configMap, opts); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Get(t.Context(), "audited", metav1.GetOptions{}); err != nil {
		t.Fatal(err)
	}
	requests, err := m.Audit(mark)
	if err != nil {
		t.Fatal(err)
	}
	byVerb := CountAudited(requests, func(r Audited) string { return r.UserAgent + " " + r.Verb })
	if diff := cmp.Diff(map[string]int{"world-test create": 2, "world-test get": 1}, byVerb); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	writes, err := m.AuditWrites(mark)
	if err != nil {
		t.Fatal(err)
	}
	if len(writes) != 1 || !strings.HasPrefix(writes[0].URI, "/api/v1/namespaces/default/configmaps") || writes[0].User != "admin" {
		t.Errorf("writes are %+v, want one create of a config map by admin", writes)
	}
}

func TestRunKilled(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pluginVariable, binary)
	for _, when := range []Moment{BeforeWrite, AfterWrite} {
		for n := 1; n <= toyWrites+1; n++ {
			t.Run(fmt.Sprint(when, n), func(t *testing.T) { testRunKilled(t, when, n) })
		}
	}
}

func testRunKilled(t *testing.T, when Moment, n int) {
	w := shared.World(t, WorldOptions{Clusters: 1, NotAKS: true})
	w.Extra = []string{toyVariable + "=1"}
	result, killed := w.RunKilled(t, when, WriteNumber(n))
	wantKilled := n <= toyWrites
	if killed != wantKilled || (result.ExitCode == 0) == killed {
		t.Fatalf("killed %t, %+v", killed, result)
	}
	made := n - 1
	if when == AfterWrite && wantKilled {
		made = n
	}
	if got := toyMaps(t, w); len(got) != made {
		t.Errorf("it made %v, want %d", got, made)
	}
	if result := w.Run(t); result.ExitCode != 0 || len(toyMaps(t, w)) != toyWrites {
		t.Errorf("run again: %+v, made %v", result, toyMaps(t, w))
	}
}

func toyMaps(t *testing.T, w *World) []string {
	t.Helper()
	maps, err := w.Members[0].Client.CoreV1().ConfigMaps("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range maps.Items {
		if strings.HasPrefix(maps.Items[i].Name, "toy-") {
			names = append(names, maps.Items[i].Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestSimulatedWorkloadsAreReady(t *testing.T) {
	w := shared.World(t, WorldOptions{Clusters: 1, Nodes: 2, Workloads: true})
	client := w.Members[0].Client
	sets, deployments := client.AppsV1().DaemonSets("kube-system"), client.AppsV1().Deployments("kube-system")
	if err := makeDaemonSet(t.Context(), client, "agent", 0); err != nil && !apierrors.IsConflict(err) { // they may be quicker
		t.Fatal(err)
	}
	made, err := sets.Get(t.Context(), "agent", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	replicas := int32(3)
	_, err = deployments.Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "server"},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: made.Spec.Selector, Template: made.Spec.Template},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "workloads are not ready", func(ctx context.Context) (bool, error) {
		set, err := sets.Get(ctx, "agent", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		deployment, err := deployments.Get(ctx, "server", metav1.GetOptions{})
		return set.Status.NumberReady == 2 && deployment.Status.ReadyReplicas == replicas, err
	})
}
