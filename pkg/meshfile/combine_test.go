package meshfile

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// Flags add what the file does not say, and may say what it says.
func TestCombineAdds(t *testing.T) {
	f := parsed(t, lines("  mtu: 1400\n  values: {debug: {enabled: true}}\n", "{context: a, id: 3}", "{context: b}"))
	got, err := f.Combine(join.Wish{
		MTU: 1400, Encapsulation: "geneve", ClusterIDs: map[string]int{"a": 3, "b": 4}, MeshIPs: map[string]netip.Addr{"b": netip.MustParseAddr("10.0.0.9")},
		SkipKubeProxy: true, Values: map[string]map[string]any{"": {"debug": map[string]any{"verbose": "flow"}}, "b": {"x": true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := join.Wish{
		ClusterNames: map[string]string{}, PodCIDRs: map[string]netip.Prefix{}, MeshSubnets: map[string]string{},
		MTU: 1400, Encapsulation: "geneve", ClusterIDs: map[string]int{"a": 3, "b": 4}, MeshIPs: map[string]netip.Addr{"b": netip.MustParseAddr("10.0.0.9")},
		SkipKubeProxy: true, Values: map[string]map[string]any{"": {"debug": map[string]any{"enabled": true, "verbose": "flow"}}, "b": {"x": true}},
	}
	if diff := cmp.Diff(want, got, comparers()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCombineRefusesContradictions(t *testing.T) {
	f := parsed(t, lines("  mtu: 1400\n  podPool: 100.64.0.0/10\n  values: {debug: {enabled: true}}\n", "{context: a, id: 3}", "{context: b}"))
	_, err := f.Combine(join.Wish{
		MTU: 1500, PodPool: netip.MustParsePrefix("100.64.0.0/12"), ClusterIDs: map[string]int{"a": 4, "c": 5},
		Values: map[string]map[string]any{"": {"debug": map[string]any{"enabled": false}}},
	})
	if err == nil {
		t.Fatal("it was taken")
	}
	want := []string{
		`a flag names context "c", which is not in mesh.yaml: add it there under spec.clusters`,
		"--mtu=1500 contradicts mesh.yaml, where spec.mtu is 1400: change the file, or leave the flag out",
		"--pod-pool=100.64.0.0/12 contradicts mesh.yaml, where spec.podPool is 100.64.0.0/10: change the file, or leave the flag out",
		"--cluster-id a=4 contradicts mesh.yaml, where id of context a is 3: change the file, or leave the flag out",
		"--values and --set contradict the Helm values in mesh.yaml (debug.enabled): change the file, or leave the flags out",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOnly(t *testing.T) {
	f := parsed(t, lines("  caFrom: c\n", "{context: a}", "{context: b}", "{context: c}"))
	narrow := f.Only([]string{"a", "b"})
	if diff := cmp.Diff([]string{"a", "b"}, narrow.Contexts()); diff != "" || narrow.Spec.CAFrom != "" {
		t.Errorf("caFrom %q, contexts (-want +got):\n%s", narrow.Spec.CAFrom, diff)
	}
	if len(f.Contexts()) != 3 || f.Spec.CAFrom != "c" {
		t.Error("the file itself was changed")
	}
}
