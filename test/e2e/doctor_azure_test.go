//go:build e2e

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
)

// kubeProxyOn switches a cluster's kube-proxy on by a PUT of the cluster to
// Azure, as "az aks update --kube-proxy-config" does. That ends when Azure's
// addon manager has made the DaemonSet, or taken it away.
func kubeProxyOn(cluster string) func(*testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		arm := azureClient(t)
		c := open(t, cluster)[0]
		nodes := must[*corev1.NodeList](t)(c.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}))
		var hint azure.Hint
		for i := range nodes.Items {
			hint.ProviderIDs = append(hint.ProviderIDs, nodes.Items[i].Spec.ProviderID)
		}
		id := must[azure.ID](t)(arm.Find(t.Context(), hint))
		set := func(enabled bool) {
			if err := arm.SetKubeProxy(t.Context(), id, enabled, func(text string) { t.Logf("%s: %s", cluster, text) }); err != nil {
				t.Errorf("%s: %v", cluster, err)
			}
		}
		set(true)
		return func() { set(false) }
	}
}

// azureClient talks to the lab's simulated Azure, as whoever is logged in to
// its az.
func azureClient(t *testing.T) *azure.Client {
	t.Helper()
	env := map[string]string{}
	for _, variable := range must[[]string](t)(lab.Environment(t.Context())) {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	t.Setenv("PATH", env["PATH"]) // where az is
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(must[[]byte](t)(os.ReadFile(env["SSL_CERT_FILE"]))) {
		t.Fatalf("%s has no certificate", env["SSL_CERT_FILE"])
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return must[*azure.Client](t)(azure.New(azure.Settings{
		Endpoint: env["AKSMESH_ARM_ENDPOINT"], Transport: &http.Client{Transport: transport},
	}))
}
