package values_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/charttest"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// member are the values that join gives a cluster.
func member(t *testing.T) values.Values {
	t.Helper()
	v, err := values.For(values.Wish{
		ChartVersion: "1.20.1", ClusterName: "aks-3", ClusterID: 3, AKS: true, PodCIDRs: []string{"10.163.0.0/16"}, PodCIDRMaskSize: 24,
		APIServerHost: "api.example.com", APIServerPort: 443, KubeProxyReplacement: true, Encapsulation: values.VXLAN, RollOut: true,
		Peers: []mesh.Peer{
			{Name: "aks-1", Addresses: []string{"10.1.0.10"}, Port: 2379}, {Name: "aks-2", Addresses: []string{"10.2.0.10"}, Port: 2379},
			{Name: "aks-3", Addresses: []string{"10.3.0.10"}, Port: 2379},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// rendered are the objects that the real chart makes of values, by kind/name.
func rendered(t *testing.T, v values.Values, ca *corev1.Secret) map[string]map[string]any {
	t.Helper()
	manifest, err := release.Render(t.Context(), charttest.Cilium(t), v, release.RenderOptions{
		Namespace: "kube-system", KubeVersion: "v1.37.1", Secrets: []*corev1.Secret{ca},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]any{}
	for _, document := range strings.Split(manifest, "\n---") {
		object := map[string]any{}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		if meta, ok := object["metadata"].(map[string]any); ok {
			all[object["kind"].(string)+"/"+meta["name"].(string)] = object
		}
	}
	return all
}

func template(object map[string]any) any {
	spec, _ := object["spec"].(map[string]any)
	return spec["template"]
}

func newCA(t *testing.T) *corev1.Secret {
	t.Helper()
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return pki.Secret("kube-system", pair)
}

// What leaves loses the mesh, and nothing of its Cilium restarts.
func TestAloneRestartsNothing(t *testing.T) {
	ca := newCA(t)
	before := member(t)
	joined, left := rendered(t, before, ca), rendered(t, values.Alone(before), ca)
	for name := range joined {
		if strings.HasPrefix(name, "DaemonSet/") || strings.HasPrefix(name, "Deployment/cilium") {
			if diff := cmp.Diff(template(joined[name]), template(left[name])); diff != "" {
				t.Errorf("the template of %s changes, so that its pods restart (-joined +left):\n%s", name, diff)
			}
		}
	}
	if diff := cmp.Diff(joined["ConfigMap/cilium-config"], left["ConfigMap/cilium-config"]); diff != "" {
		t.Errorf("cilium-config changes (-joined +left):\n%s", diff)
	}
	if left["Secret/cilium-ca"] == nil {
		t.Error("the CA is not made any more")
	}
	for name := range left {
		if strings.Contains(name, "clustermesh") || strings.Contains(name, "kvstoremesh") {
			t.Errorf("%s is left of the mesh", name)
		}
	}
}

// A member that forgets another restarts nothing, clustermesh-apiserver included.
func TestForgettingAPeerRestartsNothing(t *testing.T) {
	ca := newCA(t)
	before := member(t)
	knew, forgot := rendered(t, before, ca), rendered(t, values.RemovePeers(before, "aks-1"), ca)
	for name := range knew {
		if diff := cmp.Diff(template(knew[name]), template(forgot[name])); diff != "" {
			t.Errorf("the template of %s changes, so that its pods restart (-before +after):\n%s", name, diff)
		}
	}
	for _, name := range []string{"Secret/cilium-clustermesh", "Secret/cilium-kvstoremesh", "ConfigMap/clustermesh-remote-users"} {
		text, err := yaml.Marshal(forgot[name])
		if err != nil || forgot[name] == nil || strings.Contains(string(text), "aks-1") {
			t.Errorf("%s still has the peer (%v):\n%s", name, err, text)
		}
	}
}

// MakesCA says of values what the chart does with them.
func TestMakesCAIsWhatTheChartDoes(t *testing.T) {
	ca := newCA(t)
	for name, change := range map[string]func(values.Values){
		"as joined": func(values.Values) {},
		"no Hubble": func(v values.Values) { v["hubble"] = values.Values{"enabled": false} },
		"Hubble by cronJob": func(v values.Values) {
			v["hubble"] = values.Values{"tls": values.Values{"auto": values.Values{"method": "cronJob"}}}
		},
	} {
		for _, mesh := range []bool{true, false} {
			v := member(t)
			change(v)
			if !mesh {
				v = values.Alone(v)
			}
			if made := rendered(t, v, ca)["Secret/cilium-ca"] != nil; made != values.MakesCA(v) {
				t.Errorf("%s, in a mesh: %t: the chart makes the CA: %t, MakesCA says %t", name, mesh, made, values.MakesCA(v))
			}
		}
	}
}
