// Package pki makes and reads what the clusters of a mesh trust each other
// by: the CA in Secret cilium-ca, the certificates that it signed, and the
// keys of IPsec. Private keys leave it only inside a Secret.
package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// CALife is how long a new CA is valid. The chart's own CAs live 1095 days,
// and certgen of Cilium 1.20 refuses to sign once the CA would end before the
// certificate, so a CA of that age stops renewals after two years.
const CALife = 10 * 365 * 24 * time.Hour

// backdate is how far a new CA's validity reaches into the past, so that
// nodes whose clock runs behind accept it.
const backdate = 5 * time.Minute

// Keys of Secret cilium-ca's data.
const (
	certKey = "ca.crt"
	keyKey  = "ca.key"
)

// Pair is a CA's certificate and private key, both PEM. It prints as nothing
// but its kind, so that no log or error can show the key.
type Pair struct {
	Cert []byte
	Key  []byte
}

const hidden = "pki.Pair{…}"

// String hides the key.
func (Pair) String() string { return hidden }

// GoString hides the key.
func (Pair) GoString() string { return hidden }

// MarshalJSON refuses: a Pair belongs into a Secret and nowhere else.
func (Pair) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a CA's private key is never written out")
}

// NewCA makes a CA like the chart's genCA does, but with an ECDSA P-256 key,
// a subject key id, and [CALife].
func NewCA(now time.Time) (Pair, error) {
	// crypto/rand is not a parameter: ecdsa and x509 use it whatever they are given.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("making a key for the CA: %w", err)
	}
	serial := make([]byte, 16)
	rand.Read(serial)
	serial[0] = serial[0]&0x7f | 0x40 // positive, and never zero
	ski, err := keyID(key.Public())
	if err != nil {
		return Pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               pkix.Name{CommonName: "Cilium CA"},
		NotBefore:             now.Add(-backdate).UTC(),
		NotAfter:              now.Add(CALife).UTC(),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		SubjectKeyId:          ski,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Pair{}, fmt.Errorf("signing the CA: %w", err)
	}
	// "EC PRIVATE KEY" is what the chart's template functions and certgen
	// write themselves for such keys; both also read PKCS #8.
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encoding the CA's key: %w", err)
	}
	return Pair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

// Secret makes Secret cilium-ca with the metadata by which the chart's release
// in namespace adopts it.
func Secret(namespace string, pair Pair) *corev1.Secret {
	return adoptable(namespace, cilium.CASecret, map[string][]byte{certKey: pair.Cert, keyKey: pair.Key})
}

// NextSecret makes the Secret that holds the CA of a rotation until all
// clusters have it. No release adopts it.
func NextSecret(namespace string, pair Pair) *corev1.Secret {
	secret := adoptable(namespace, cilium.NextCASecret, map[string][]byte{certKey: pair.Cert, keyKey: pair.Key})
	secret.Labels, secret.Annotations = map[string]string{"app.kubernetes.io/managed-by": cilium.FieldManager}, nil
	return secret
}

// FromSecret takes the CA out of Secret cilium-ca, to copy it to another
// cluster.
func FromSecret(secret *corev1.Secret) (Pair, error) {
	pair := Pair{Cert: secret.Data[certKey], Key: secret.Data[keyKey]}
	if len(pair.Cert) == 0 || len(pair.Key) == 0 {
		return Pair{}, fmt.Errorf("secret %s/%s lacks %s or %s", secret.Namespace, secret.Name, certKey, keyKey)
	}
	return pair, nil
}

// adoptable makes a Secret that the release cilium of namespace adopts.
func adoptable(namespace, name string, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Namespace:   namespace,
			Labels:      cilium.HelmLabels(),
			Annotations: cilium.HelmAnnotations(namespace),
		},
		Type: corev1.SecretTypeOpaque,
		Data: data,
	}
}

// SameCA says whether two CAs, each PEM, have the same public key: then each
// accepts what the other signed, even after one was renewed. Subject key ids
// are not compared; a CA may lack one.
func SameCA(a, b []byte) (bool, error) {
	certA, err := firstCert(a)
	if err != nil {
		return false, err
	}
	certB, err := firstCert(b)
	if err != nil {
		return false, err
	}
	return bytes.Equal(certA.RawSubjectPublicKeyInfo, certB.RawSubjectPublicKeyInfo), nil
}

// keyID is RFC 7093's method 1 for a subject key id: the leftmost 160 bits of
// the SHA-256 of the public key.
func keyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encoding the CA's public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return sum[:20], nil
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
