package release

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/charttest"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	namespace   = "kube-system"
	kubeVersion = "v1.37.1"
)

// wish is that of a bare AKS cluster that joins a mesh of three.
func wish() values.Wish {
	return values.Wish{
		ChartVersion:         "1.20.1",
		ClusterName:          "aks-1",
		ClusterID:            1,
		MaxConnectedClusters: 255,
		AKS:                  true,
		PodCIDRs:             []string{"10.161.0.0/16"},
		PodCIDRMaskSize:      24,
		APIServerHost:        "aks-1.example.azmk8s.io",
		APIServerPort:        443,
		KubeProxyReplacement: true,
		Encapsulation:        values.VXLAN,
		Encryption:           values.NoEncryption,
		Peers: []mesh.Peer{
			{Name: "aks-1", Addresses: []string{"10.1.0.10"}, Port: 2379},
			{Name: "aks-2", Addresses: []string{"10.2.0.10"}, Port: 2379},
			{Name: "aks-3", Addresses: []string{"mesh.aks-3.example"}, Port: 2379},
		},
	}
}

// objects of a manifest by "Kind/name".
func parse(t *testing.T, manifest string) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for _, doc := range strings.Split(manifest, "\n---") {
		object := map[string]any{}
		if err := yaml.Unmarshal([]byte(doc), &object); err != nil {
			t.Fatalf("manifest is not YAML: %v", err)
		}
		if len(object) == 0 {
			continue
		}
		meta := object["metadata"].(map[string]any)
		all[fmt.Sprintf("%s/%s", object["kind"], meta["name"])] = object
	}
	return all
}

func renderWish(t *testing.T, w values.Wish, secrets ...*corev1.Secret) map[string]map[string]any {
	t.Helper()
	v, err := values.For(w)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := Render(t.Context(), charttest.Cilium(t), v, RenderOptions{Namespace: namespace, KubeVersion: kubeVersion, Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, manifest)
}

func configOf(t *testing.T, objects map[string]map[string]any) (*mesh.Config, map[string]string) {
	t.Helper()
	data := map[string]string{}
	for key, value := range objects["ConfigMap/cilium-config"]["data"].(map[string]any) {
		data[key] = fmt.Sprint(value)
	}
	c, err := config.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	c.Raw = nil
	return c, data
}

func TestRenderedConfigIsTheWish(t *testing.T) {
	base := mesh.Config{
		ClusterName: "aks-1", ClusterID: 1, MaxConnectedClusters: 255,
		PodCIDRs: []string{"10.161.0.0/16"}, PodCIDRMaskSize: 24,
		RoutingMode: "tunnel", TunnelProtocol: "vxlan", TunnelPort: 8472,
		KubeProxyReplacement: true, IPv4: true, Encryption: "none",
	}
	ca := newCA(t)
	for name, test := range map[string]struct {
		change func(*values.Wish)
		want   func(*mesh.Config)
		raw    map[string]string
	}{
		"vxlan": {raw: map[string]string{"ipam": "cluster-pool", "default-lb-service-ipam": "none"}},
		"geneve": {
			change: func(w *values.Wish) { w.Encapsulation = values.Geneve },
			want:   func(c *mesh.Config) { c.TunnelProtocol, c.TunnelPort = "geneve", 6081 },
		},
		"native": {
			change: func(w *values.Wish) {
				w.Encapsulation, w.NativeRoutingCIDR = values.Native, "10.160.0.0/11"
			},
			want: func(c *mesh.Config) { c.RoutingMode, c.TunnelProtocol, c.TunnelPort = "native", "", 0 },
			raw:  map[string]string{"ipam": "cluster-pool", "ipv4-native-routing-cidr": "10.160.0.0/11"},
		},
		"wireguard and mtu": {
			change: func(w *values.Wish) { w.Encryption, w.MTU = values.WireGuard, 1400 },
			want:   func(c *mesh.Config) { c.Encryption, c.MTU = "wireguard", 1400 },
		},
		"ipsec": {
			change: func(w *values.Wish) { w.Encryption = values.IPsec },
			want:   func(c *mesh.Config) { c.Encryption = "ipsec" },
		},
		"511 clusters": {
			change: func(w *values.Wish) { w.MaxConnectedClusters, w.ClusterID = 511, 400 },
			want:   func(c *mesh.Config) { c.MaxConnectedClusters, c.ClusterID = 511, 400 },
		},
		"two families": {
			change: func(w *values.Wish) { w.PodCIDRs = []string{"fd00:161::/104", "10.161.0.0/16"} },
			want: func(c *mesh.Config) {
				c.IPv6, c.PodCIDRs = true, []string{"10.161.0.0/16", "fd00:161::/104"}
			},
		},
		"cilium's own load balancers": {
			change: func(w *values.Wish) { w.LBIPAM = true },
			raw:    map[string]string{"default-lb-service-ipam": "lbipam"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, want := wish(), base
			if test.change != nil {
				test.change(&w)
			}
			if test.want != nil {
				test.want(&want)
			}
			w.TLSMethod = values.MethodProvided // RSA keys take their time
			got, raw := configOf(t, renderWish(t, w, ca))
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("cilium-config (-want +got):\n%s", diff)
			}
			for key, value := range test.raw {
				if raw[key] != value {
					t.Errorf("%s is %q, want %q", key, raw[key], value)
				}
			}
		})
	}
}

// The trap that hangs for ever: the Deployment mounts a ConfigMap that is only
// made together with clustermesh.config.enabled.
func TestRenderedMeshIsComplete(t *testing.T) {
	objects := renderWish(t, wish())
	for _, want := range []string{
		"DaemonSet/cilium", "Deployment/clustermesh-apiserver", "Service/clustermesh-apiserver",
		"ConfigMap/clustermesh-remote-users", "Secret/cilium-kvstoremesh", "Secret/cilium-clustermesh",
		"Secret/cilium-ca", "Secret/clustermesh-apiserver-server-cert",
	} {
		if objects[want] == nil {
			t.Errorf("%s is missing", want)
		}
	}
	service := objects["Service/clustermesh-apiserver"]
	annotations, _ := service["metadata"].(map[string]any)["annotations"].(map[string]any)
	if annotations[values.AnnotationInternal] != "true" {
		t.Errorf("the mesh's Service would be public: annotations %v", annotations)
	}
	if kind := service["spec"].(map[string]any)["type"]; kind != "LoadBalancer" {
		t.Errorf("the mesh's Service has type %v", kind)
	}
	text := fmt.Sprint(objects["Deployment/clustermesh-apiserver"])
	if strings.Contains(text, "hostAliases") {
		t.Error("clustermesh-apiserver has host aliases: each new member would restart it")
	}
	for _, object := range objects {
		if kind := object["kind"]; kind == "Job" || kind == "CronJob" {
			t.Errorf("method helm needs no %v", kind)
		}
	}
}

// A new member must change nothing in the pods' templates of the others.
func TestNewMemberRestartsNothing(t *testing.T) {
	ca := newCA(t)
	before := renderWish(t, wish(), ca)
	w := wish()
	w.Peers = append(w.Peers, mesh.Peer{Name: "aks-4", Addresses: []string{"10.4.0.10"}, Port: 2379})
	after := renderWish(t, w, ca)
	for name, object := range before {
		if kind := object["kind"]; kind != "DaemonSet" && kind != "Deployment" {
			continue
		}
		if diff := cmp.Diff(object["spec"], after[name]["spec"]); diff != "" {
			t.Errorf("%s changes with a new member (-before +after):\n%s", name, diff)
		}
	}
	if cmp.Equal(before["Secret/cilium-kvstoremesh"], after["Secret/cilium-kvstoremesh"]) {
		t.Error("the new member is not dialled")
	}
}

func newCA(t *testing.T) *corev1.Secret {
	t.Helper()
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return pki.Secret(namespace, pair)
}

// The chart must take our CA from the cluster, keep it, and sign with it.
func TestChartSignsWithOurCA(t *testing.T) {
	secret := newCA(t)
	objects := renderWish(t, wish(), secret)
	if got := decoded(t, objects, "Secret/cilium-ca", "ca.crt"); string(got) != string(secret.Data["ca.crt"]) {
		t.Error("the chart makes a CA of its own")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(secret.Data["ca.crt"])
	for _, name := range []string{
		"clustermesh-apiserver-server-cert", "clustermesh-apiserver-admin-cert",
		"clustermesh-apiserver-remote-cert", "clustermesh-apiserver-local-cert", "hubble-server-certs",
	} {
		pair, err := tls.X509KeyPair(decoded(t, objects, "Secret/"+name, "tls.crt"), decoded(t, objects, "Secret/"+name, "tls.key"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		usage := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: usage}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	server, err := tls.X509KeyPair(
		decoded(t, objects, "Secret/clustermesh-apiserver-server-cert", "tls.crt"),
		decoded(t, objects, "Secret/clustermesh-apiserver-server-cert", "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Leaf.VerifyHostname("aks-2.mesh.cilium.io"); err != nil {
		t.Errorf("peers could not dial by the chart's name: %v", err)
	}
}

// While a mesh moves to another CA, everything trusts both.
func TestTrustBundleReachesEverySecret(t *testing.T) {
	ours, theirs := newCA(t), newCA(t)
	bundle, err := pki.Trust(ours.Data["ca.crt"], theirs.Data["ca.crt"])
	if err != nil {
		t.Fatal(err)
	}
	w := wish()
	w.TrustBundle = bundle
	objects := renderWish(t, w, ours)
	got := objects["ConfigMap/cilium-root-ca.crt"]["data"].(map[string]any)["ca.crt"].(string)
	if !strings.Contains(got, strings.TrimSpace(string(bundle))) {
		t.Errorf("bundle in the cluster:\n%s\nwant:\n%s", got, bundle)
	}
	if !strings.Contains(fmt.Sprint(objects["Deployment/clustermesh-apiserver"]), "cilium-root-ca.crt") {
		t.Error("clustermesh-apiserver does not mount the bundle")
	}
}

func TestRenderRefusesPlainly(t *testing.T) {
	v, err := values.For(wish())
	if err != nil {
		t.Fatal(err)
	}
	v["routingMode"] = "native" // with aksbyocni
	_, err = Render(t.Context(), charttest.Cilium(t), v, RenderOptions{Namespace: namespace, KubeVersion: kubeVersion})
	if err == nil || !strings.Contains(err.Error(), "RoutingMode must be set to tunnel") {
		t.Errorf("error %v", err)
	}
}

func decoded(t *testing.T, objects map[string]map[string]any, object, key string) []byte {
	t.Helper()
	data, ok := objects[object]["data"].(map[string]any)
	if !ok {
		t.Fatalf("%s is missing", object)
	}
	value, err := base64.StdEncoding.DecodeString(fmt.Sprint(data[key]))
	if err != nil {
		t.Fatalf("%s, %s: %v", object, key, err)
	}
	return value
}
