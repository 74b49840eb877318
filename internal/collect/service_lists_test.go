package collect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// owns is what a field manager owns of an object.
func owns(manager, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationApply, FieldsV1: metav1.NewFieldsV1(fields)}
}

func TestGlobalService(t *testing.T) {
	label := map[string]string{managedBy: "kubectl-aksmesh"}
	made := owns("kubectl-aksmesh", `{"f:metadata":{"f:labels":{"f:app.kubernetes.io/managed-by":{}}},"f:spec":{"f:ports":{}}}`)
	for name, test := range map[string]struct {
		change func(*corev1.Service)
		want   func(*mesh.GlobalService)
	}{
		"plain": {func(*corev1.Service) {}, func(*mesh.GlobalService) {}},
		"clients stay with an endpoint": {
			func(s *corev1.Service) {
				s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
				s.Spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: new(int32(60))}}
			},
			func(g *mesh.GlobalService) { g.SessionSeconds = 60 },
		},
		"clients stay as long as by default": {
			func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP },
			func(g *mesh.GlobalService) { g.SessionSeconds = 10800 },
		},
		"addresses that are not ready, and a protocol": {
			func(s *corev1.Service) {
				s.Spec.PublishNotReadyAddresses = true
				s.Spec.Ports[0].AppProtocol = new("kubernetes.io/h2c")
			},
			func(g *mesh.GlobalService) { g.PublishNotReady, g.Ports[0].AppProtocol = true, "kubernetes.io/h2c" },
		},
		"made by expose": {
			func(s *corev1.Service) { s.Labels, s.ManagedFields = label, []metav1.ManagedFieldsEntry{made} },
			func(g *mesh.GlobalService) { g.Created = true },
		},
		"made by expose, and others own parts of it": {
			func(s *corev1.Service) {
				s.Labels, s.ManagedFields = label, []metav1.ManagedFieldsEntry{
					made, owns("kubectl-annotate", `{"f:metadata":{"f:annotations":{}}}`), owns("helm", `{"f:spec":{"f:selector":{}}}`),
					owns("controller", `{"f:status":{"f:loadBalancer":{}}}`), owns("helm", `{"f:spec":{"f:ports":{}}}`),
				}
			},
			func(g *mesh.GlobalService) { g.Created, g.Keepers = true, []string{"helm"} },
		},
		"a copy of what expose made": {
			func(s *corev1.Service) {
				s.Labels, s.ManagedFields = label, []metav1.ManagedFieldsEntry{owns("kubectl-create", `{"f:spec":{"f:ports":{}}}`)}
			},
			func(*mesh.GlobalService) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: corev1.ServiceSpec{
				Type: corev1.ServiceTypeClusterIP, ClusterIPs: []string{"10.0.0.7"},
				Ports: []corev1.ServicePort{{Name: "http", Protocol: corev1.ProtocolTCP, Port: 80, TargetPort: intstr.FromInt32(8080)}},
			}}
			test.change(s)
			want := mesh.GlobalService{
				Namespace: "shop", Name: "web", Type: "ClusterIP", ClusterIPs: []string{"10.0.0.7"},
				Ports: []mesh.ServicePort{{Name: "http", Protocol: "TCP", Port: 80, TargetPort: "8080"}},
			}
			test.want(&want)
			if diff := cmp.Diff(want, GlobalService(s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
