package collect

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	fakediscovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestOneObjectRefused: what may not be read, or does not answer, is a problem
// of its own and hides nothing else.
func TestOneObjectRefused(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "", errors.New("no"))
	late := apierrors.NewTimeoutError("late", 1)
	all := mesh.Kubernetes{UID: "uid", Version: "v1.35.2", Host: "a.example", Port: 443, ServiceIPs: []string{"10.0.0.1"}}
	for name, c := range map[string]struct {
		verb, resource string
		err            error
		without        func(*mesh.Kubernetes)
		section        string
		kind           mesh.ProblemKind
	}{
		"the API server's service": {"get", "services", denied, func(k *mesh.Kubernetes) { k.ServiceIPs = nil }, mesh.SectionAPIService, mesh.Forbidden},
		"it does not answer":       {"get", "services", late, func(k *mesh.Kubernetes) { k.ServiceIPs = nil }, mesh.SectionAPIService, mesh.Unreachable},
		"the namespace":            {"get", "namespaces", denied, func(k *mesh.Kubernetes) { k.UID = "" }, mesh.SectionIdentity, mesh.Forbidden},
		"the version":              {"get", "version", denied, func(k *mesh.Kubernetes) { k.Version = "" }, mesh.SectionVersion, mesh.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(
				&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: "uid"}},
				&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "kubernetes", Namespace: "default"}, Spec: corev1.ServiceSpec{ClusterIPs: []string{"10.0.0.1"}}},
				&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node"}},
			)
			client.Discovery().(*fakediscovery.FakeDiscovery).FakedServerVersion = &version.Info{GitVersion: "v1.35.2"}
			client.PrependReactor(c.verb, c.resource, func(a clienttesting.Action) (bool, runtime.Object, error) {
				return a.GetNamespace() != mesh.Namespace, nil, c.err
			})
			l := &look{cluster: &mesh.Cluster{Client: client, Config: &rest.Config{Host: "https://a.example"}}}
			l.contact(t.Context())
			l.rest(t.Context())
			want := all
			c.without(&want)
			if d := cmp.Diff(&want, l.facts.Kubernetes); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			wanted := []mesh.Problem{{Section: c.section, Kind: c.kind, Message: plain(c.err)}}
			if d := cmp.Diff(wanted, l.facts.Problems); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if len(l.facts.Nodes) != 1 {
				t.Errorf("nodes: %v", l.facts.Nodes)
			}
		})
	}
}
