//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
)

// trouble is one way to break the mesh.
type trouble struct {
	name string
	// breaks does it, and returns what mends it again.
	breaks func(t *testing.T) (mend func())
	// want is the code of the first cause, and of whom it must tell; a pair
	// may be told in either order if names are sorted.
	want  diagnose.Code
	names []string
	// notices is true if Cilium needs a while to notice what is broken.
	notices bool
	// probe is true if only the probe tier can see it.
	probe bool
	// with are codes that may be found as errors beside it.
	with []diagnose.Code
}

// doctor breaks the mesh in many ways, one after another. Each must be found
// as the first cause by one run, with nothing unrelated beside it, and be gone
// when it is mended.
func doctor(t *testing.T) {
	healthy(t)
	for _, one := range troubles() {
		if !t.Run(one.name, func(t *testing.T) { find(t, &one) }) {
			clearFaults(t)
		}
	}
}

func troubles() []trouble {
	return []trouble{
		{name: "VXLAN's port is dropped both ways", breaks: fault("udp", "--port", "8472", "--from", "aks-1", "--to", "aks-2"), want: "AKSM607", names: []string{"aks-1", "aks-2"}, notices: true},
		{name: "VXLAN's port is dropped in one direction", breaks: fault("udp", "--port", "8472", "--from", "aks-2", "--to", "aks-3", "--one-way"), want: "AKSM607", names: []string{"aks-2", "aks-3"}, notices: true},
		{name: "TCP 4240 alone is dropped", breaks: fault("tcp", "--port", "4240", "--from", "aks-1", "--to", "aks-3"), want: "AKSM608", names: []string{"aks-1", "aks-3"}, notices: true},
		{name: "ICMP alone is dropped", breaks: fault("icmp", "--from", "aks-1", "--to", "aks-3"), want: "AKSM608", names: []string{"aks-1", "aks-3"}, notices: true},
		{name: "a mesh address cannot be reached", breaks: fault("tcp", "--port", "2379", "--from", "aks-1", "--to", "aks-2", "--one-way"), want: "AKSM504", names: []string{"aks-1", "aks-2"}, notices: true},
		{name: "Geneve on one side", breaks: setting("aks-3", "tunnel-protocol", "geneve"), want: diagnose.CodeTunnel, names: []string{"aks-1", "aks-3"}},
		{name: "two clusters with one id", breaks: setting("aks-2", "cluster-id", "1"), want: diagnose.CodeIDUnique, names: []string{"aks-1", "aks-2"}},
		{name: "overlapping pod pools", breaks: setting("aks-2", "cluster-pool-ipv4-cidr", "100.64.0.0/16"), want: diagnose.CodePodsPods, names: []string{"aks-1", "aks-2"}, with: []diagnose.Code{diagnose.CodePoolSize}},
		{name: "pod pool over the service range", breaks: setting("aks-2", "cluster-pool-ipv4-cidr", "10.0.0.0/14"), want: diagnose.CodePodsServices, names: []string{"aks-2"}, with: []diagnose.Code{diagnose.CodePoolSize, diagnose.CodePodsFarServices, diagnose.CodeReserved}},
		{name: "a global service whose ports differ", breaks: portNames, want: diagnose.CodePorts, names: []string{"aks-1", "default/ports"}},
		{name: "one cluster's CA is replaced", breaks: otherCA, want: diagnose.CodeChain, names: []string{"aks-3"}},
		{name: "a server certificate has expired", breaks: serverCert(0), want: diagnose.CodeCertExpiry, names: []string{"aks-2"}},
		{name: "a server certificate is about to expire", breaks: serverCert(3 * 24 * time.Hour), want: diagnose.CodeCertExpiry, names: []string{"aks-2"}},
		{name: "the mesh address is another since the Service was made anew", breaks: otherAddress, want: diagnose.CodeStaleAddress, names: []string{"aks-1", "aks-3"}, notices: true},
		{name: "a security group denies VXLAN", breaks: azureFault("deny", "--protocol", "Udp", "--port", "8472"), want: diagnose.CodeNSGTunnel, names: []string{"aks-1", "aks-2"}},
		{name: "a route leads into a black hole", breaks: azureFault("route"), want: diagnose.CodeRoutes, names: []string{"aks-1", "aks-2"}},
		{name: "a peering is disconnected", breaks: azureFault("peering"), want: diagnose.CodePeering, names: []string{"aks-1", "aks-2"}},
		{name: "the mesh's API server crashes again and again", breaks: crash, want: "AKSM512", names: []string{"aks-2"}, notices: true},
		{name: "a cluster that has left is still configured", breaks: leftover, want: "AKSM513", names: []string{"aks-1"}, notices: true},
		{name: "the path carries 1400 bytes", breaks: fault("mtu", "--size", "1400", "--from", "aks-1", "--to", "aks-2"), want: "AKSM611", names: []string{"aks-1", "aks-2"}, probe: true},
		{name: "fragments are dropped", breaks: fault("fragments", "--from", "aks-1", "--to", "aks-2"), want: "AKSM612", names: []string{"aks-1", "aks-2"}, probe: true},
		{name: "the mesh is known on one side only", breaks: forget("aks-3", "aks-1"), want: diagnose.CodeSymmetric, names: []string{"aks-1", "aks-3"}},
		{name: "kube-proxy is switched on again", breaks: kubeProxyOn("aks-2"), want: diagnose.CodeKubeProxy, names: []string{"aks-2"}},
		{name: "a service prefers other clusters, and their endpoints are gone", breaks: farAffinity, want: diagnose.CodeCacheTTL, names: []string{"aks-1"}},
	}
}

// report is what doctor says, for machines.
type report struct {
	diagnose.Report
	TookMilliseconds int
}

func examine(t *testing.T, args ...string) (report, *diagnose.Finding) {
	t.Helper()
	r := must[*labenv.Result](t)(lab.Aksmesh(t.Context(), append([]string{"doctor", "--context", three, "-o", "json"}, args...)...))
	var found report
	if err := json.Unmarshal([]byte(r.Stdout), &found); err != nil {
		t.Fatalf("doctor's JSON: %v\n%s%s", err, r.Stdout, r.Stderr)
	}
	for _, cause := range found.Causes() {
		if !slices.Contains(known(), cause.Code) {
			return found, &cause
		}
	}
	return found, nil
}

// known are warnings that are true of the lab: its Kubernetes is newer than
// those that Cilium is tested with, and join gave pods other ranges than
// Azure's clusters were made with.
func known() []diagnose.Code {
	return []diagnose.Code{diagnose.CodeKubernetes, diagnose.CodeARMPodCIDR}
}

// healthy waits for no error, no warning but the known, and nothing unseen. A
// kvstoremesh that has seen a remote cluster vanish from its configuration
// takes minutes to come back to it: kubelets are late with Secrets, and it
// empties its cache first, after a grace period of three minutes.
func healthy(t *testing.T) {
	t.Helper()
	var found report
	err := wait.PollUntilContextTimeout(t.Context(), time.Second, 8*time.Minute, true, func(context.Context) (bool, error) {
		found, _ = examine(t)
		return len(unexpected(&found)) == 0, nil
	})
	if err != nil {
		t.Fatalf("the mesh is not healthy: %s", strings.Join(unexpected(&found), "\n"))
	}
	t.Logf("doctor took %d ms: %+v", found.TookMilliseconds, found.Counts)
}

func unexpected(found *report) []string {
	var lines []string
	for i := range found.Findings {
		f := &found.Findings[i]
		if f.Status == diagnose.Unknown || f.Status == diagnose.Fail && f.Severity != diagnose.Info && !slices.Contains(known(), f.Code) {
			lines = append(lines, fmt.Sprintf("%s %s %v: %s %v", f.Status, f.Code, f.Subject.Names, f.Message, f.Evidence))
		}
	}
	return lines
}

func find(t *testing.T, one *trouble) {
	mend := one.breaks(t)
	defer healthy(t)
	defer mend()
	patience := 5 * time.Second
	if one.notices {
		patience = 3 * time.Minute // until keepalives and health probes notice
	}
	var found report
	var first *diagnose.Finding
	started := time.Now()
	var args []string
	if one.probe {
		args = []string{"--probe", "--yes"}
	}
	err := wait.PollUntilContextTimeout(t.Context(), time.Second, patience, true, func(context.Context) (bool, error) {
		found, first = examine(t, args...)
		return first != nil && first.Code == one.want && sameNames(first.Subject.Names, one.names), nil
	})
	if err != nil {
		t.Errorf("the first cause is not %s of %v but:\n%s", one.want, one.names, strings.Join(unexpected(&found), "\n"))
		return
	}
	t.Logf("found %s after %s: %s %v; fix: %s", first.Code, time.Since(started).Round(time.Second), first.Message, first.Evidence, first.Remedy)
	var beside []diagnose.Code
	for _, f := range found.Causes() {
		if f.Severity == diagnose.Error && f.Code != one.want && !slices.Contains(one.with, f.Code) && !slices.Contains(beside, f.Code) {
			beside = append(beside, f.Code)
		}
	}
	if diff := cmp.Diff([]diagnose.Code(nil), beside); diff != "" {
		t.Errorf("errors that are told beside %s (-want +got):\n%s%s", one.want, diff, strings.Join(unexpected(&found), "\n"))
	}
}

func sameNames(got, want []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
}

// fault breaks the network between clusters.
func fault(args ...string) func(*testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		if err := lab.Run(t.Context(), append([]string{"fault", "add"}, args...)...); err != nil {
			t.Fatal(err)
		}
		return func() { clearFaults(t) }
	}
}

func clearFaults(t *testing.T) {
	t.Helper()
	if err := lab.Run(context.WithoutCancel(t.Context()), "fault", "clear"); err != nil {
		t.Error(err)
	}
}

// setting changes a key of cilium-config, as somebody's hand or another Helm
// would; agents read it only when they start.
func setting(cluster, key, value string) func(*testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		return changed(t, cluster, mesh.Namespace, "cilium-config", configMaps, func(c *corev1.ConfigMap) { c.Data[key] = value })
	}
}

func configMaps(c *mesh.Cluster, namespace string) client[corev1.ConfigMap] {
	return c.Client.CoreV1().ConfigMaps(namespace)
}

func secrets(c *mesh.Cluster, namespace string) client[corev1.Secret] {
	return c.Client.CoreV1().Secrets(namespace)
}

// client is what is needed of a typed client.
type client[T any] interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*T, error)
	Update(ctx context.Context, object *T, o metav1.UpdateOptions) (*T, error)
}

// changed changes an object and returns what puts its content back.
func changed[T any](t *testing.T, cluster, namespace, name string, of func(*mesh.Cluster, string) client[T], change func(*T)) func() {
	t.Helper()
	objects := of(open(t, cluster)[0], namespace)
	update := func(ctx context.Context, change func(*T)) {
		object, err := objects.Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			change(object)
			_, err = objects.Update(ctx, object, metav1.UpdateOptions{})
		}
		if err != nil {
			t.Fatalf("%s of %s: %v", name, cluster, err)
		}
	}
	before := must[*T](t)(objects.Get(t.Context(), name, metav1.GetOptions{}))
	update(t.Context(), change)
	ctx := context.WithoutCancel(t.Context())
	return func() { update(ctx, func(object *T) { restore(object, before) }) }
}

// restore puts the data back; the rest is the API server's.
func restore(object, before any) {
	switch o := object.(type) {
	case *corev1.ConfigMap:
		o.Data = before.(*corev1.ConfigMap).Data
	case *corev1.Secret:
		o.Data = before.(*corev1.Secret).Data
	}
}

// portNames makes a global service whose port has another name in aks-2.
func portNames(t *testing.T) func() {
	t.Helper()
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	for _, c := range clusters {
		name := "http"
		if c.Context == "aks-2" {
			name = "web"
		}
		service := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "ports", Annotations: map[string]string{mesh.AnnotationGlobal: "true"}},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "aks-helloworld"}, Ports: []corev1.ServicePort{{Name: name, Port: 80}}},
		}
		must[*corev1.Service](t)(c.Client.CoreV1().Services(metav1.NamespaceDefault).Create(t.Context(), service, metav1.CreateOptions{}))
	}
	ctx := context.WithoutCancel(t.Context())
	return func() {
		for _, c := range clusters {
			if err := c.Client.CoreV1().Services(metav1.NamespaceDefault).Delete(ctx, "ports", metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		}
	}
}

// otherCA gives aks-3 the certificate authority of nobody: new, and of its own.
func otherCA(t *testing.T) func() {
	t.Helper()
	pair := must[pki.Pair](t)(pki.NewCA(time.Now()))
	return changed(t, "aks-3", mesh.Namespace, "cilium-ca", secrets, func(s *corev1.Secret) {
		s.Data["ca.crt"], s.Data["ca.key"] = pair.Cert, pair.Key
	})
}

// forget makes one cluster not know another any more.
func forget(cluster, other string) func(*testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		return changed(t, cluster, mesh.Namespace, "cilium-kvstoremesh", secrets, func(s *corev1.Secret) {
			for key := range s.Data {
				if strings.HasPrefix(key, other) {
					delete(s.Data, key)
				}
			}
		})
	}
}
