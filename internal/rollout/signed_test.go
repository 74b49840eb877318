package rollout

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func TestSigned(t *testing.T) {
	ours, other := newPair(t), newPair(t)
	// A CA's certificate is as good as one that it signed.
	by := func(name string, pair pki.Pair) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: ofRelease(name), Data: map[string][]byte{corev1.TLSCertKey: pair.Cert}}
	}
	inMesh := values.Values{"clustermesh": values.Values{"useAPIServer": true}}
	for name, test := range map[string]struct {
		secret *corev1.Secret
		want   string
	}{
		"of the CA":             {by("clustermesh-apiserver-server-cert", ours), ""},
		"of another one":        {by("clustermesh-apiserver-server-cert", other), "secret clustermesh-apiserver-server-cert still has a certificate that the old authority signed"},
		"made no more":          {by("hubble-relay-client-certs", other), ""},
		"not the mesh's":        {by("ingress-cert", other), ""},
		"not to be read at all": {&corev1.Secret{ObjectMeta: ofRelease("clustermesh-apiserver-remote-cert")}, "no certificate in PEM form"},
	} {
		c := &mesh.Cluster{Context: "aks-1", Client: fake.NewClientset(test.secret)}
		err := Signed(t.Context(), c, inMesh, ours.Cert)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func newPair(t *testing.T) pki.Pair {
	t.Helper()
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
