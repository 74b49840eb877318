package release

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func revisionSecret(version, status, mark, data string) corev1.Secret {
	labels := map[string]string{"owner": "helm", "name": "cilium", "version": version, "status": status}
	if mark != "" {
		labels[labelRevision] = mark
	}
	return corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "sh.helm.release.v1.cilium.v" + version, Namespace: namespace, Labels: labels},
		Data:       map[string][]byte{"release": []byte(data)},
	}
}

// Numbers, not texts, are compared; only the newest is decoded; one that
// cannot be is still known by its labels.
func TestFromSecrets(t *testing.T) {
	plain := "eyJuYW1lIjoiY2lsaXVtIiwiY29uZmlnIjp7Ik1UVSI6MTQwMH19" // {"name":"cilium","config":{"MTU":1400}}
	found, err := FromSecrets([]corev1.Secret{
		revisionSecret("9", "superseded", "", "broken"), revisionSecret("10", "deployed", "10", plain), {},
	})
	if err != nil || found.Revision != 10 || !found.Ours || found.Values["MTU"] != 1400.0 {
		t.Errorf("found %+v, %v", found, err)
	}
	for _, data := range []string{"broken", "H4sIAAAA", "e30gZm9v"} {
		found, err := FromSecrets([]corev1.Secret{revisionSecret("3", "failed", "2", data)})
		if err == nil || found == nil || found.Revision != 3 || found.Status != "failed" || found.Ours {
			t.Errorf("%q: found %+v, %v", data, found, err)
		}
	}
	if found, err := FromSecrets(nil); found != nil || err != nil {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestLatestWithClientGosFake(t *testing.T) {
	old, newest := revisionSecret("1", "superseded", "", "x"), revisionSecret("2", "deployed", "2", "e30=")
	found, err := Latest(t.Context(), fake.NewClientset(&old, &newest), namespace)
	if err != nil || found.Revision != 2 {
		t.Errorf("found %+v, %v", found, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("e30="))
	f.Add([]byte("H4sIAAAAAAAA"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if decoded, err := decode(data); (decoded == nil) == (err == nil) {
			t.Errorf("%v, %v", decoded, err)
		}
	})
}

func TestOwner(t *testing.T) {
	for name, test := range map[string]struct {
		labels, annotations map[string]string
		want                string
	}{
		"helm":            {labels: map[string]string{"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "x"}, annotations: map[string]string{"meta.helm.sh/release-name": "cilium"}},
		"nobody":          {},
		"argo annotation": {annotations: map[string]string{"argocd.argoproj.io/tracking-id": "net:apps/DaemonSet:kube-system/cilium"}, want: "Argo CD application net"},
		"argo label":      {labels: map[string]string{"app.kubernetes.io/instance": "net"}, want: "Argo CD application net"},
		"argo own label":  {labels: map[string]string{"argocd.argoproj.io/instance": "net"}, want: "Argo CD application net"},
		"flux helm": {
			labels: map[string]string{"helm.toolkit.fluxcd.io/name": "cilium", "helm.toolkit.fluxcd.io/namespace": "flux-system"},
			want:   "Flux HelmRelease flux-system/cilium",
		},
		"flux kustomize": {
			labels: map[string]string{"kustomize.toolkit.fluxcd.io/name": "infra", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
			want:   "Flux Kustomization flux-system/infra",
		},
	} {
		if got := Owner(test.labels, test.annotations); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
