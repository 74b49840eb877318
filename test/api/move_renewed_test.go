package api

import (
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestMoveWaitsForKubelets: a move to another CA ends the trust in the old one
// nowhere before all agents present their new certificates, whether it goes
// through at once or was killed before its last wave.
func TestMoveWaitsForKubelets(t *testing.T) {
	waiting := []string{"join", "--context", three, "--yes", "--ca-from=aks-3", "--timeout=5m"}
	for name, killed := range map[string]bool{"at once": false, "after a kill": true} {
		t.Run(name, func(t *testing.T) {
			w := moving(t)
			wanted := get(t, w.Member(t, "aks-3"), "cilium-ca")
			agents := lateAgents(t, w)
			if killed {
				first, found := w.RunKilled(t, apienv.BeforeWrite, keepsBundle, joining(three, "--ca-from=aks-3")...)
				if !found {
					t.Fatalf("no bundle was to be kept: ended with %d\n%s", first.ExitCode, said(first))
				}
			}
			w.Journal.Reset()
			r := w.Run(t, waiting...)
			if r.ExitCode != 0 {
				t.Fatalf("join ended with %d\n%s", r.ExitCode, said(r))
			}
			says(t, r.Stderr, "read back that every pod of the mesh presents its new certificate",
				"pod cilium-simulated on node ", "presents a certificate from before Secret clustermesh-apiserver-local-cert changed")
			// Join, trust, sign anew, end; the cluster with the CA is installed and trusts.
			endsAfterKubelets(t, w, agents, map[string]int{"aks-1": 4, "aks-2": 4, "aks-3": 3})
			moved(t, w, wanted)
		})
	}
}

// keepsBundle matches the first write of a move's last wave.
func keepsBundle(c apienv.Call) bool {
	return strings.HasSuffix(c.Path, "/configmaps/cilium-root-ca.crt") && strings.HasSuffix(c.Query, "fieldManager=kubectl-aksmesh")
}
