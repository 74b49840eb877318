package collect

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	ownEtcd   = "Local etcd kvstore:\nTLS certificates presented by the server:\n- Serial number: 0a:01\nTLS client certificates:\n- Serial number: 0a:02\n"
	remoteOne = "Cluster \"b\":\nTLS certificates presented by the server:\n- Serial number: 0b:01\nTLS client certificates:\n- Serial number: 0c:01\n"
)

// TestPresented: every pod is asked for what it alone can tell, and those that
// are done are not asked again.
func TestPresented(t *testing.T) {
	server, remote, local := []string{"clustermesh-apiserver-server-cert"}, []string{"clustermesh-apiserver-remote-cert"}, []string{"clustermesh-apiserver-remote-cert", "clustermesh-apiserver-local-cert"}
	agents := []Presents{{Pod: "cilium-1", Node: "node-of-cilium-1", Secrets: local, Serial: "c01"}, {Pod: "cilium-2", Node: "node-of-cilium-2", Secrets: local, Error: "no exec"}}
	for name, test := range map[string]struct {
		peers Peers
		done  map[string]bool
		want  []Presents
	}{
		"all": {Peers{"b", "b"}, nil, append(agents[:2:2],
			Presents{Pod: "mesh-1", Node: "node-of-mesh-1", Secrets: server, Serial: "a01"}, Presents{Pod: "mesh-1", Node: "node-of-mesh-1", Secrets: remote, Serial: "c01"},
			Presents{Pod: "mesh-2", Node: "node-of-mesh-2", Secrets: server, Serial: "a01"})},
		"some are done": {Peers{"b", "b"}, map[string]bool{"mesh-1": true, "mesh-2": true}, agents},
		"no peers": {Peers{}, nil, []Presents{
			{Pod: "mesh-1", Node: "node-of-mesh-1", Secrets: server, Serial: "a01"}, {Pod: "mesh-2", Node: "node-of-mesh-2", Secrets: server, Serial: "a01"},
		}},
	} {
		exec := &pods{answers: map[string]func(context.Context, string) ([]byte, error){
			"clustermesh-dbg troubleshoot":                 says(ownEtcd),
			"kvstoremesh-dbg troubleshoot --include-local": says(ownEtcd + remoteOne),
			"cilium-dbg troubleshoot clustermesh b": func(_ context.Context, pod string) ([]byte, error) {
				if pod == "cilium-2" {
					return nil, errors.New("no exec")
				}
				return []byte(remoteOne), nil
			},
		}}
		client := fake.NewClientset(ciliumPod("cilium-1", agentName, "cilium-agent"), ciliumPod("cilium-2", agentName, "cilium-agent"),
			ciliumPod("mesh-1", "clustermesh-apiserver", "etcd", "apiserver", "kvstoremesh"), ciliumPod("mesh-2", "clustermesh-apiserver", "etcd", "apiserver"))
		got, err := Presented(t.Context(), &mesh.Cluster{Client: client, Exec: exec}, test.peers, test.done)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
