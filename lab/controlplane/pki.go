package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity is how long certificates are valid: longer than any lab runs.
const validity = 10 * 365 * 24 * time.Hour

// authority is the certificate authority of one cluster.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string // where certificates and keys are written
}

// newAuthority makes an authority and writes its certificate to dir/ca.crt. Its
// key stays in memory.
func newAuthority(dir, commonName string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key of %s: %w", commonName, err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	a := &authority{cert: template, key: key, dir: dir}
	der, err := a.sign(template, key)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("parse certificate of %s: %w", commonName, err)
	}
	return a, writePEM(filepath.Join(dir, "ca.crt"), "CERTIFICATE", der)
}

// issue writes dir/NAME.crt and dir/NAME.key for a server (hosts given) or a
// client (groups are its organizations) and returns their paths.
func (a *authority) issue(name string, subject pkix.Name, hosts ...string) (certFile, keyFile string, err error) {
	template := &x509.Certificate{Subject: subject, KeyUsage: x509.KeyUsageDigitalSignature}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	key, keyFile, err := newKeyFile(a.dir, name)
	if err != nil {
		return "", "", err
	}
	der, err := a.sign(template, key)
	if err != nil {
		return "", "", err
	}
	certFile = filepath.Join(a.dir, name+".crt")
	return certFile, keyFile, writePEM(certFile, "CERTIFICATE", der)
}

// sign completes the template and returns the signed certificate in DER.
func (a *authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make serial number: %w", err)
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	template.NotBefore = time.Now().Add(-time.Minute) // clocks of clients may be behind
	template.NotAfter = template.NotBefore.Add(validity)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", template.Subject, err)
	}
	return der, nil
}

// newKeyFile makes a P-256 key and writes it to dir/NAME.key, in the one
// encoding that kube-apiserver also reads public keys from.
func newKeyFile(dir, name string) (*ecdsa.PrivateKey, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", fmt.Errorf("make key %s: %w", name, err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, "", fmt.Errorf("encode key %s: %w", name, err)
	}
	path := filepath.Join(dir, name+".key")
	return key, path, writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
