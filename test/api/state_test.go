package api

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// state is what a join ends with, without what differs from join to join: by
// cluster (or "arm") and object.
type state map[string]map[string]any

// look reads the state, and checks what is left out of it: that the CA is one,
// and that it signed the certificates.
func look(t *testing.T, w *apienv.World) state {
	t.Helper()
	seen := state{}
	ca := theCA(t, w)
	for _, m := range w.Members {
		made, err := m.Made(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen[m.Context] = map[string]any{}
		for _, object := range made {
			revision := object.GetKind() == "Secret" && strings.HasPrefix(object.GetName(), "sh.helm.release.")
			if revision || object.GetKind() == "IPAddress" { // the API server's note of a ClusterIP
				continue
			}
			seen[m.Context][apienv.Name(object)] = normal(t, m.Context, object, ca)
		}
		found := newest(t, m)
		seen[m.Context]["release"] = map[string]any{"status": found.Status, "chart": found.ChartVersion, "values": found.Values}
		if w.ARM != nil {
			w.ARM.Edit(m.Site, func(resource map[string]any) {
				network, _, err := unstructured.NestedMap(resource, "properties", "networkProfile")
				if err != nil {
					t.Error(err)
				}
				seen[m.Context]["Azure's network profile"] = network
			})
		}
	}
	return seen
}

// same checks that two states are the same.
func same(t *testing.T, want, got state) {
	t.Helper()
	for cluster := range want {
		names := maps.Clone(want[cluster])
		maps.Copy(names, got[cluster])
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if diff := cmp.Diff(want[cluster][name], got[cluster][name]); diff != "" {
				t.Errorf("%s: %s is not as it should be (-want +got):\n%s", cluster, name, diff)
			}
		}
	}
}

// normal is the object without what API servers and chance put into it.
func normal(t *testing.T, cluster string, object unstructured.Unstructured, ca pki.Pair) map[string]any {
	t.Helper()
	o := object.DeepCopy()
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(o.Object, "status")
	switch o.GetKind() {
	case "Secret":
		data, _, err := unstructured.NestedStringMap(o.Object, "data")
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range data {
			data[key] = normalSecret(t, cluster+" "+apienv.Name(object)+" "+key, value, ca)
		}
		_ = unstructured.SetNestedStringMap(o.Object, data, "data")
	case "Service":
		for _, field := range []string{"clusterIP", "clusterIPs", "ports", "healthCheckNodePort"} {
			unstructured.RemoveNestedField(o.Object, "spec", field)
		}
	case "DaemonSet", "Deployment":
		for _, annotation := range []string{"deprecated.daemonset.template.generation", "deployment.kubernetes.io/revision"} {
			unstructured.RemoveNestedField(o.Object, "metadata", "annotations", annotation)
		}
	}
	return o.Object
}

// normalSecret says what is in a secret instead of showing it, and checks
// certificates.
func normalSecret(t *testing.T, where, value string, ca pki.Pair) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	block, _ := pem.Decode(raw)
	switch {
	case block == nil:
		return string(raw)
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return "a private key"
	case strings.HasSuffix(block.Type, "CERTIFICATE"):
		return certificate(t, where, block.Bytes, ca)
	}
	return block.Type
}

// certificate describes a certificate after it was verified.
func certificate(t *testing.T, where string, der []byte, ca pki.Pair) string {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.Cert)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Errorf("%s is not of the mesh's CA: %v", where, err)
	}
	slices.Sort(cert.DNSNames)
	return "certificate of " + cert.Subject.String() + " for " + strings.Join(cert.DNSNames, ",")
}

// theCA is the CA of all clusters, which must be one and Helm's.
func theCA(t *testing.T, w *apienv.World) pki.Pair {
	t.Helper()
	var first pki.Pair
	for i, m := range w.Members {
		secret := get(t, m, "cilium-ca")
		pair, err := pki.FromSecret(secret)
		if err != nil {
			t.Fatalf("%s: %v", m.Context, err)
		}
		if i == 0 {
			first = pair
		}
		if diff := cmp.Diff(string(first.Cert), string(pair.Cert)); diff != "" {
			t.Errorf("the CA of %s is another than that of %s", m.Context, w.Members[0].Context)
		}
		if string(first.Key) != string(pair.Key) {
			t.Errorf("the CA's key of %s is another than that of %s", m.Context, w.Members[0].Context)
		}
		if secret.Labels["app.kubernetes.io/managed-by"] != "Helm" || secret.Annotations["meta.helm.sh/release-name"] != "cilium" ||
			secret.Annotations["meta.helm.sh/release-namespace"] != "kube-system" {
			t.Errorf("the CA of %s is not Helm's: labels %v, annotations %v", m.Context, secret.Labels, secret.Annotations)
		}
	}
	return first
}

func get(t *testing.T, m *apienv.Member, secret string) *corev1.Secret {
	t.Helper()
	found, err := m.Client.CoreV1().Secrets("kube-system").Get(t.Context(), secret, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("%s: %v", m.Context, err)
	}
	return found
}

// keepsSecrets checks that no private key of the clusters is in what was said.
func keepsSecrets(t *testing.T, w *apienv.World, results ...apienv.Result) {
	t.Helper()
	for _, m := range w.Members {
		secrets, err := m.Client.CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets.Items {
			for key, value := range secret.Data {
				if block, _ := pem.Decode(value); block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
					continue
				}
				for _, r := range results {
					hidden(t, m.Context+" "+secret.Name+" "+key, string(value), r.Stdout+r.Stderr)
				}
			}
		}
	}
}

// hidden checks that a key is not in the text, whether as PEM, by any line of
// it, or encoded once more.
func hidden(t *testing.T, what, key, text string) {
	t.Helper()
	const tooShort = 16 // characters; less could be there by chance
	again := base64.StdEncoding.EncodeToString([]byte(key))
	if strings.Contains(text, again[:min(len(again), 2*tooShort)]) {
		// The PEM header is in every key: what follows it tells.
		if strings.Contains(text, again) {
			t.Errorf("%s is in the output, in base64", what)
		}
	}
	for line := range strings.Lines(key) {
		if line = strings.TrimSpace(line); len(line) > tooShort && !strings.HasPrefix(line, "-----") && strings.Contains(text, line) {
			t.Errorf("%s is in the output", what)
		}
	}
}
