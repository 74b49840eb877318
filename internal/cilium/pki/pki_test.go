package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func day() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func newPair(t *testing.T) Pair {
	t.Helper()
	pair, err := NewCA(day())
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestNewCA(t *testing.T) {
	secret := Secret("kube-system", newPair(t))
	ca, err := Inspect(secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(ca.SubjectKey) != 40 || len(ca.Fingerprint) != 64 {
		t.Errorf("subject key %q, fingerprint %q", ca.SubjectKey, ca.Fingerprint)
	}
	want := mesh.CA{
		Cert: mesh.Cert{
			Secret: "cilium-ca", Subject: "CN=Cilium CA", Issuer: "CN=Cilium CA",
			Fingerprint: ca.Fingerprint, SubjectKey: ca.SubjectKey, AuthorityID: ca.AuthorityID,
			NotBefore: day().Add(-5 * time.Minute), NotAfter: day().Add(CALife),
			Algorithm: "ECDSA P-256", IsCA: true, SignedByCA: true,
		},
		HelmOwned: true, KeyMatches: true, Trusted: []string{ca.Fingerprint},
	}
	if diff := cmp.Diff(&want, ca); diff != "" {
		t.Errorf("CA (-want +got):\n%s", diff)
	}
}

// Secrets of other makers: cert-manager's keys, a CA without a subject key id,
// no Helm metadata, another key.
func TestInspectForeignCA(t *testing.T) {
	pair, other := newPair(t), newPair(t)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "cilium-ca", Namespace: "kube-system"},
		Data:       map[string][]byte{"tls.crt": pair.Cert, "tls.key": other.Key},
	}
	ca, err := Inspect(secret, other.Cert)
	if err != nil {
		t.Fatal(err)
	}
	if ca.HelmOwned || ca.KeyMatches || len(ca.Trusted) != 2 {
		t.Errorf("CA %+v", ca)
	}
	if _, err := Inspect(&corev1.Secret{}, nil); err == nil {
		t.Error("an empty secret is no CA")
	}
}

func TestFromSecretCopiesTheCA(t *testing.T) {
	pair := newPair(t)
	got, err := FromSecret(Secret("kube-system", pair))
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Cert) != string(pair.Cert) || string(got.Key) != string(pair.Key) {
		t.Error("copied CA differs")
	}
	if _, err := FromSecret(&corev1.Secret{}); err == nil {
		t.Error("an empty secret has no CA")
	}
}

func TestPairNeverShowsItsKey(t *testing.T) {
	pair := newPair(t)
	for _, text := range []string{fmt.Sprint(pair), fmt.Sprintf("%v %+v %#v %s", pair, pair, pair, pair)} {
		if strings.Contains(text, "PRIVATE") || strings.Contains(text, "45 45") {
			t.Errorf("prints as %s", text)
		}
	}
	if data, err := json.Marshal(pair); err == nil {
		t.Errorf("is written as %s", data)
	}
}

// Two certificates of one key are the same CA; two without a subject key id
// are not.
func TestSameCA(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first, renewed := selfSigned(t, key, 1), selfSigned(t, key, 2)
	key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stranger := selfSigned(t, key, 1)
	for name, test := range map[string]struct {
		other []byte
		want  bool
	}{"renewed": {renewed, true}, "stranger": {stranger, false}} {
		if got, err := SameCA(first, test.other); err != nil || got != test.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := SameCA(first, []byte("nothing")); err == nil {
		t.Error("nothing is no CA")
	}
}

// selfSigned makes a certificate that has no subject key id: not a CA, so that
// crypto/x509 does not add one.
func selfSigned(t *testing.T, key *ecdsa.PrivateKey, serial int64) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "x"},
		NotBefore: day(), NotAfter: day().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestTrust(t *testing.T) {
	a, b := newPair(t), newPair(t)
	one, err := Trust(a.Cert, b.Cert, a.Cert)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Trust(append(b.Cert, a.Key...), a.Cert)
	if err != nil {
		t.Fatal(err)
	}
	if string(one) != string(two) {
		t.Error("a bundle depends on the order or keeps duplicates")
	}
	if strings.Count(string(one), "BEGIN") != 2 || strings.Contains(string(one), "PRIVATE") {
		t.Errorf("bundle:\n%s", one)
	}
	if _, err := Trust(a.Cert, nil); err == nil {
		t.Error("an empty CA is taken")
	}
}

func TestMeshCerts(t *testing.T) {
	ca, other := newPair(t), newPair(t)
	secrets := []corev1.Secret{
		leaf(t, "hubble-server-certs", other, "*.aks-1.hubble-grpc.cilium.io"),
		leaf(t, "clustermesh-apiserver-server-cert", ca, "*.mesh.cilium.io"),
		{ObjectMeta: metav1.ObjectMeta{Name: "clustermesh-apiserver-remote-cert", Namespace: "kube-system"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "some-app"}},
	}
	certs, err := MeshCerts(secrets, ca.Cert)
	if err == nil || !strings.Contains(err.Error(), "clustermesh-apiserver-remote-cert") {
		t.Errorf("error %v", err)
	}
	got := map[string]bool{}
	for _, cert := range certs {
		got[cert.Secret] = cert.SignedByCA
	}
	want := map[string]bool{"clustermesh-apiserver-server-cert": true, "hubble-server-certs": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signed by the CA (-want +got):\n%s", diff)
	}
	if certs[0].SANs[0] != "*.mesh.cilium.io" || certs[0].Issuer != "CN=Cilium CA" {
		t.Errorf("facts %+v", certs[0])
	}
}

func leaf(t *testing.T, secret string, ca Pair, name string) corev1.Secret {
	t.Helper()
	parent, err := firstCert(ca.Cert)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(ca.Key)
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "x"}, DNSNames: []string{name},
		NotBefore: day(), NotAfter: day().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: secret, Namespace: "kube-system"},
		Data:       map[string][]byte{"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})},
	}
}

func TestIPsecKey(t *testing.T) {
	secret := IPsecSecret("kube-system", NewIPsecKey())
	fields := strings.Fields(string(secret.Data["keys"]))
	if len(fields) != 4 || fields[0] != "3+" || len(fields[2]) != 40 || fields[3] != "128" {
		t.Errorf("key has fields of %d, %s %s", len(fields), fields[0], fields[1])
	}
	got, err := InspectIPsecKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	want := &mesh.IPsecKey{SPI: "3+", Algorithm: "rfc4106(gcm(aes))", Fingerprint: got.Fingerprint, HelmOwned: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if string(NewIPsecKey()) == string(secret.Data["keys"]) {
		t.Error("two keys are equal")
	}
}

func TestInspectIPsecKeyHidesTheKey(t *testing.T) {
	for _, value := range []string{
		"", "deadbeef", "16+ rfc4106(gcm(aes)) deadbeef 128", "deadbeef rfc4106(gcm(aes)) x 128", "3 deadbeef deadbeef 128",
	} {
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: cilium.IPsecSecret, Namespace: "kube-system"},
			Data:       map[string][]byte{"keys": []byte(value)},
		}
		_, err := InspectIPsecKey(secret)
		if err == nil || strings.Contains(err.Error(), "deadbeef") {
			t.Errorf("%q gives error %v", value, err)
		}
	}
}
