package pki

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Inspect reduces Secret cilium-ca to what is public about it. bundle is what
// the cluster trusts besides (the chart's tls.caBundle, PEM; nil if unused):
// Trusted then holds its fingerprints too.
//
// Secrets of some other makers have the CA as tls.crt and tls.key.
func Inspect(secret *corev1.Secret, bundle []byte) (*mesh.CA, error) {
	certPEM, keyPEM := secret.Data[certKey], secret.Data[keyKey]
	if len(certPEM) == 0 {
		certPEM, keyPEM = secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]
	}
	where := fmt.Sprintf("secret %s/%s", secret.Namespace, secret.Name)
	chain, err := certificates(certPEM)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	cert := chain[0]
	ca := &mesh.CA{
		Cert:      certFacts(secret.Name, cert),
		HelmOwned: cilium.HelmOwned(secret.Labels, secret.Annotations, secret.Namespace),
		// The error is dropped on purpose: its words could quote the key.
		KeyMatches: keyBelongs(certPEM, keyPEM),
		Trusted:    fingerprints(chain),
	}
	if len(bundle) > 0 {
		trusted, err := certificates(bundle)
		if err != nil {
			return ca, fmt.Errorf("trust bundle: %w", err)
		}
		ca.Trusted = fingerprints(append(chain, trusted...))
	}
	ca.SignedByCA = cert.CheckSignatureFrom(cert) == nil
	return ca, nil
}

func keyBelongs(certPEM, keyPEM []byte) bool {
	_, err := tls.X509KeyPair(certPEM, keyPEM)
	return err == nil
}

// certSecrets returns the secrets that hold certificates which the mesh or
// Hubble depends on.
func certSecrets() []string {
	return []string{
		"clustermesh-apiserver-admin-cert",
		cilium.LocalCertSecret,
		cilium.RemoteCertSecret,
		cilium.ServerCertSecret,
		"hubble-relay-client-certs",
		"hubble-relay-server-certs",
		"hubble-server-certs",
	}
}

// IsCertSecret says whether a Secret of that name holds a certificate that the
// mesh or Hubble depends on.
func IsCertSecret(name string) bool { return slices.Contains(certSecrets(), name) }

// MeshCerts reduces the certificates of the mesh and of Hubble among secrets
// to facts, by name of secret; other secrets are ignored. trust is PEM: the
// cluster's own CA and its bundle. The error joins what could not be read, and
// the readable certificates come with it.
func MeshCerts(secrets []corev1.Secret, trust []byte) ([]mesh.Cert, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trust)
	var certs []mesh.Cert
	var broken []error
	for i := range secrets {
		secret := &secrets[i]
		if !IsCertSecret(secret.Name) {
			continue
		}
		chain, err := certificates(secret.Data[corev1.TLSCertKey])
		if err != nil {
			broken = append(broken, fmt.Errorf("secret %s/%s: %w", secret.Namespace, secret.Name, err))
			continue
		}
		facts := certFacts(secret.Name, chain[0])
		facts.SignedByCA = signedBy(roots, chain)
		certs = append(certs, facts)
	}
	slices.SortFunc(certs, func(a, b mesh.Cert) int { return cmp.Compare(a.Secret, b.Secret) })
	return certs, errors.Join(broken...)
}

// Serial is the serial number, hex, of the certificate in a Secret's data.
func Serial(data map[string][]byte) (string, error) {
	cert, err := firstCert(data[corev1.TLSCertKey])
	if err != nil {
		return "", err
	}
	return cert.SerialNumber.Text(16), nil
}

// signedBy checks signatures only: whether a certificate has expired is a
// separate fact, so it is asked as of a time when it was valid.
func signedBy(roots *x509.CertPool, chain []*x509.Certificate) bool {
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		CurrentTime:   chain[0].NotBefore,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}

func certFacts(secret string, cert *x509.Certificate) mesh.Cert {
	sans := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		sans = append(sans, ip.String())
	}
	return mesh.Cert{
		Secret:      secret,
		Subject:     cert.Subject.String(),
		Issuer:      cert.Issuer.String(),
		Fingerprint: fingerprint(cert.Raw),
		SubjectKey:  hex.EncodeToString(cert.SubjectKeyId),
		AuthorityID: hex.EncodeToString(cert.AuthorityKeyId),
		SANs:        sans,
		NotBefore:   cert.NotBefore.UTC(),
		NotAfter:    cert.NotAfter.UTC(),
		Algorithm:   algorithm(cert),
		IsCA:        cert.IsCA,
	}
}

// algorithm names a certificate's key as "ECDSA P-256" or "RSA 2048".
func algorithm(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}

// certificates reads all certificates of a PEM text; there must be one.
func certificates(text []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate cannot be read: %w", err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, errors.New("no certificate in PEM form")
	}
	return certs, nil
}

func firstCert(text []byte) (*x509.Certificate, error) {
	certs, err := certificates(text)
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}
