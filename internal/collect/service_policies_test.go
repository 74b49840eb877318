package collect

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestPoliciesOfCilium: its kinds are asked for unless it is known not to be
// there, while what else is listed has problems of its own.
func TestPoliciesOfCilium(t *testing.T) {
	denied := apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "", errors.New("no"))
	kinds := map[schema.GroupVersionResource]string{
		{Group: "cilium.io", Version: "v2", Resource: "ciliumnetworkpolicies"}:            "CiliumNetworkPolicyList",
		{Group: "cilium.io", Version: "v2", Resource: "ciliumclusterwidenetworkpolicies"}: "CiliumClusterwideNetworkPolicyList",
	}
	for name, test := range map[string]struct {
		config *corev1.ConfigMap
		denied []string // what may not be read
		asked  int
		want   []string // sections with problems
	}{
		"Cilium":                     {&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: cilium.ConfigMap, Namespace: mesh.Namespace}}, []string{"services", "namespaces"}, 2, []string{mesh.SectionNamespaces, mesh.SectionServices}},
		"no Cilium":                  {nil, []string{"services", "namespaces"}, 0, []string{mesh.SectionNamespaces, mesh.SectionServices}},
		"nobody knows":               {nil, []string{"configmaps", "services"}, 2, []string{mesh.SectionConfig, mesh.SectionServices}},
		"no Cilium, and all is well": {nil, nil, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset()
			if test.config != nil {
				client = fake.NewClientset(test.config)
			}
			for _, resource := range test.denied {
				client.PrependReactor("*", resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, denied })
			}
			dynamic := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds)
			l := &serviceLook{look: look{cluster: &mesh.Cluster{Client: client, Dynamic: dynamic}}}
			l.contact(t.Context())
			l.lists(t.Context())
			if asked := len(dynamic.Actions()); asked != test.asked {
				t.Errorf("%d requests for Cilium's policies, want %d", asked, test.asked)
			}
			var got []string
			for _, p := range l.facts.Problems {
				got = append(got, p.Section)
			}
			slices.Sort(got)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("problems (-want +got)\n%s", d)
			}
		})
	}
}
