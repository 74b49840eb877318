package collect

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// renewals reads when cert-manager makes certificates anew, where it makes any.
// Who may not read its resources, or does not find them, sees all the rest: the
// date is worth no right of its own, and no problem.
func (l *look) renewals(ctx context.Context) {
	if !slices.ContainsFunc(l.facts.Certs, l.byCertManager) {
		return
	}
	certificates := schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}
	list, err := l.cluster.Dynamic.Resource(certificates).Namespace(mesh.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for i := range l.facts.Certs {
		if cert := &l.facts.Certs[i]; l.byCertManager(*cert) {
			cert.RenewalTime = renewalTime(list.Items, cert.Secret)
		}
	}
}

func (l *look) byCertManager(cert mesh.Cert) bool {
	return l.facts.Release != nil && values.CertMethod(l.facts.Release.Values, cert.Secret) == values.MethodCertManager
}

// renewalTime is the earliest of the Certificates that write to a Secret; nil
// if none says.
func renewalTime(certificates []unstructured.Unstructured, secret string) *time.Time {
	var first *time.Time
	for i := range certificates {
		if name, _, _ := unstructured.NestedString(certificates[i].Object, "spec", "secretName"); name != secret {
			continue
		}
		text, _, _ := unstructured.NestedString(certificates[i].Object, "status", "renewalTime")
		if at, err := time.Parse(time.RFC3339, text); err == nil && (first == nil || at.Before(*first)) {
			first = new(at.UTC())
		}
	}
	return first
}
