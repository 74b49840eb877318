package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// presenting answers for a mesh's pods: the serial numbers of the server's and
// the client's certificate of each, or an error.
type presenting struct {
	t      *testing.T
	serial func(pod, role string) (string, error)
}

func (p presenting) Run(_ context.Context, pod, _ string, command ...string) ([]byte, error) {
	if !strings.Contains(strings.Join(command, " "), "troubleshoot") {
		p.t.Errorf("%s is asked %v", pod, command)
	}
	server, err := p.serial(pod, "server")
	if err != nil {
		return nil, err
	}
	client, err := p.serial(pod, "client")
	return fmt.Appendf(nil, "Local etcd kvstore:\nTLS certificates presented by the server:\n- Serial number: %s\nCluster \"b\":\nTLS client certificates:\n- Serial number: %s\n", server, client), err
}

func meshPod(name, app string, containers ...string) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-system", Labels: map[string]string{"k8s-app": app}},
		Spec:       corev1.PodSpec{NodeName: "node-1"}, Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, container := range containers {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: container})
	}
	return pod
}

// TestRenewedWaitsForKubelets: Secrets that hold new certificates are not
// enough; a pod presents the old one until its kubelet has brought the new.
func TestRenewedWaitsForKubelets(t *testing.T) {
	pair := newPair(t)
	now, err := pki.Serial(map[string][]byte{corev1.TLSCertKey: pair.Cert})
	if err != nil {
		t.Fatal(err)
	}
	inMesh := values.Values{"clustermesh": values.Values{"useAPIServer": true}}
	made := func(name string) runtime.Object {
		return &corev1.Secret{ObjectMeta: ofRelease(name), Data: map[string][]byte{corev1.TLSCertKey: pair.Cert}}
	}
	peers := func(name string, keys ...string) runtime.Object {
		secret := &corev1.Secret{ObjectMeta: ofRelease(name), Data: map[string][]byte{}}
		for _, key := range keys {
			secret.Data[key] = []byte("endpoints:")
		}
		return secret
	}
	certs := []runtime.Object{made("clustermesh-apiserver-server-cert"), made("clustermesh-apiserver-remote-cert"), made("clustermesh-apiserver-local-cert")}
	pods := []runtime.Object{meshPod("cilium-1", "cilium", "cilium-agent"), meshPod("mesh-1", "clustermesh-apiserver", "apiserver", "kvstoremesh")}
	named := []runtime.Object{peers("cilium-clustermesh", "b"), peers("cilium-kvstoremesh", "b")}
	late := func(pod, role string) func(string, string, time.Duration) (string, error) {
		return func(of, what string, after time.Duration) (string, error) {
			if of == pod && what == role && after < time.Minute {
				return "dead", nil
			}
			return now, nil
		}
	}
	for name, test := range map[string]struct {
		objects [][]runtime.Object
		release values.Values
		serial  func(pod, role string, after time.Duration) (string, error)
		waits   time.Duration // at least
		says    string
	}{
		"all are new":             {[][]runtime.Object{certs, pods, named}, inMesh, late("", ""), 0, ""},
		"an etcd's is late":       {[][]runtime.Object{certs, pods, named}, inMesh, late("mesh-1", "server"), time.Minute, "pod mesh-1 on node node-1 presents a certificate from before Secret clustermesh-apiserver-server-cert changed"},
		"a kvstoremesh's is late": {[][]runtime.Object{certs, pods, named}, inMesh, late("mesh-1", "client"), time.Minute, "from before Secret clustermesh-apiserver-remote-cert changed"},
		"an agent's is late":      {[][]runtime.Object{certs, pods, named}, inMesh, late("cilium-1", "client"), time.Minute, "pod cilium-1 on node node-1 presents a certificate from before Secret clustermesh-apiserver-local-cert changed"},
		"no other cluster":        {[][]runtime.Object{certs, pods}, inMesh, late("cilium-1", "client"), 0, ""},
		"certificates of one's own for the other": {
			[][]runtime.Object{certs, pods, {peers("cilium-clustermesh", "b", "b.etcd-client.crt"), peers("cilium-kvstoremesh", "b", "b.etcd-client.crt")}}, inMesh, late("cilium-1", "client"), 0, "",
		},
		"an etcd elsewhere":        {[][]runtime.Object{certs[1:], pods, named}, inMesh, late("mesh-1", "server"), 0, ""},
		"certificates of a user's": {[][]runtime.Object{certs, pods, named}, values.Values{"clustermesh": values.Values{"useAPIServer": true, "apiserver": values.Values{"tls": values.Values{"auto": values.Values{"enabled": false}}}}}, late("cilium-1", "client"), 0, ""},
		"a pod does not answer": {[][]runtime.Object{certs, pods, named}, inMesh, func(pod, _ string, after time.Duration) (string, error) {
			if pod == "cilium-1" && after < time.Minute {
				return "", errors.New("no answer")
			}
			return now, nil
		}, time.Minute, "cilium-1: no answer"},
		"a pod shows none": {[][]runtime.Object{certs, pods, named}, inMesh, func(pod, role string, after time.Duration) (string, error) {
			if pod == "mesh-1" && role == "server" && after < time.Minute {
				return "", nil
			}
			return now, nil
		}, time.Minute, "mesh-1 shows no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var objects []runtime.Object
				for _, some := range test.objects {
					objects = append(objects, some...)
				}
				start, said := time.Now(), ""
				c := &mesh.Cluster{Context: "aks-1", Client: fake.NewClientset(objects...), Exec: presenting{t, func(pod, role string) (string, error) {
					return test.serial(pod, role, time.Since(start))
				}}}
				if err := Renewed(t.Context(), c, test.release, []string{"b"}, func(text string) { said = text }); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < test.waits || took > test.waits+lastInterval || !strings.Contains(said, test.says) || (said == "") != (test.says == "") {
					t.Errorf("it takes %s and says %q, want %s and %q", took, said, test.waits, test.says)
				}
			})
		})
	}
}

// TestRenewedSaysWhatToType when the time is over.
func TestRenewedSaysWhatToType(t *testing.T) {
	pair := newPair(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := &mesh.Cluster{Context: "aks-1", Client: fake.NewClientset(
			&corev1.Secret{ObjectMeta: ofRelease("clustermesh-apiserver-server-cert"), Data: map[string][]byte{corev1.TLSCertKey: pair.Cert}},
			meshPod("mesh-1", "clustermesh-apiserver", "apiserver"), meshPod("mesh-2", "clustermesh-apiserver", "apiserver")),
			Exec: presenting{t, func(string, string) (string, error) { return "dead", nil }}}
		err := Renewed(ctx, c, values.Values{"clustermesh": values.Values{"useAPIServer": true}}, nil, func(string) {})
		const want = "pod mesh-1 (and 1 more) on node node-1 presents a certificate from before Secret clustermesh-apiserver-server-cert changed; a new pod reads it: kubectl --context aks-1 -n kube-system delete pod mesh-1: context deadline exceeded"
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
}
