package api

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// mostCalls bounds the requests to API servers of a join of three bare clusters
// that waits for nothing. The waits have the rest of the 300 that the whole may make.
const mostCalls = 230

func TestJoinBareClusters(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	r := join(t, w, three)
	calls := slices.DeleteFunc(w.Journal.Calls(), func(c apienv.Call) bool { return c.Target == "arm" })
	t.Logf("%d requests to API servers; with Azure's, by verb: %v", len(calls), w.Journal.Count())
	if len(calls) > mostCalls {
		t.Errorf("%d requests to API servers, want at most %d", len(calls), mostCalls)
	}
	keepsSecrets(t, w, r)
	theCA(t, w)
	addresses := map[string]any{}
	for _, m := range w.Members {
		addresses[m.Context] = map[string]any{"ips": []any{meshService(t, m)}, "port": float64(2379)}
	}
	for i, m := range w.Members {
		oneRevision(t, m)
		kubeProxyGone(t, w, m)
		values := newest(t, m).Values
		for path, want := range map[string]any{
			"cluster.name": m.Context, "cluster.id": float64(i + 1), "aksbyocni.enabled": true, "kubeProxyReplacement": true,
			"k8sServiceHost": m.Site.FQDN(), "k8sServicePort": float64(443), "tunnelProtocol": "vxlan",
			"clustermesh.config.clusters":              addresses,
			"ipam.operator.clusterPoolIPv4PodCIDRList": []any{fmt.Sprintf("100.%d.0.0/16", 64+i)},
		} {
			if diff := cmp.Diff(want, value(values, path)); diff != "" {
				t.Errorf("%s: value %s (-want +got):\n%s", m.Context, path, diff)
			}
		}
	}

	t.Run("a second join does nothing", func(t *testing.T) {
		before := look(t, w)
		writes := watch(t, w)
		r := join(t, w, three)
		says(t, r.Stdout, "nothing to do")
		noWrites(t, writes)
		for _, m := range w.Members {
			oneRevision(t, m)
		}
		same(t, before, look(t, w))
	})
}

// meshService checks the Service that join makes and Helm adopts, and returns
// its address.
func meshService(t *testing.T, m *apienv.Member) string {
	t.Helper()
	service, err := m.Client.CoreV1().Services("kube-system").Get(t.Context(), "clustermesh-apiserver", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	managers := make([]string, 0, len(service.ManagedFields))
	for _, entry := range service.ManagedFields {
		managers = append(managers, entry.Manager)
	}
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || !service.Spec.PublishNotReadyAddresses || !slices.Contains(managers, "helm") {
		t.Errorf("%s: service has type %s, publishNotReadyAddresses %t, managers %v; want LoadBalancer, true, helm among them",
			m.Context, service.Spec.Type, service.Spec.PublishNotReadyAddresses, managers)
	}
	if len(service.Status.LoadBalancer.Ingress) != 1 {
		t.Fatalf("%s: service has addresses %v, want one", m.Context, service.Status.LoadBalancer.Ingress)
	}
	return service.Status.LoadBalancer.Ingress[0].IP
}

// oneRevision checks that the release has one revision, which went well.
func oneRevision(t *testing.T, m *apienv.Member) {
	t.Helper()
	all := revisions(t, m)
	if len(all) != 1 || all[0].Labels["status"] != "deployed" {
		statuses := make([]string, len(all))
		for i := range all {
			statuses[i] = all[i].Name + " " + all[i].Labels["status"]
		}
		t.Errorf("%s has revisions %v, want one, deployed", m.Context, statuses)
	}
}

func kubeProxyGone(t *testing.T, w *apienv.World, m *apienv.Member) {
	t.Helper()
	if _, err := m.Client.AppsV1().DaemonSets("kube-system").Get(t.Context(), "kube-proxy", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("%s: DaemonSet kube-proxy is not gone: %v", m.Context, err)
	}
	w.ARM.Edit(m.Site, func(resource map[string]any) {
		if got := value(resource, "properties.networkProfile.kubeProxyConfig"); !cmp.Equal(got, map[string]any{"enabled": false}) {
			t.Errorf("%s: Azure has kubeProxyConfig %v", m.Context, got)
		}
	})
}
