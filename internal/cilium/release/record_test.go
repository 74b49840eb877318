package release

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/release/common"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// Helm must read what is written here, and see the same in it as in what it
// writes itself.
func TestRecordIsHelms(t *testing.T) {
	rel := &releasev1.Release{
		Name: "cilium", Namespace: "kube-system", Version: 3, Manifest: "a: <b>\n", Labels: map[string]string{"team": "net"},
		Info: &releasev1.Info{Status: common.StatusPendingUpgrade, Description: "a & b"}, Chart: &v2.Chart{Metadata: &v2.Metadata{Name: "cilium", Version: "1.20.1"}},
		Config: map[string]any{"cluster": map[string]any{"id": 1.0}},
	}
	const key = "sh.helm.release.v1.cilium.v3"
	ours, helms := fake.NewClientset().CoreV1().Secrets("kube-system"), fake.NewClientset().CoreV1().Secrets("kube-system")
	if err := driver.NewSecrets(helms).Create(key, rel); err != nil {
		t.Fatal(err)
	}
	secret, err := record(key, rel, createdAt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	want, err := helms.Get(t.Context(), key, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	secret.Labels[createdAt], want.Labels[createdAt] = "", ""
	if diff := cmp.Diff(want.Labels, secret.Labels); diff != "" {
		t.Errorf("labels (-helm's +ours):\n%s", diff)
	}
	if want.Type != secret.Type {
		t.Errorf("type %q, helm's is %q", secret.Type, want.Type)
	}
	read := func(d *driver.Secrets) any {
		got, err := d.Get(key)
		if err != nil {
			t.Fatal(err)
		}
		full := got.(*releasev1.Release)
		full.Labels = nil // the times differ
		return full
	}
	if diff := cmp.Diff(read(driver.NewSecrets(helms)), read(driver.NewSecrets(ours)), cmp.AllowUnexported(v2.Chart{})); diff != "" {
		t.Errorf("what helm reads (-its own +ours):\n%s", diff)
	}
}
