package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func TestIdentities(t *testing.T) {
	dir := t.TempDir()
	const c = shape.Cluster(2)
	if err := makeIdentities(c, dir); err != nil {
		t.Fatal(err)
	}
	ca, err := loadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.parsed)
	server, err := tls.LoadX509KeyPair(filepath.Join(dir, "apiserver.crt"), filepath.Join(dir, "apiserver.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"aks-2-lab.hcp.westeurope.azmk8s.io", "127.0.0.1", "10.240.0.12", "10.0.0.1", "kubernetes.default.svc"} {
		if _, err := server.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	if _, err := server.Leaf.Verify(x509.VerifyOptions{DNSName: "10.240.0.13", Roots: roots}); err == nil {
		t.Error("the certificate also holds for another cluster's address")
	}
}

func TestIdentitiesAreKept(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if err := makeIdentities(1, dir); err != nil {
			t.Fatal(err)
		}
	}
	first, err := loadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := makeIdentities(1, dir); err != nil {
		t.Fatal(err)
	}
	again, err := loadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !first.parsed.Equal(again.parsed) {
		t.Error("a second call made a new authority")
	}
}

func TestNodeIdentity(t *testing.T) {
	dir := t.TempDir()
	if err := makeIdentities(1, dir); err != nil {
		t.Fatal(err)
	}
	n := shape.Node{Cluster: 1, Index: 2}
	id, err := NodeIdentity(n, dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := tls.X509KeyPair(id.Cert, id.Key)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{p.Leaf.Subject.CommonName, p.Leaf.Subject.Organization[0], p.Leaf.IPAddresses[0].String()}
	want := []string{"system:node:aks-nodepool1-57738148-vmss000001", "system:nodes", "10.240.1.11"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(id.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://aks-1-lab.hcp.westeurope.azmk8s.io:443"; config.Host != want {
		t.Errorf("server %s, want %s", config.Host, want)
	}
}

// People must never be led anywhere but to loopback.
func TestMergeKubeconfigs(t *testing.T) {
	var dirs []string
	for _, c := range []shape.Cluster{1, 2} {
		dir := t.TempDir()
		if err := makeIdentities(c, dir); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := MergeKubeconfigs(file, dirs); err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, context := range config.Contexts {
		got[name] = config.Clusters[context.Cluster].Server
	}
	want := map[string]string{"aks-1": "https://127.0.0.1:6441", "aks-2": "https://127.0.0.1:6442"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
