package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

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
		notManaged(t, web(t, m))
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

// What is made is like the other cluster's Service in all that clients meet.
func TestExposeCreatesAlike(t *testing.T) {
	w := shops(t, 2)
	deleteWeb(t, w.Members[1], false)
	patch := []byte(`{"spec":{"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":60}},"publishNotReadyAddresses":true,` +
		`"ports":[{"port":80,"appProtocol":"kubernetes.io/h2c"}]}}`)
	if _, err := w.Members[0].Client.CoreV1().Services("shop").Patch(t.Context(), "web", types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	well(t, w, exposing(two, "--create"))
	want, made := web(t, w.Members[0]).Spec, web(t, w.Members[1]).Spec
	want.ClusterIP, want.ClusterIPs = made.ClusterIP, made.ClusterIPs
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	nothingLeft(t, w, exposing(two, "--create"))
	well(t, w, exposing("aks-2", "--affinity=remote"))
	if diff := cmp.Diff(made, web(t, w.Members[1]).Spec); diff != "" {
		t.Errorf("after another expose (-before +after):\n%s", diff)
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

// applyWeb says annotations of web as another manager, by server-side apply:
// unlike a patch, it owns what was so already.
func applyWeb(t *testing.T, m *apienv.Member, as string, annotations map[string]string) {
	t.Helper()
	config := applycorev1.Service("web", "shop").WithAnnotations(annotations)
	if _, err := m.Client.CoreV1().Services("shop").Apply(t.Context(), config, metav1.ApplyOptions{FieldManager: as}); err != nil {
		t.Fatal(err)
	}
}

// What somebody else says, too, stays, and is no longer ours.
func TestUnexposeReleases(t *testing.T) {
	w := shops(t, 1)
	well(t, w, exposing("aks-1"))
	applyWeb(t, w.Members[0], "helm", map[string]string{annotationGlobal: "true"})
	dry := well(t, w, []string{"unexpose", "web", "-n=shop", "--context=aks-1", "--dry-run=server"})
	says(t, dry.Stdout, `- ownership of `+annotationGlobal+`: "true", kept by helm`)
	well(t, w, unexposing("aks-1"))
	service := web(t, w.Members[0])
	if service.Annotations[annotationGlobal] != "true" {
		t.Errorf("annotations are %v", service.Annotations)
	}
	notManaged(t, service)
	nothingLeft(t, w, unexposing("aks-1"))
}

func notManaged(t *testing.T, service *corev1.Service) {
	t.Helper()
	for _, entry := range service.ManagedFields {
		if entry.Manager == manager {
			t.Errorf("still a manager: %s", entry.FieldsV1.GetRawString())
		}
	}
}

// A Service that expose made and others have changed stays as they have it.
func TestUnexposeLeavesWhatWasTakenOver(t *testing.T) {
	w := shops(t, 2)
	m := w.Members[1]
	deleteWeb(t, m, false)
	well(t, w, exposing(two, "--create"))
	patch := []byte(`{"spec":{"selector":{"app":"other"}}}`)
	if _, err := m.Client.CoreV1().Services("shop").Patch(t.Context(), "web", types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
		t.Fatal(err)
	}
	before := web(t, m)
	well(t, w, []string{"unexpose", "web", "-n=shop", "--context=aks-2", "--dry-run=server"})
	r := well(t, w, unexposing("aks-2"))
	says(t, r.Stderr, "aks-2: the Service stays: expose has made it, and parts of it belong to kubectl-edit by now")
	after := web(t, m)
	if diff := cmp.Diff(before.Spec, after.Spec); diff != "" || len(after.Annotations)+len(after.Labels) > 0 {
		t.Errorf("annotations %v, labels %v, spec (-before +after):\n%s", after.Annotations, after.Labels, diff)
	}
	notManaged(t, after)
	nothingLeft(t, w, unexposing("aks-2"))
}
