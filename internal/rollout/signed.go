package rollout

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Signed reads back that the certificates that a release's values have made of
// its CA are of a CA (PEM).
func Signed(ctx context.Context, c *mesh.Cluster, release values.Values, ca []byte) error {
	list, err := c.Client.CoreV1().Secrets(cilium.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("the certificates could not be read: %w", err)
	}
	made := slices.DeleteFunc(list.Items, func(secret corev1.Secret) bool { return !values.SignsCert(release, secret.Name) })
	certs, err := pki.MeshCerts(made, ca)
	if err != nil {
		return err
	}
	for i := range certs {
		if !certs[i].SignedByCA {
			return fmt.Errorf("secret %s still has a certificate that the old authority signed", certs[i].Secret)
		}
	}
	return nil
}

// FixedCA says why a cluster would never take over another CA.
func FixedCA(f *mesh.Facts) error {
	if !values.GivesCA(f.Release.Values) {
		return nil
	}
	return fmt.Errorf("context %q has its authority among the Helm values (tls.ca.cert and tls.ca.key), which the chart prefers to Secret %s/%s, so that it would never take a new one: take both out of the release first, and have Helm keep the Secret meanwhile: kubectl --context %s -n %s annotate secret %s helm.sh/resource-policy=keep",
		f.Context, cilium.Namespace, cilium.CASecret, f.Context, cilium.Namespace, cilium.CASecret)
}

// NamedBundle says why a cluster would lose what it trusts while it trusts more
// CAs for a while.
func NamedBundle(f *mesh.Facts) error {
	if !values.ForeignBundle(f.Release.Values) {
		return nil
	}
	return fmt.Errorf("context %q trusts a bundle of its own that the Helm values only name (tls.caBundle): put its text into tls.caBundle.content, so that it stays trusted meanwhile", f.Context)
}
