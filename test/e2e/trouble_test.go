//go:build e2e

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// azureFault changes what the simulated Azure shows of the network from aks-1
// to aks-2.
func azureFault(kind string, args ...string) func(*testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		if err := lab.Run(t.Context(), append([]string{"azure", "break", kind, "--from", "aks-1", "--to", "aks-2"}, args...)...); err != nil {
			t.Fatal(err)
		}
		ctx := context.WithoutCancel(t.Context())
		return func() {
			if err := lab.Run(ctx, "azure", "mend"); err != nil {
				t.Error(err)
			}
		}
	}
}

// serverCert gives aks-2's mesh API server a certificate of the mesh's own CA
// that ends so long from now; 0 is one that has ended, a second after it began.
func serverCert(left time.Duration) func(*testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		ca := must[*corev1.Secret](t)(open(t, "aks-2")[0].Client.CoreV1().Secrets(mesh.Namespace).Get(t.Context(), cilium.CASecret, metav1.GetOptions{}))
		cert, key := signed(t, ca.Data["ca.crt"], ca.Data["ca.key"], left)
		return changed(t, "aks-2", mesh.Namespace, "clustermesh-apiserver-server-cert", secrets, func(s *corev1.Secret) {
			s.Data["tls.crt"], s.Data["tls.key"] = cert, key
		})
	}
}

func signed(t *testing.T, caCert, caKey []byte, left time.Duration) (cert, key []byte) {
	t.Helper()
	certBlock, _ := pem.Decode(caCert)
	keyBlock, _ := pem.Decode(caKey)
	authority := must[*x509.Certificate](t)(x509.ParseCertificate(certBlock.Bytes))
	signer, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(left)
	if left == 0 {
		until = authority.NotBefore.Add(time.Second)
	}
	own := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clustermesh-apiserver.cilium.io"},
		DNSNames:  []string{"clustermesh-apiserver.cilium.io", "*.mesh.cilium.io", "clustermesh-apiserver.kube-system.svc"},
		NotBefore: authority.NotBefore, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, authority, &own.PublicKey, signer))
	ownDER := must[[]byte](t)(x509.MarshalECPrivateKey(own))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: ownDER})
}

// otherAddress makes aks-3's mesh Service anew, with another address than its
// peers know.
func otherAddress(t *testing.T) func() {
	t.Helper()
	c := open(t, "aks-3")[0]
	service := must[*corev1.Service](t)(c.Client.CoreV1().Services(mesh.Namespace).Get(t.Context(), cilium.MeshService, metav1.GetOptions{}))
	address := service.Status.LoadBalancer.Ingress[0].IP
	remake(t, t.Context(), c, service, "10.240.3.150")
	ctx := context.WithoutCancel(t.Context())
	return func() { remake(t, ctx, c, service, address) }
}

func remake(t *testing.T, ctx context.Context, c *mesh.Cluster, like *corev1.Service, address string) {
	t.Helper()
	services := c.Client.CoreV1().Services(mesh.Namespace)
	if err := services.Delete(ctx, like.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	again := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: like.Name, Labels: like.Labels, Annotations: map[string]string{}}, Spec: like.Spec}
	for key, value := range like.Annotations {
		again.Annotations[key] = value
	}
	again.Annotations["service.beta.kubernetes.io/azure-load-balancer-ipv4"] = address
	again.Spec.ClusterIP, again.Spec.ClusterIPs = "", nil
	for i := range again.Spec.Ports {
		again.Spec.Ports[i].NodePort = 0
	}
	err := wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		got, err := services.Get(ctx, like.Name, metav1.GetOptions{})
		if err != nil {
			_, err = services.Create(ctx, again, metav1.CreateOptions{})
			return false, err
		}
		return len(got.Status.LoadBalancer.Ingress) > 0 && got.Status.LoadBalancer.Ingress[0].IP == address, nil
	})
	if err != nil {
		t.Fatalf("Service %s does not come back with %s: %v", like.Name, address, err)
	}
}

// crash lets a new clustermesh-apiserver of aks-2 end as soon as it starts.
// The old one stays, as the new one never gets ready.
func crash(t *testing.T) func() {
	t.Helper()
	deployments := open(t, "aks-2")[0].Client.AppsV1().Deployments(mesh.Namespace)
	before := must[*appsv1.Deployment](t)(deployments.Get(t.Context(), cilium.MeshDeployment, metav1.GetOptions{}))
	patch := []byte(`{"spec": {"template": {"spec": {"containers": [{"name": "kvstoremesh", "args": ["kvstoremesh", "--no-such-flag"]}]}}}}`)
	must[*appsv1.Deployment](t)(deployments.Patch(t.Context(), cilium.MeshDeployment, types.StrategicMergePatchType, patch, metav1.PatchOptions{}))
	ctx := context.WithoutCancel(t.Context())
	return func() {
		now, err := deployments.Get(ctx, cilium.MeshDeployment, metav1.GetOptions{})
		if err == nil {
			now.Spec = before.Spec
			_, err = deployments.Update(ctx, now, metav1.UpdateOptions{})
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// leftover makes aks-1 know a cluster that is no more.
func leftover(t *testing.T) func() {
	t.Helper()
	return changed(t, "aks-1", mesh.Namespace, cilium.KVStorePeerSecret, secrets, func(s *corev1.Secret) {
		s.Data["aks-9"] = []byte("endpoints:\n- https://aks-9.mesh.cilium.io:2379\ntrusted-ca-file: /var/lib/cilium/clustermesh/common-etcd-client-ca.crt\nkey-file: /var/lib/cilium/clustermesh/common-etcd-client.key\ncert-file: /var/lib/cilium/clustermesh/common-etcd-client.crt\n")
	})
}
