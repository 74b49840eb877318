//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// stand is how the service stands in one cluster.
type stand struct {
	global, shared, affinity string // "" is no annotation
	endpoints                string // a letter each: r ready, n not ready, t terminating
}

const probed = "combination"

// combinations holds the prediction beside the load balancers of real agents,
// for many ways in which a service can stand in three clusters. The Service
// has no selector: its endpoints are written by hand, so that every state of
// an endpoint can be had at once.
func combinations(t *testing.T) {
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	for _, c := range clusters {
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: probed}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}}
		must[*corev1.Service](t)(c.Client.CoreV1().Services(metav1.NamespaceDefault).Create(t.Context(), service, metav1.CreateOptions{}))
		must[*discoveryv1.EndpointSlice](t)(c.Client.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).Create(t.Context(), slice(c, ""), metav1.CreateOptions{}))
	}
	const yes, no = "true", "false"
	all := [][3]stand{
		{{yes, "", "", "r"}, {yes, "", "", "rr"}, {yes, "", "", "r"}},
		{{yes, no, "", "r"}, {yes, "", "remote", "r"}, {yes, "", "", "r"}},
		{{yes, "", "local", "r"}, {yes, "", "", "r"}, {"", "", "", "r"}},
		{{yes, "", "local", ""}, {yes, "", "remote", ""}, {yes, "", "", "rr"}},
		{{yes, "", "local", "n"}, {yes, "", "local", "t"}, {yes, "", "local", "r"}},
		{{yes, "", "remote", "t"}, {yes, "", "remote", "n"}, {yes, no, "remote", "r"}},
		{{yes, "", "remote", "rt"}, {yes, "", "", "t"}, {yes, "", "", "n"}},
		{{"TRUE", "", "Local", "t"}, {"1", "", "", "r"}, {yes, "yes", "", "r"}},
		{{yes, no, "", "r"}, {yes, no, "", "r"}, {yes, no, "", ""}},
		{{no, yes, "remote", "r"}, {"", yes, "local", "r"}, {yes, yes, "remote", "r"}},
		{{yes, "", "none", "r"}, {yes, "", "nearest", "r"}, {yes, "", "", "r"}},
	}
	// Others each time; the seed is told, and a failure names the combination.
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(choices ...string) string { return choices[random.IntN(len(choices))] }
	for len(all) < 40 {
		var one [3]stand
		for i := range one {
			one[i] = stand{pick(yes, yes, "", no), pick("", yes, no), pick("", "local", "remote"), pick("", "r", "rr", "n", "t", "rt", "rnt")}
		}
		all = append(all, one)
	}
	for _, one := range all {
		for i, c := range clusters {
			set(t, c, one[i])
		}
		agree(t, clusters, one)
	}
	for _, c := range clusters {
		if err := c.Client.CoreV1().Services(metav1.NamespaceDefault).Delete(t.Context(), probed, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	}
}

// set makes the service stand so.
func set(t *testing.T, c *mesh.Cluster, s stand) {
	t.Helper()
	annotations := map[string]any{mesh.AnnotationGlobal: nil, mesh.AnnotationShared: nil, mesh.AnnotationAffinity: nil}
	for name, value := range map[string]string{mesh.AnnotationGlobal: s.global, mesh.AnnotationShared: s.shared, mesh.AnnotationAffinity: s.affinity} {
		if value != "" {
			annotations[name] = value
		}
	}
	patch := must[[]byte](t)(json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}}))
	must[*corev1.Service](t)(c.Client.CoreV1().Services(metav1.NamespaceDefault).Patch(t.Context(), probed, types.MergePatchType, patch, metav1.PatchOptions{}))
	must[*discoveryv1.EndpointSlice](t)(c.Client.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).Update(t.Context(), slice(c, s.endpoints), metav1.UpdateOptions{}))
}

// slice has endpoints at addresses that only exist on paper.
func slice(c *mesh.Cluster, states string) *discoveryv1.EndpointSlice {
	port, name, yes, no := int32(8080), "http", true, false
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: probed, Namespace: metav1.NamespaceDefault, Labels: map[string]string{discoveryv1.LabelServiceName: probed}},
		AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
		Endpoints: []discoveryv1.Endpoint{},
	}
	for i, state := range states {
		conditions := discoveryv1.EndpointConditions{Ready: &yes}
		switch state {
		case 'n':
			conditions = discoveryv1.EndpointConditions{Ready: &no, Serving: &no, Terminating: &no}
		case 't':
			conditions = discoveryv1.EndpointConditions{Ready: &no, Serving: &yes, Terminating: &yes}
		}
		address := fmt.Sprintf("198.18.%s.%d", c.Context[len("aks-"):], i+1)
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{address}, Conditions: conditions})
	}
	return s
}

// agree waits until every agent has what the rules say.
func agree(t *testing.T, clusters []*mesh.Cluster, one [3]stand) {
	t.Helper()
	const most = 30 * time.Second
	var rows []globalsvc.Row
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, most, true, func(ctx context.Context) (bool, error) {
		s := collect.Services(ctx, clusters, collect.ServiceOptions{Namespace: metav1.NamespaceDefault, Name: probed, Agents: 1})
		rows = globalsvc.Rows(s, nil)
		for i := range rows {
			if !rows[i].Agree {
				return false, nil
			}
		}
		return len(rows) == len(clusters), nil
	})
	if err == nil {
		return
	}
	t.Errorf("%+v: after %s agents still do not have what the rules say", one, most)
	for i := range rows {
		t.Logf("client in %s: rules %+v, agents %+v", rows[i].Context, rows[i].Rules, rows[i].Tables)
	}
}
