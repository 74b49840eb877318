package agent

import "testing"

// What kvstoremesh-dbg troubleshoot --include-local prints, in the shape and
// words of Cilium 1.20's pkg/kvstore/etcd_debug.go.
const bothConnections = `Local etcd kvstore:
📄 Configuration path: /var/lib/cilium/etcd-config.yaml

🔌 Endpoints:
   - https://127.0.0.1:2379
     ✅ TCP connection successfully established to 127.0.0.1:2379
     ✅ TLS connection successfully established to 127.0.0.1:2379
     ℹ️  Negotiated TLS version: TLS 1.3, ciphersuite TLS_AES_128_GCM_SHA256
     ℹ️  TLS certificates presented by the server:
        - Serial number:       0a:1b:2c
          Subject:             CN=clustermesh-apiserver.cilium.io
          Subject alternative names:
          - *.mesh.cilium.io
          Issuer:              CN=Cilium CA
          Validity:
            Not before:  2026-08-01 00:00:00 +0000 UTC
          Intermediates:
          - Serial number:       ff

🔑 Digital certificates:
   ✅ TLS Root CA certificates:
      - Serial number:       01:02
   ✅ TLS client certificates:
      - Serial number:       3d:4e

⚙️ Etcd client:
   ✅ Etcd connection successfully established


Found 1 cluster configurations

Cluster "b":
📄 Configuration path: /var/lib/cilium/clustermesh/b

🔌 Endpoints:
   - https://b.mesh.cilium.io:2379
     ❌ Cannot establish TLS connection to b.mesh.cilium.io:2379: x509: certificate signed by unknown authority
     ℹ️  TLS certificates presented by the server:
        - Serial number:       55:66

🔑 Digital certificates:
   ✅ TLS Root CA certificates:
      - Serial number:       01:02
   ✅ TLS client certificates:
      - Serial number:       77:8
`

func TestParsePresented(t *testing.T) {
	own, remote, err := ParsePresented([]byte(bothConnections))
	if err != nil || own != (Presented{"a1b2c", "3d4e"}) || remote != (Presented{"5566", "778"}) {
		t.Errorf("own %+v, remote %+v, error %v", own, remote, err)
	}
	if _, _, err := ParsePresented([]byte("Error: unknown command")); err == nil {
		t.Error("an answer about nothing is taken")
	}
	_, remote, err = ParsePresented(fixture(t, "troubleshoot.txt"))
	if err != nil || remote != (Presented{}) {
		t.Errorf("an answer without numbers brings %+v, error %v", remote, err)
	}
}
