package release

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
)

// After a move to another CA the chart signs the mesh's certificates anew by
// itself, but Hubble's only if it is made to.
func TestReissueAfterAnotherCA(t *testing.T) {
	a := newAPI(t)
	premade(t, a)
	apply(t, a, wish())
	moved := newCA(t)
	secrets := a.client().CoreV1().Secrets(namespace)
	if _, err := secrets.Update(t.Context(), moved, metav1.UpdateOptions{FieldManager: cilium.FieldManager}); err != nil {
		t.Fatal(err)
	}
	for _, reissue := range []bool{false, true} {
		next := change(t, wish())
		next.Reissue = reissue
		if _, err := Apply(t.Context(), a.config, next, func(string) {}); err != nil {
			t.Fatal(err)
		}
		list, err := secrets.List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		certs, err := pki.MeshCerts(list.Items, moved.Data["ca.crt"])
		if err != nil {
			t.Fatal(err)
		}
		for _, cert := range certs {
			want := reissue || cert.Secret != "hubble-server-certs"
			if cert.SignedByCA != want {
				t.Errorf("reissue %v: %s signed by the new CA: %v", reissue, cert.Secret, cert.SignedByCA)
			}
		}
		if len(certs) != 5 {
			t.Errorf("%d certificates", len(certs))
		}
	}
}
