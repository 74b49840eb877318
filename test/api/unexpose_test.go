package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// What expose does to a Service, in any number of steps, unexpose takes back.
func TestUnexposeRestores(t *testing.T) {
	w := shops(t, 2)
	before := []*corev1.Service{plainWeb(t, w.Members[0]), plainWeb(t, w.Members[1])}
	nothingLeft(t, w, unexposing(two))
	well(t, w, exposing(two, "--shared=false", "--affinity=local"))
	well(t, w, exposing("aks-2", "--affinity=none", "--shared"))
	r := well(t, w, unexposing(two))
	says(t, r.Stdout, "aks-1", "aks-2")
	for i, m := range w.Members {
		if diff := cmp.Diff(before[i], plainWeb(t, m)); diff != "" {
			t.Errorf("%s: the Service (-before +after):\n%s", m.Context, diff)
		}
		for _, entry := range web(t, m).ManagedFields {
			if entry.Manager == manager {
				t.Errorf("%s: still a manager: %s", m.Context, entry.FieldsV1.GetRawString())
			}
		}
	}
	nothingLeft(t, w, unexposing(two))
}

// What others say of the Service, too, stays.
func TestUnexposeLeavesOthers(t *testing.T) {
	w := shops(t, 2)
	well(t, w, exposing(two, "--affinity=local"))
	annotateWeb(t, w.Members[0], "kubectl-annotate", map[string]any{annotationShared: "false", annotationAffinity: "remote"})
	well(t, w, unexposing(two))
	want := map[string]string{
		"example.com/owner": "shop", "service.cilium.io/lb-algorithm": "maglev", annotationShared: "false", annotationAffinity: "remote",
	}
	if diff := cmp.Diff(want, web(t, w.Members[0]).Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

// deleteWeb takes web, or all of its namespace, out of a cluster.
func deleteWeb(t *testing.T, m *apienv.Member, namespace bool) {
	t.Helper()
	if err := m.Client.CoreV1().Services("shop").Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := m.Client.DiscoveryV1().EndpointSlices("shop").Delete(t.Context(), "web-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if !namespace {
		return
	}
	if err := m.Client.CoreV1().Namespaces().Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	// No controller runs that would see to its finalizer.
	if _, err := m.Client.CoreV1().Namespaces().Finalize(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestExposeCreates(t *testing.T) {
	for name, test := range map[string]struct {
		flag      string
		namespace bool // is missing, too
		selector  map[string]string
	}{
		"with the selector":   {"--create", false, map[string]string{"app": "web"}},
		"without a selector":  {"--create=no-selector", false, nil},
		"with its namespace":  {"--create=selector", true, map[string]string{"app": "web"}},
		"bare, in a new home": {"--create=no-selector", true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := shops(t, 2)
			m := w.Members[1]
			deleteWeb(t, m, test.namespace)
			r := w.Run(t, exposing(two)...)
			refused(t, r)
			says(t, r.Stderr, `context "aks-2" has no`, "--create makes it")
			well(t, w, []string{"expose", "web", "-n=shop", "--context=" + two, test.flag, "--dry-run=server"})
			well(t, w, exposing(two, test.flag))
			made := web(t, m)
			want := web(t, w.Members[0]).Spec.Ports
			if diff := cmp.Diff(want, made.Spec.Ports) + cmp.Diff(test.selector, made.Spec.Selector); diff != "" {
				t.Errorf("made (-want +got):\n%s", diff)
			}
			if made.Annotations[annotationGlobal] != "true" || made.Spec.Type != corev1.ServiceTypeClusterIP {
				t.Errorf("made %+v", made)
			}
			nothingLeft(t, w, exposing(two, test.flag))
			well(t, w, exposing("aks-2", "--affinity=remote"))
			if diff := cmp.Diff(test.selector, web(t, m).Spec.Selector); diff != "" {
				t.Errorf("selector after another expose (-want +got):\n%s", diff)
			}
			well(t, w, unexposing(two))
			gone(t, m, true)
			gone(t, w.Members[0], false)
			if _, err := m.Client.CoreV1().Namespaces().Get(t.Context(), "shop", metav1.GetOptions{}); err != nil {
				t.Errorf("the namespace must stay: %v", err)
			}
			nothingLeft(t, w, unexposing(two))
		})
	}
}

// gone checks whether web is there.
func gone(t *testing.T, m *apienv.Member, want bool) {
	t.Helper()
	_, err := m.Client.CoreV1().Services("shop").Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	if got := apierrors.IsNotFound(err); got != want {
		t.Errorf("%s: Service web is gone: %v, want %v", m.Context, got, want)
	}
}

func TestExposeCreatesHeadless(t *testing.T) {
	w := shops(t, 2)
	deleteWeb(t, w.Members[1], false)
	deleteWeb(t, w.Members[0], false)
	source := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{
		ClusterIP: corev1.ClusterIPNone, Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}},
	}}
	if _, err := w.Members[0].Client.CoreV1().Services("shop").Create(t.Context(), source, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	r := well(t, w, exposing(two, "--create"))
	says(t, r.Stderr, "headless")
	if made := web(t, w.Members[1]); made.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Errorf("made %+v", made.Spec)
	}
	nothingLeft(t, w, exposing(two, "--create"))
}

// A copy of what expose made bears its label, but is somebody else's.
func TestUnexposeLeavesCopies(t *testing.T) {
	w := shops(t, 2)
	deleteWeb(t, w.Members[1], false)
	well(t, w, exposing(two, "--create"))
	copied := web(t, w.Members[1])
	well(t, w, unexposing("aks-2"))
	copied.ObjectMeta = metav1.ObjectMeta{Name: "web", Namespace: "shop", Labels: copied.Labels, Annotations: copied.Annotations}
	copied.Spec.ClusterIP, copied.Spec.ClusterIPs = "", nil
	if _, err := w.Members[1].Client.CoreV1().Services("shop").Create(t.Context(), copied, metav1.CreateOptions{FieldManager: "kubectl-create"}); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, w, unexposing("aks-2"))
	gone(t, w.Members[1], false)
}
