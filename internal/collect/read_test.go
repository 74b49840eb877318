package collect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestPeersBehindAliases: up to Cilium 1.19 the addresses of remote clusters
// are in the host aliases of who dials them.
func TestPeersBehindAliases(t *testing.T) {
	secret := func(name string) corev1.Secret {
		return corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string][]byte{"b": []byte("endpoints:\n- https://b.mesh.cilium.io:2379\n")}}
	}
	aliases := func(ip string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{Spec: corev1.PodSpec{HostAliases: []corev1.HostAlias{{IP: ip, Hostnames: []string{"b.mesh.cilium.io"}}}}}
	}
	both := objects{
		daemonSets:  []appsv1.DaemonSet{{ObjectMeta: metav1.ObjectMeta{Name: "cilium"}, Spec: appsv1.DaemonSetSpec{Template: aliases("10.2.0.1")}}},
		deployments: []appsv1.Deployment{{ObjectMeta: metav1.ObjectMeta{Name: "clustermesh-apiserver"}, Spec: appsv1.DeploymentSpec{Template: aliases("10.2.0.2")}}},
	}
	for name, test := range map[string]struct {
		secrets []corev1.Secret
		want    string
	}{
		"kvstoremesh dials": {[]corev1.Secret{secret("cilium-clustermesh"), secret("cilium-kvstoremesh")}, "10.2.0.2"},
		"agents dial":       {[]corev1.Secret{secret("cilium-clustermesh")}, "10.2.0.1"},
	} {
		l := &look{objects: both}
		l.objects.secrets = test.secrets
		if err := l.readPeers(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := []mesh.Peer{{Name: "b", Addresses: []string{test.want}, Port: 2379}}
		if d := cmp.Diff(want, l.facts.Peers); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

// TestBundleIsWhereTheValuesHaveIt: in a ConfigMap of the chart's name, or in
// an object and under a key of the user's choice.
func TestBundleIsWhereTheValuesHaveIt(t *testing.T) {
	kept := map[string]string{"aksmesh.io/kept": "true"}
	seen := objects{
		configMaps: []corev1.ConfigMap{
			{ObjectMeta: metav1.ObjectMeta{Name: "cilium-root-ca.crt"}, Data: map[string]string{"ca.crt": "usual"}},
			{ObjectMeta: metav1.ObjectMeta{Name: "roots", Annotations: kept}, Data: map[string]string{"ca.crt": "named", "all.pem": "by key"}},
		},
		secrets: []corev1.Secret{{ObjectMeta: metav1.ObjectMeta{Name: "roots"}, Data: map[string][]byte{"ca.crt": []byte("secret")}}},
	}
	for name, test := range map[string]struct {
		caBundle map[string]any
		want     string
		kept     bool
	}{
		"as usual":    {nil, "usual", false},
		"named":       {map[string]any{"name": "roots"}, "named", true},
		"by key":      {map[string]any{"name": "roots", "key": "all.pem"}, "by key", true},
		"in a Secret": {map[string]any{"name": "roots", "useSecret": true}, "secret", false},
		"not there":   {map[string]any{"name": "none"}, "", false},
	} {
		l := &look{objects: seen}
		if test.caBundle != nil {
			l.facts.Release = &mesh.Release{Values: map[string]any{"tls": map[string]any{"caBundle": test.caBundle}}}
		}
		if text, kept := l.caBundle(); string(text) != test.want || kept != test.kept {
			t.Errorf("%s: %q, kept %t; want %q, %t", name, text, kept, test.want, test.kept)
		}
	}
}
