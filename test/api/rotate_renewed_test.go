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

	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	agents := lateAgents(t, w)
	w.Journal.Reset()
	r := w.Run(t, "ca", "rotate", "--context", two, "--yes", "--timeout=5m")
	if r.ExitCode != 0 {
		t.Fatalf("ca rotate ended with %d\n%s", r.ExitCode, said(r))
	}
	rotated(t, w, before.Cert)
	says(t, r.Stderr, "read back that every pod of the mesh presents its new certificate",
		"pod cilium-simulated on node ", "presents a certificate from before Secret clustermesh-apiserver-local-cert changed")
	// Join, trust, issue: the fourth revision is the last.
	endsAfterKubelets(t, w, agents, map[string]int{"aks-1": 4, "aks-2": 4})
}

// lateAgents simulates agents that get changed certificates after seconds, the
// second one twice as late as the others.
func lateAgents(t *testing.T, w *apienv.World) []*simulatedAgent {
	t.Helper()
	agents := simulateAgents(t, w)
	for _, agent := range agents {
		agent.files.lag = 5 * time.Second
		_, err := agent.troubleshoot(t.Context()) // what is mounted at the beginning
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
	agents[1].files.lag *= 2
	return agents
}

// endsAfterKubelets checks that the last revision of every cluster, by number, is
// made after all agents have their new certificates.
func endsAfterKubelets(t *testing.T, w *apienv.World, agents []*simulatedAgent, last map[string]int) {
	t.Helper()
	seen := map[string]bool{}
	for _, call := range w.Journal.Writes() {
		if call.Verb != "update" || !strings.HasSuffix(call.Path, fmt.Sprintf("/secrets/sh.helm.release.v1.cilium.v%d", last[call.Target])) {
			continue
		}
		seen[call.Target] = true
		for _, agent := range agents {
			if brought := agent.files.broughtAt(); call.Start.Before(brought) {
				t.Errorf("%s trusts the new CA only %s before the agent of %s has its new certificate", call.Target, brought.Sub(call.Start), agent.member.Context)
			}
		}
	}
	if len(seen) != len(last) {
		t.Errorf("last revisions were seen of %v, want %v", seen, last)
	}
}

// broughtAt is when the pod last got another certificate.
func (c *mountedCert) broughtAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.brought
}
