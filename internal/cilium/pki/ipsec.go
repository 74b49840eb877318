package pki

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// ipsecDataKey is the key of Secret cilium-ipsec-keys's data that the chart
// mounts (encryption.ipsec.keyFile).
const ipsecDataKey = "keys"

// maxSPI is the highest key id that Cilium takes.
const maxSPI = 15

// gcmKeyBytes is the length of an AES-128-GCM key with its 4 bytes of salt.
const gcmKeyBytes = 20

// NewIPsecKey makes what Secret cilium-ipsec-keys holds, in the form that
// Cilium's documentation gives: "3+ rfc4106(gcm(aes)) <hex> 128". The plus
// makes Cilium (1.16 and later) derive a key per tunnel from it; without it
// all nodes would share one.
func NewIPsecKey() []byte {
	key := make([]byte, gcmKeyBytes)
	rand.Read(key)
	return []byte("3+ rfc4106(gcm(aes)) " + hex.EncodeToString(key) + " 128")
}

// IPsecSecret makes Secret cilium-ipsec-keys. The chart has no template for
// it; the metadata shows where it belongs.
func IPsecSecret(namespace string, key []byte) *corev1.Secret {
	return adoptable(namespace, cilium.IPsecSecret, map[string][]byte{ipsecDataKey: key})
}

// InspectIPsecKey reduces Secret cilium-ipsec-keys to what is public about it.
// Of several keys (a rotation) the last line is in force.
func InspectIPsecKey(secret *corev1.Secret) (*mesh.IPsecKey, error) {
	value := strings.TrimSpace(string(secret.Data[ipsecDataKey]))
	where := fmt.Sprintf("secret %s/%s", secret.Namespace, secret.Name)
	if value == "" {
		return nil, fmt.Errorf("%s has no %q", where, ipsecDataKey)
	}
	lines := strings.Split(value, "\n")
	fields := strings.Fields(lines[len(lines)-1])
	// The words below never quote a field: any of them could be the key.
	if len(fields) < 4 {
		return nil, fmt.Errorf("%s is not of the form \"id algorithm key size\"", where)
	}
	id, err := strconv.Atoi(strings.TrimSuffix(fields[0], "+"))
	if err != nil || id < 1 || id > maxSPI {
		return nil, fmt.Errorf("%s does not start with a key id from 1 to %d", where, maxSPI)
	}
	if !strings.HasPrefix(fields[1], "rfc") && !strings.Contains(fields[1], "(") {
		return nil, fmt.Errorf("%s names no algorithm in its second field", where)
	}
	return &mesh.IPsecKey{
		SPI:         fields[0],
		Algorithm:   fields[1],
		Fingerprint: fingerprint(secret.Data[ipsecDataKey]),
		HelmOwned:   cilium.HelmOwned(secret.Labels, secret.Annotations, secret.Namespace),
	}, nil
}
