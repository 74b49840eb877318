package api

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// mountedCert is a Secret's certificate as a pod has it: a kubelet brings it
// some time after it has changed.
type mountedCert struct {
	lag time.Duration

	mu      sync.Mutex
	serial  string
	changed time.Time // the Secret, as far as this one knows
	brought time.Time
}

// look returns the serial number of what the pod has now.
func (c *mountedCert) look(inSecret string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.serial == inSecret:
	case c.serial != "" && c.changed.IsZero():
		c.changed = time.Now()
	case c.serial == "" || time.Since(c.changed) >= c.lag:
		c.serial, c.changed, c.brought = inSecret, time.Time{}, time.Now()
	}
	return c.serial
}

// troubleshoot is what the agent says of its connection to another cluster, as
// far as certificates are concerned.
func (a *simulatedAgent) troubleshoot(ctx context.Context) ([]byte, error) {
	secret, err := a.member.Client.CoreV1().Secrets("kube-system").Get(ctx, "clustermesh-apiserver-local-cert", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(secret.Data["tls.crt"])
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	serial := a.files.look(cert.SerialNumber.Text(16))
	return fmt.Appendf(nil, "Cluster %q:\n   ✅ TLS client certificates:\n      - Serial number:       %s\n", a.others[0], serial), nil
}

// TestRotationWaitsForKubelets: the old CA is dropped nowhere before all agents
// present their new certificates, though the Secrets hold them long before.
func TestRotationWaitsForKubelets(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
	join(t, w, two)
	before := theCA(t, w)
	agents := simulateAgents(t, w)
	for _, agent := range agents {
		agent.files.lag = 5 * time.Second
		if _, err := agent.troubleshoot(t.Context()); err != nil { // what is mounted at the beginning
			t.Fatal(err)
		}
	}
	agents[1].files.lag *= 2
	w.Journal.Reset()
	r := w.Run(t, "ca", "rotate", "--context", two, "--yes", "--timeout=5m")
	if r.ExitCode != 0 {
		t.Fatalf("ca rotate ended with %d\n%s", r.ExitCode, said(r))
	}
	rotated(t, w, before.Cert)
	says(t, r.Stderr, "read back that every pod of the mesh presents its new certificate",
		"pod cilium-simulated on node ", "presents a certificate from before Secret clustermesh-apiserver-local-cert changed")
	last := 0
	for _, call := range w.Journal.Writes() {
		if call.Verb != "update" || !strings.Contains(call.Path, "/secrets/sh.helm.release.") || !strings.HasSuffix(call.Path, ".v4") {
			continue // join, trust, issue: the fourth revision is the last
		}
		last++
		for _, agent := range agents {
			if brought := agent.files.broughtAt(); call.Start.Before(brought) {
				t.Errorf("%s trusts the new CA only %s before the agent of %s has its new certificate", call.Target, brought.Sub(call.Start), agent.member.Context)
			}
		}
	}
	if last < 2 {
		t.Errorf("%d last revisions were seen, want that of both clusters", last)
	}
}

// broughtAt is when the pod last got another certificate.
func (c *mountedCert) broughtAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.brought
}
