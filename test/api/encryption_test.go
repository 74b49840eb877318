package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestEncryptionIsTheSameEverywhere: one IPsec key for all members, those that
// come later too, and the setting in every cluster's cilium-config.
func TestEncryptionIsTheSameEverywhere(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Workloads: true})
	first := join(t, w, two, "--encryption=ipsec")
	second := join(t, w, three) // the third takes over what the mesh runs
	key := get(t, w.Members[0], "cilium-ipsec-keys").Data
	for _, m := range w.Members {
		if diff := cmp.Diff(key, get(t, m, "cilium-ipsec-keys").Data); diff != "" {
			t.Errorf("%s has another IPsec key than %s", m.Context, w.Members[0].Context)
		}
		if got := setting(t, m, "enable-ipsec"); got != "true" {
			t.Errorf("%s: enable-ipsec is %q, want true", m.Context, got)
		}
	}
	for _, value := range key {
		hidden(t, "the IPsec key", string(value), first.Stdout+first.Stderr+second.Stdout+second.Stderr)
	}
	writes := watch(t, w)
	says(t, join(t, w, three).Stdout, "nothing to do")
	noWrites(t, writes)
}

func TestWireGuardNeedsNoKey(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	join(t, w, two, "--encryption=wireguard")
	for _, m := range w.Members {
		if got := setting(t, m, "enable-wireguard"); got != "true" {
			t.Errorf("%s: enable-wireguard is %q, want true", m.Context, got)
		}
	}
}

// setting is one of cilium-config.
func setting(t *testing.T, m *apienv.Member, key string) string {
	t.Helper()
	config, err := m.Client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "cilium-config", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return config.Data[key]
}
