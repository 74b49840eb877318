package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// frontends.json was recorded from an agent of Cilium 1.20.1 in a mesh of
// three clusters.
func TestParseFrontends(t *testing.T) {
	got, err := ParseFrontends(fixture(t, "frontends.json"), func(s string) bool { return strings.HasPrefix(s, "default/aks") })
	if err != nil {
		t.Fatal(err)
	}
	want := []mesh.Frontend{{
		Service: "default/aks-helloworld", Address: "10.0.202.227", Port: 80, Protocol: "TCP", Done: true,
		Backends: []mesh.Backend{
			{Address: "100.64.0.44", Port: 8080, State: mesh.BackendActive},
			{Address: "100.65.0.70", Port: 8080, ClusterID: 2, State: mesh.BackendActive},
			{Address: "100.66.0.233", Port: 8080, ClusterID: 3, State: mesh.BackendActive},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frontends (-want +got):\n%s", diff)
	}
}

func TestParseFrontendsEdges(t *testing.T) {
	const head = `{"Type": "ClusterIP", "ServiceName": "a/b", "Status": {"kind": "Pending"}, `
	for name, test := range map[string]struct {
		text string
		want []mesh.Frontend
		bad  bool
	}{
		"empty":      {text: ""},
		"IPv6":       {text: head + `"Address": "[fd00::1]:80/TCP"}`, want: []mesh.Frontend{{Service: "a/b", Address: "fd00::1", Port: 80, Protocol: "TCP"}}},
		"scope":      {text: head + `"Address": "10.0.0.1:80/TCP/i"}`, want: []mesh.Frontend{{Service: "a/b", Address: "10.0.0.1", Port: 80, Protocol: "TCP"}}},
		"cluster id": {text: head + `"Address": "10.0.0.1@2:80/UDP"}`, want: []mesh.Frontend{{Service: "a/b", Address: "10.0.0.1", Port: 80, Protocol: "UDP"}}},
		"states": {
			text: head + `"Address": "10.0.0.1:80/TCP", "Backends": [{"Address": "1.1.1.1:1/TCP", "State": 1}, {"Address": "1.1.1.2:1/TCP", "State": 4}, {"Address": "1.1.1.3:1/TCP", "Unhealthy": true}]}`,
			want: []mesh.Frontend{{Service: "a/b", Address: "10.0.0.1", Port: 80, Protocol: "TCP", Backends: []mesh.Backend{
				{Address: "1.1.1.1", Port: 1, State: mesh.BackendTerminating}, {Address: "1.1.1.2", Port: 1, State: mesh.BackendIdle}, {Address: "1.1.1.3", Port: 1, State: mesh.BackendIdle},
			}}},
		},
		"another type": {text: `{"Type": "NodePort", "ServiceName": "a/b", "Address": "0.0.0.0:80/TCP"}`},
		"not JSON":     {text: "Error: unknown command", bad: true},
		"no port":      {text: head + `"Address": "10.0.0.1"}`, bad: true},
		"bad backend":  {text: head + `"Address": "10.0.0.1:80/TCP", "Backends": [{"Address": "x:1/TCP"}]}`, bad: true},
	} {
		got, err := ParseFrontends([]byte(test.text), func(string) bool { return true })
		if (err != nil) != test.bad {
			t.Errorf("%s: error %v", name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzParseFrontends(f *testing.F) {
	f.Add(fixture(f, "frontends.json"))
	f.Add([]byte(`{"Type": "ClusterIP", "Address": "[::1]:1/TCP/i"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := ParseFrontends(data, func(string) bool { return true })
		for i := range found {
			if err == nil && (found[i].Address == "" || found[i].Protocol == "") {
				t.Errorf("frontend without an address: %+v", found[i])
			}
		}
	})
}
