package ui

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// goldenText compares got with testdata/NAME.txt.
func goldenText(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	golden.Compare(t, file, got)
}

// visible makes escape codes readable in golden files.
func visible(s string) string { return strings.ReplaceAll(s, "\x1b", "␛") }

// env is an environment for [Detect].
func env(vars map[string]string) LookupEnv {
	return func(key string) (string, bool) {
		v, ok := vars[key]
		return v, ok
	}
}

// evil is what a cluster could say to play tricks on a terminal.
const evil = "evil\x1b[2Jname\x9b31m\u202e"

// values is a diff of Helm values for a cluster.
func values(name, id string, more ...string) []string {
	return append([]string{
		"+ cluster.name: " + name, "+ cluster.id: " + id, "+ kubeProxyReplacement: true", "+ aksbyocni.enabled: true",
		"+ clustermesh.useAPIServer: true", "+ clustermesh.config.enabled: true", "- tunnelProtocol: geneve", "  routingMode: tunnel",
	}, more...)
}

// threeClusters is a plan with all that a view has to cope with.
func threeClusters() *plan.Plan {
	var steps []plan.Step
	for i, c := range []string{"aks-1", "aks-2", "aks-3"} {
		id := string(rune('1' + i))
		steps = append(steps,
			plan.Step{ID: c + "/ca", Cluster: c, Action: plan.Create, Object: "Secret kube-system/cilium-ca", Summary: "the mesh's certificate authority"},
			plan.Step{ID: c + "/helm", Cluster: c, Action: plan.Update, Object: "Helm release kube-system/cilium", Summary: "revision 2, chart 1.20.1", Diff: values(c, id)},
			plan.Step{ID: c + "/kube-proxy", Cluster: c, Action: plan.Delete, Object: "DaemonSet kube-system/kube-proxy", Summary: "through Azure's API"},
			plan.Step{ID: c + "/ready", Cluster: c, Action: plan.Wait, Object: "agents", Summary: "until every agent is ready"},
		)
	}
	for _, c := range []string{"old-1", evil} {
		steps = append(steps, plan.Step{
			ID: c + "/peers", Cluster: c, Action: plan.Update, Object: "Secret kube-system/cilium-clustermesh", Diff: []string{"+ aks-1", "+ aks-2", "+ " + evil},
		})
	}
	return &plan.Plan{Steps: append(steps, plan.Step{
		ID: "mesh", Action: plan.Wait, Object: "mesh", Summary: "until everyone sees everyone",
	})}
}

// at is a moment of a made-up run.
func at(seconds float64) time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
}
