package globalsvc

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// webhook is an admission webhook that takes annotations away from Services.
func webhook(client *fake.Clientset) {
	client.PrependReactor("patch", "services", func(a clienttesting.Action) (bool, runtime.Object, error) {
		var service corev1.Service
		if err := json.Unmarshal(a.(clienttesting.PatchAction).GetPatch(), &service); err != nil {
			return true, nil, err
		}
		service.Annotations = nil
		return true, &service, client.Tracker().Create(a.GetResource(), &service, a.GetNamespace())
	})
}

// TestWhatIsMadeIsReadBack: a Service that somebody has changed while it was
// made is not global, whatever the API server answered.
func TestWhatIsMadeIsReadBack(t *testing.T) {
	for name, test := range map[string]struct {
		webhooks []func(*fake.Clientset)
		want     string // part of the error
	}{
		"as it was wished": {},
		"changed":          {[]func(*fake.Clientset){webhook}, "written, but something has put service.cilium.io/global back: look who owns it with kubectl --context c3 "},
	} {
		t.Run(name, func(t *testing.T) {
			w := on("c3")
			w.Create = CreateWithSelector
			d, err := Make(shops(), w)
			if err != nil {
				t.Fatal(err)
			}
			client := fake.NewClientset()
			for _, add := range test.webhooks {
				add(client)
			}
			p := d.Plan(map[string]*mesh.Cluster{"c3": {Context: "c3", Client: client}})
			err = p.Steps[0].Do(t.Context(), func(string) {})
			if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if _, err := client.CoreV1().Services("ns").Get(t.Context(), "web", metav1.GetOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDryRunIsNotReadBack: there is nothing yet to be read.
func TestDryRunIsNotReadBack(t *testing.T) {
	w := on("c3")
	w.Create = CreateWithSelector
	d, err := Make(shops(), w)
	if err != nil {
		t.Fatal(err)
	}
	client := fake.NewClientset()
	client.PrependReactor("patch", "services", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &corev1.Service{}, nil // as an API server takes a dry run
	})
	p := d.Plan(map[string]*mesh.Cluster{"c3": {Context: "c3", Client: client}})
	if err := p.Steps[0].Check(t.Context()); err != nil {
		t.Error(err)
	}
}
