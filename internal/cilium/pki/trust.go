package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
)

// Trust joins CAs, each PEM, to one bundle for the chart's tls.caBundle: every
// certificate once, in a stable order, nothing but certificates. While a mesh
// moves to another CA, all members trust the old and the new one.
func Trust(cas ...[]byte) ([]byte, error) {
	var all []*x509.Certificate
	for i, ca := range cas {
		certs, err := certificates(ca)
		if err != nil {
			return nil, fmt.Errorf("CA %d of the trust bundle: %w", i+1, err)
		}
		all = append(all, certs...)
	}
	slices.SortFunc(all, func(a, b *x509.Certificate) int { return bytes.Compare(a.Raw, b.Raw) })
	all = slices.CompactFunc(all, func(a, b *x509.Certificate) bool { return bytes.Equal(a.Raw, b.Raw) })
	var bundle bytes.Buffer
	for _, cert := range all {
		bundle.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	}
	return bundle.Bytes(), nil
}

// Fingerprints returns the SHA-256 of every certificate of a bundle, PEM: hex,
// sorted, once each.
func Fingerprints(bundle []byte) ([]string, error) {
	certs, err := certificates(bundle)
	if err != nil {
		return nil, err
	}
	return fingerprints(certs), nil
}

// fingerprints returns the SHA-256 of every certificate, hex, sorted, once each.
func fingerprints(certs []*x509.Certificate) []string {
	all := make([]string, 0, len(certs))
	for _, cert := range certs {
		all = append(all, fingerprint(cert.Raw))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
