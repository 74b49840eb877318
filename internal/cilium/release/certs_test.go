package release

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// TestSignedCertificate calls genSignedCert as the chart does.
func TestSignedCertificate(t *testing.T) {
	functions, err := certFunctions()
	if err != nil {
		t.Fatal(err)
	}
	const text = `{{ $ca := genCA "ca" 10 }}{{ $cert := genSignedCert "*.mesh.cilium.io" (list "127.0.0.1") (list "a.mesh.cilium.io") 5 $ca -}}
{{ $ca.Cert }}|{{ $cert.Cert }}|{{ $cert.Key }}|{{ (genSignedCert "local" nil nil 5 $ca).Cert }}`
	var out strings.Builder
	if err := template.Must(template.New("").Funcs(sprig.TxtFuncMap()).Funcs(functions).Parse(text)).Execute(&out, nil); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(out.String(), "|")
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(parts[0])) {
		t.Fatal("no CA")
	}
	cert := parseCert(t, parts[1])
	key, err := x509.ParseECPrivateKey(decodePEM(t, parts[2]))
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(cert.PublicKey.(*ecdsa.PublicKey)) {
		t.Error("the key is not the certificate's")
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: "a.mesh.cilium.io"}); err != nil {
		t.Error(err)
	}
	if err := cert.VerifyHostname("127.0.0.1"); err != nil {
		t.Error(err)
	}
	if local := parseCert(t, parts[3]); local.Subject.CommonName != "local" {
		t.Errorf("certificate without names is of %s", local.Subject)
	}
}

func TestSignedCertificateNeedsACA(t *testing.T) {
	functions, err := certFunctions()
	if err != nil {
		t.Fatal(err)
	}
	err = template.Must(template.New("").Funcs(functions).Parse(`{{ genSignedCert "x" nil nil 5 .ca }}`)).Execute(&strings.Builder{}, map[string]any{"ca": "none"})
	if err == nil || !strings.Contains(err.Error(), "the CA is a string") {
		t.Errorf("error is %v", err)
	}
}

func parseCert(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(decodePEM(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func decodePEM(t *testing.T, text string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("not PEM: %.30q", text)
	}
	return block.Bytes
}
