package export

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/charttest"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

func joined(t *testing.T, d *join.Draft, a Azure) *Set {
	t.Helper()
	set, err := Join(d, a)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Two bare clusters with fixed addresses: all is known.
func TestJoinBare(t *testing.T) {
	d := drafted(t, join.Wish{
		MeshIPs:    map[string]netip.Addr{"aks-1": netip.MustParseAddr("10.241.0.200"), "aks-2": netip.MustParseAddr("10.242.0.200")},
		Encryption: "ipsec",
	}, bare("aks-1", "1"), bare("aks-2", "2"))
	goldenSet(t, "bare", joined(t, d, Azure{Versions: map[string]string{"aks-1": "2025-10-02-preview"}}))
}

// A member with an address, owned by a GitOps controller, and a cluster that
// Azure was not asked about, with odd context names and a secret value.
func TestJoinIncomplete(t *testing.T) {
	one, two := bare("arn:aws:x/one", "1"), bare("user@two's", "2")
	one.KubeProxy, one.Azure.KubeProxy = &mesh.KubeProxy{}, "disabled"
	one.Config = &mesh.Config{
		ClusterName: "one", ClusterID: 1, MaxConnectedClusters: 255, PodCIDRs: []string{"100.64.0.0/16"}, RoutingMode: "tunnel",
		TunnelProtocol: "vxlan", TunnelPort: 8472, IPv4: true, Encryption: "none",
	}
	one.Release = &mesh.Release{
		Name: "cilium", Namespace: "kube-system", Status: "deployed", ChartVersion: "1.20.1", Owner: "Flux HelmRelease kube-system/cilium",
		Values: map[string]any{"clustermesh": map[string]any{"apiserver": map[string]any{"tls": map[string]any{"auto": map[string]any{"method": "cronJob"}}}}},
	}
	one.CA = &mesh.CA{Cert: mesh.Cert{Fingerprint: "shared"}, KeyMatches: true}
	one.Service = &mesh.Service{
		Type: "LoadBalancer", Addresses: []string{"10.241.0.100"}, Port: cilium.MeshPort,
		Annotations: map[string]string{values.AnnotationInternal: "true"},
	}
	two.Azure = nil
	d := drafted(t, join.Wish{Values: map[string]map[string]any{"": {"hubble": map[string]any{"ui": map[string]any{"password": "open-sesame"}}}}}, one, two)
	set := joined(t, d, Azure{})
	goldenSet(t, "incomplete", set)
	for path, text := range contents(set) {
		if strings.Contains(text, "open-sesame") {
			t.Errorf("%s tells a secret", path)
		}
	}
}

func TestJoinRefuses(t *testing.T) {
	_, err := Join(drafted(t, join.Wish{ClusterNames: map[string]string{"a/b": "one"}}, bare("a/b", "1"), bare("A:b", "2")), Azure{})
	if want := `contexts "a/b" and "A:b" would share the folder A-b: rename one of them with kubectl config rename-context`; err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}

func TestFolder(t *testing.T) {
	for context, want := range map[string]string{
		"aks-1": "aks-1", "../../etc": "etc", "a/b": "a-b", "..": "cluster", "": "cluster", "-rf": "rf", `c:\x`: "c--x", "ü": "cluster", ".git": "git", "a b": "a-b",
	} {
		if got := Folder(context); got != want {
			t.Errorf("Folder(%q) = %q, want %q", context, got, want)
		}
	}
}

// TestValuesRender: the chart that is built in takes the values that are written.
func TestValuesRender(t *testing.T) {
	d := drafted(t, join.Wish{}, bare("aks-1", "1"), bare("aks-2", "2")) // no address is known
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal([]byte(contents(joined(t, d, Azure{}))["aks-1/mesh/values.yaml"]), &values); err != nil {
		t.Fatal(err)
	}
	manifest, err := release.Render(t.Context(), charttest.Cilium(t), values, release.RenderOptions{
		Namespace: cilium.Namespace, KubeVersion: "v1.37.1", Secrets: []*corev1.Secret{pki.Secret(cilium.Namespace, pair)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(manifest, "name: clustermesh-apiserver") || !strings.Contains(manifest, "cluster-name: \"aks-1\"") {
		t.Error("the manifest has no mesh")
	}
}

// TestFilesWork has kustomize build the objects and a shell read the script, of
// every golden set.
func TestFilesWork(t *testing.T) {
	built := 0
	for _, pattern := range []string{"*/*/mesh", "*/*/services/*/*"} {
		folders, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			if _, err := os.Stat(filepath.Join(folder, "kustomization.yaml")); err == nil {
				built++
				kustomizes(t, folder)
			}
			script := filepath.Join(folder, "azure.sh")
			if _, err := os.Stat(script); err != nil {
				continue
			}
			if out, err := exec.CommandContext(t.Context(), "sh", "-n", script).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", script, err, out)
			}
		}
	}
	if built < 4 {
		t.Errorf("%d folders were built", built)
	}
}

// kustomizes builds a folder as "kubectl apply -k" does. A component is taken
// into kustomizations that have the Service.
func kustomizes(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "kind: Component") {
		if len(kustomized(t, folder)) == 0 {
			t.Errorf("%s has no objects", folder)
		}
		return
	}
	for name, app := range map[string]struct{ namespace, kustomization string }{
		"the Service has its namespace":         {"namespace: shop", ""},
		"the kustomization has it":              {"", "namespace: shop"},
		"the kustomization has another":         {"namespace: shop", "namespace: shop-staging"},
		"whoever applies it says the namespace": {"", ""},
	} {
		at := t.TempDir()
		if err := os.CopyFS(filepath.Join(at, "part"), os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
		service := "apiVersion: v1\nkind: Service\nmetadata:\n  name: %s\n  annotations: {service.cilium.io/affinity: local, other: kept}\n  " + app.namespace + "\n"
		put(t, filepath.Join(at, "web.yaml"), fmt.Sprintf(service, "web")+"---\n"+fmt.Sprintf(service, "web-admin"))
		put(t, filepath.Join(at, "kustomization.yaml"), "resources: [web.yaml]\ncomponents: [part]\n"+app.kustomization+"\n")
		for _, info := range kustomized(t, at) {
			got := info.Object.(interface{ GetAnnotations() map[string]string }).GetAnnotations()
			meant := got["service.cilium.io/global"] == "true" && got["service.cilium.io/affinity"] == ""
			if meant != (info.Name == "web") || got["other"] != "kept" {
				t.Errorf("%s: %s: annotations of %s are %v", folder, name, info.Name, got)
			}
		}
	}
}

func kustomized(t *testing.T, folder string) []*resource.Info {
	t.Helper()
	infos, err := resource.NewLocalBuilder().Unstructured().Local().FilenameParam(false, &resource.FilenameOptions{Kustomize: folder}).Flatten().Do().Infos()
	if err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	return infos
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
