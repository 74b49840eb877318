package api

import (
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// apiServer names the API server as nodes would see it, which otherwise Azure
// tells: the kubeconfig's is this machine.
const apiServer = "--set=k8sServiceHost=api.example.com"

func TestWithoutAzureLogin(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	w.LogOut(t)
	writes := watch(t, w)
	r := w.Run(t, joining(two, apiServer)...)
	refused(t, r)
	says(t, r.Stderr, `context "aks-1"`, `context "aks-2"`, "az login", "--skip-kube-proxy",
		"az aks update --ids", "--kube-proxy-config kube-proxy.json", w.Members[0].Site.NodeResourceGroup())
	noWrites(t, writes)

	t.Run("kube-proxy can be left", func(t *testing.T) {
		r := join(t, w, two, apiServer, "--skip-kube-proxy")
		says(t, r.Stderr, "kube-proxy stays, as --skip-kube-proxy says")
		for _, m := range w.Members {
			if _, err := m.Client.AppsV1().DaemonSets("kube-system").Get(t.Context(), "kube-proxy", metav1.GetOptions{}); err != nil {
				t.Errorf("%s: %v", m.Context, err)
			}
			oneRevision(t, m)
		}
	})
}

func TestWithoutAzureLoginWhereKubeProxyIsOff(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	w.LogOut(t)
	for _, m := range w.Members {
		if err := m.Client.AppsV1().DaemonSets("kube-system").Delete(t.Context(), "kube-proxy", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	join(t, w, two, apiServer)
	for _, m := range w.Members {
		oneRevision(t, m)
	}
}

// TestWithoutTheRightToWrite expects a refusal before anything is written, as
// half way everything but kube-proxy would be done.
func TestWithoutTheRightToWrite(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	w.ARM.ReadOnly(w.Members[1].Site)
	writes := watch(t, w)
	r := w.Run(t, joining(two)...)
	refused(t, r)
	says(t, r.Stderr, `context "aks-2": kube-proxy runs, and this login may not switch it off: it lacks Microsoft.ContainerService/managedClusters/write on `+w.Members[1].Site.ID(),
		"az aks update --ids "+w.Members[1].Site.ID(), "--skip-kube-proxy")
	if strings.Contains(r.Stderr, `context "aks-1": kube-proxy runs`) {
		t.Errorf("aks-1 is blamed, too:\n%s", r.Stderr)
	}
	noWrites(t, writes)
	join(t, w, two, "--skip-kube-proxy")
}

// TestPassingAzureErrors lets Azure refuse once, for reasons that pass.
func TestPassingAzureErrors(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	w.ARM.Refuse(apienv.Refusal{Site: w.Members[0].Site, Method: http.MethodPut, Times: 1,
		Status: http.StatusPreconditionFailed, Code: "PreconditionFailed", Message: "the eTag does not match"})
	w.ARM.Refuse(apienv.Refusal{Site: w.Members[1].Site, Method: http.MethodPut, Times: 1,
		Status: http.StatusConflict, Code: "OperationNotAllowed", Message: "another operation is in progress"})
	r := join(t, w, two)
	says(t, r.Stderr, "somebody else changed the cluster in Azure; reading it again", "waiting for Azure to finish another operation")
	for _, m := range w.Members {
		kubeProxyGone(t, w, m)
	}
}

// TestAzureRefuses expects that a cluster which Azure refuses is named with
// what to do, that all else is done, and that the next join does the rest.
func TestAzureRefuses(t *testing.T) {
	for _, tc := range []struct {
		code, message string
		status        int
		want          []string
	}{
		{"KubeProxyConfigDisabledBYOCNIOnly", "only for BYO CNI", http.StatusBadRequest,
			[]string{"azure lets kube-proxy be turned off only on clusters that bring their own CNI"}},
		{"AuthorizationFailed", "The client 'someone' does not have authorization", http.StatusForbidden,
			[]string{"you lack the rights", "or have someone who has the rights run: ", "az aks update --subscription"}},
		{"LinkedAuthorizationFailed", "no permission on the linked subnet", http.StatusForbidden,
			[]string{"not use what it is linked to", "Network Contributor"}},
	} {
		t.Run(tc.code, func(t *testing.T) {
			w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
			first, second := w.Members[0], w.Members[1]
			w.ARM.Refuse(apienv.Refusal{Site: first.Site, Method: http.MethodPut, Status: tc.status, Code: tc.code, Message: tc.message})
			r := w.Run(t, joining(two)...)
			if r.ExitCode != 1 {
				t.Errorf("ended with %d", r.ExitCode)
			}
			says(t, r.Stdout, append(tc.want, tc.code, "aks-1", "kube-proxy")...)
			says(t, r.Stderr, "error: not everything is done", "the same command goes on from here")
			kubeProxyGone(t, w, second)
			oneRevision(t, first) // Cilium does not wait for kube-proxy on a bare cluster
			oneRevision(t, second)
			w.ARM.Mend()
			join(t, w, two)
			kubeProxyGone(t, w, first)
			oneRevision(t, first)
		})
	}
}

// TestNetworkWarns: what Azure shows of the network between clusters is told
// before a join, and keeps nobody from it.
func TestNetworkWarns(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	w.ARM.Part(w.Members[0].Site)
	r := join(t, w, two)
	says(t, r.Stderr, "warning AKSM903", `nothing connects the virtual networks of contexts "aks-1" and "aks-2"`, "az network vnet peering create")
	for _, m := range w.Members {
		oneRevision(t, m)
	}
}
