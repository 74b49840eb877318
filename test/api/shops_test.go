package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// Cilium's annotations.
const (
	annotationGlobal   = "service.cilium.io/global"
	annotationShared   = "service.cilium.io/shared"
	annotationAffinity = "service.cilium.io/affinity"
	legacyGlobal       = "io.cilium/global-service"
	legacyAffinity     = "io.cilium/service-affinity"
)

const manager = "kubectl-aksmesh"

// shops makes a world of clusters that are one mesh to look at, each with
// service web in namespace shop and one ready endpoint.
func shops(t *testing.T, clusters int) *apienv.World {
	t.Helper()
	w := env.World(t, apienv.WorldOptions{Clusters: clusters, NotAKS: true})
	for i, m := range w.Members {
		configure(t, w, m, i+1)
		makeNamespace(t, m, "shop")
		makeWeb(t, m)
		setEndpoints(t, m, fmt.Sprintf("10.1.%d.1", i+1))
	}
	return w
}

// configure makes the cluster look as if Cilium ran there, and was connected
// with the others.
func configure(t *testing.T, w *apienv.World, m *apienv.Member, id int) {
	t.Helper()
	config := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "cilium-config"},
		Data:       map[string]string{"cluster-name": m.Context, "cluster-id": fmt.Sprint(id)},
	}
	if _, err := m.Client.CoreV1().ConfigMaps("kube-system").Create(t.Context(), config, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Client.CoreV1().Secrets("kube-system").Create(t.Context(), w.PeersSecret(m), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func makeNamespace(t *testing.T, m *apienv.Member, name string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := m.Client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// makeWeb makes service web, with what others wrote into it.
func makeWeb(t *testing.T, m *apienv.Member) {
	t.Helper()
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: "web", Labels: map[string]string{"team": "shop"},
			Annotations: map[string]string{"example.com/owner": "shop", "service.cilium.io/lb-algorithm": "maglev"},
		},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "web"},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}},
		},
	}
	if _, err := m.Client.CoreV1().Services("shop").Create(t.Context(), service, metav1.CreateOptions{FieldManager: "kubectl-client-side-apply"}); err != nil {
		t.Fatal(err)
	}
}

// setEndpoints makes the addresses all that is behind web.
func setEndpoints(t *testing.T, m *apienv.Member, addresses ...string) {
	t.Helper()
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "web-1", Namespace: "shop", Labels: map[string]string{discoveryv1.LabelServiceName: "web"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080)), Protocol: new(corev1.ProtocolTCP)}},
	}
	for _, address := range addresses {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)},
		})
	}
	client := m.Client.DiscoveryV1().EndpointSlices("shop")
	if _, err := client.Update(t.Context(), slice, metav1.UpdateOptions{}); err == nil {
		return
	}
	if _, err := client.Create(t.Context(), slice, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// web is the service as the cluster has it.
func web(t *testing.T, m *apienv.Member) *corev1.Service {
	t.Helper()
	service, err := m.Client.CoreV1().Services("shop").Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// plainWeb is web without what any write changes, and without who wrote it.
func plainWeb(t *testing.T, m *apienv.Member) *corev1.Service {
	t.Helper()
	service := web(t, m)
	service.ResourceVersion, service.ManagedFields = "", nil
	return service
}

// annotateWeb sets annotations (nil removes) as another manager.
func annotateWeb(t *testing.T, m *apienv.Member, as string, annotations map[string]any) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Client.CoreV1().Services("shop").Patch(t.Context(), "web", types.MergePatchType, patch, metav1.PatchOptions{FieldManager: as}); err != nil {
		t.Fatal(err)
	}
}

// written are the annotations that kubectl aksmesh owns, with their values,
// and all else that it owns as the value of "more".
func written(t *testing.T, s *corev1.Service) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, entry := range s.ManagedFields {
		if entry.Manager != manager {
			continue
		}
		var fields map[string]map[string]map[string]any
		if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields); err != nil {
			t.Fatal(err)
		}
		for name := range fields["f:metadata"]["f:annotations"] {
			if name != "." {
				all[name[2:]] = s.Annotations[name[2:]]
			}
		}
		delete(fields["f:metadata"], "f:annotations")
		if len(fields["f:metadata"]) > 0 || len(fields) > 1 {
			all["more"] = string(entry.FieldsV1.GetRawBytes())
		}
		if entry.Operation != metav1.ManagedFieldsOperationApply {
			all["operation"] = string(entry.Operation)
		}
	}
	return all
}

// exposing are the arguments of an expose of web that does not ask.
func exposing(contexts string, more ...string) []string {
	return append([]string{"expose", "web", "-n=shop", "--context=" + contexts, "--yes"}, more...)
}

// unexposing likewise.
func unexposing(contexts string, more ...string) []string {
	return append([]string{"unexpose", "web", "-n=shop", "--context=" + contexts, "--yes"}, more...)
}

// well runs the plugin, which must succeed.
func well(t *testing.T, w *apienv.World, args []string) apienv.Result {
	t.Helper()
	r := w.Run(t, args...)
	if r.ExitCode != 0 {
		t.Fatalf("%q ended with %d\n%s", args, r.ExitCode, said(r))
	}
	return r
}

// nothingLeft checks that the same command has nothing to do, and writes nothing.
func nothingLeft(t *testing.T, w *apienv.World, args []string) {
	t.Helper()
	writes := watch(t, w)
	says(t, well(t, w, args).Stdout, "nothing to do")
	noWrites(t, writes)
}

// contextsOf are the contexts that writes went to, sorted.
func contextsOf(calls []apienv.Call) []string {
	var all []string
	for _, call := range calls {
		all = append(all, call.Target)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
