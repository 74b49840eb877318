package apienv

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PeersSecret is the Secret by which kvstoremesh of a member knows the others,
// so that the world's clusters are one mesh to look at. The members' contexts
// are their clusters' names.
func (w *World) PeersSecret(self *Member) *corev1.Secret {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "cilium-kvstoremesh", Namespace: metav1.NamespaceSystem},
		Data:       map[string][]byte{},
	}
	for _, m := range w.Members {
		if m != self {
			secret.Data[m.Context] = fmt.Appendf(nil, "endpoints:\n- https://%s.mesh.cilium.io:2379\n", m.Context)
		}
	}
	return secret
}
