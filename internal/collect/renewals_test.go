package collect

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func certificate(name, secret, renewalTime string) *unstructured.Unstructured {
	c := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
		"metadata": map[string]any{"name": name, "namespace": mesh.Namespace},
		"spec":     map[string]any{"secretName": secret},
	}}
	if renewalTime != "" {
		c.Object["status"] = map[string]any{"renewalTime": renewalTime}
	}
	return c
}

// TestRenewals: the date is that of the Certificate which writes to the Secret,
// where cert-manager makes it and its Certificates may be read.
func TestRenewals(t *testing.T) {
	const server, relay = "hubble-server-certs", "hubble-relay-client-certs"
	soon := time.Date(2026, 12, 24, 6, 0, 0, 0, time.UTC)
	byCertManager := map[string]any{"hubble": map[string]any{"tls": map[string]any{"auto": map[string]any{"method": "certmanager"}}}}
	for name, test := range map[string]struct {
		values       map[string]any
		certificates []runtime.Object
		refused      error
		want         *time.Time
		asked        bool
	}{
		"of the Secret":    {byCertManager, []runtime.Object{certificate("a", server, "2026-12-24T07:00:00+01:00"), certificate("b", relay, "2026-11-30T00:00:00Z")}, nil, &soon, true},
		"the first of two": {byCertManager, []runtime.Object{certificate("a", server, "2027-12-24T06:00:00Z"), certificate("b", server, "2026-12-24T06:00:00Z")}, nil, &soon, true},
		"not yet issued":   {byCertManager, []runtime.Object{certificate("a", server, "")}, nil, nil, true},
		"not a date":       {byCertManager, []runtime.Object{certificate("a", server, "soon")}, nil, nil, true},
		"may not be read":  {byCertManager, []runtime.Object{certificate("a", server, "2026-12-24T06:00:00Z")}, errors.New("forbidden"), nil, true},
		"made by Helm":     {map[string]any{}, []runtime.Object{certificate("a", server, "2026-12-24T06:00:00Z")}, nil, nil, false},
	} {
		client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
			map[schema.GroupVersionResource]string{{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}: "CertificateList"}, test.certificates...)
		if test.refused != nil {
			client.PrependReactor("list", "*", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, test.refused })
		}
		l := &look{cluster: &mesh.Cluster{Dynamic: client}, facts: mesh.Facts{
			Release: &mesh.Release{Values: test.values}, Certs: []mesh.Cert{{Secret: server}},
		}}
		l.renewals(t.Context())
		if diff := cmp.Diff(test.want, l.facts.Certs[0].RenewalTime); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if asked := len(client.Actions()) > 0; asked != test.asked || len(l.facts.Problems) > 0 {
			t.Errorf("%s: asked %t, want %t; problems %v", name, asked, test.asked, l.facts.Problems)
		}
	}
}
