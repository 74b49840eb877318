//go:build e2e

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/hubble"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
)

// flows has Hubble relay installed in two of three clusters, one as the chart
// has it and one that serves TLS, and wants status to show who really asks whom
// while clients in every cluster are answered by other clusters. Relays take
// flows from the agents of all clusters: the third one needs none.
func flows(t *testing.T) {
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	openToAll(t, clusters[2])
	scale(t, clusters, 1)
	noRelays(t)
	installRelays(t, clusters)
	expose(t, "--context", three, "--affinity", "remote")
	expose(t, "--context", "aks-3", "--shared=false")
	settled(t, "flows", answers{"aks-1": {"aks-2"}, "aks-2": {"aks-1"}, "aks-3": {"aks-1", "aks-2"}})
	want := map[flow]bool{asks("aks-1", "aks-2"): true, asks("aks-2", "aks-1"): true, asks("aks-3", "aks-1"): true, asks("aks-3", "aks-2"): true}

	load := startSteadyLoad(t, clusters, demoService(t, clusters))
	before, began := load.done(t), time.Now()
	seen := listen(t, "json", "mermaid", "html")
	after, took := load.done(t), time.Since(began)
	load.stop(t)
	for format, read := range map[string]func(*testing.T, string) map[flow]int{"json": jsonFlows, "mermaid": mermaidFlows, "html": htmlFlows} {
		counts, got := read(t, seen[format].Stdout), map[flow]bool{}
		connections := map[string]int{}
		for f, count := range counts {
			got[f] = count > 0
			connections[f.From] += count
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: who asks whom (-want +got):\n%s", format, diff)
		}
		for client, count := range connections {
			plausible(t, format+": client in "+client, count, after[client]-before[client], took)
		}
	}
	sources(t, flowsOf(t, seen["json"].Stdout))
	unexpose(t)
}

// listening is how long status reads flows.
const listening = 20 * time.Second

// plausible compares the connections that were seen with the requests that were
// sent while status ran, one after another and each over a connection of its
// own. Status listens for a part of that time, and a client does not ask equally
// often in all of it.
func plausible(t *testing.T, what string, connections, requests int, took time.Duration) {
	t.Helper()
	const least = 4 // one in so many of what is to be expected
	expected := int(float64(requests) * listening.Seconds() / took.Seconds())
	t.Logf("%s: %d connections seen, about %d expected of %d requests", what, connections, expected, requests)
	if connections > requests+1 || connections < expected/least {
		t.Errorf("%s: %d connections seen, want at most %d, and %d or more", what, connections, requests+1, expected/least)
	}
}

// sources wants every cluster's flows, those of the third through a relay of another.
func sources(t *testing.T, r *hubble.Report) {
	t.Helper()
	want := []hubble.Source{{Context: "aks-1"}, {Context: "aks-2"}, {Context: "aks-3", Through: "aks-1"}}
	if diff := cmp.Diff(want, r.Sources, cmpopts.IgnoreFields(hubble.Source{}, "Flows", "Lost")); diff != "" {
		t.Errorf("how flows were read (-want +got):\n%s", diff)
	}
	for _, source := range r.Sources {
		if source.Flows == 0 {
			t.Errorf("no flow of %s was read", source.Context)
		}
	}
}

// noRelays wants every user of a mesh without relays told how to get them.
func noRelays(t *testing.T) {
	t.Helper()
	r := aksmesh(t, "status", "--context", three, "--flows", "1s")
	var want, said []string
	for context := range strings.SplitSeq(three, ",") {
		want = append(want, context+": no flows: Hubble relay is not installed: kubectl aksmesh join --context "+context+",… --hubble-relay installs it")
	}
	for line := range strings.Lines(r.Stderr) {
		if strings.Contains(line, "no flows") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff(want, said); diff != "" || r.ExitCode != 0 {
		t.Errorf("what a user is told of missing relays (-want +got), with exit code %d:\n%s", r.ExitCode, diff)
	}
}

// installRelays adds the relays to a running mesh, which restarts nothing, and
// wants them available when join ends.
func installRelays(t *testing.T, clusters []*mesh.Cluster) {
	t.Helper()
	before := restarts(t, clusters)
	join(t, "--context", three, "--set", "aks-1:hubble.relay.enabled=true",
		"--set", "aks-2:hubble.relay.enabled=true", "--set", "aks-2:hubble.relay.tls.server.enabled=true")
	for _, c := range clusters[:2] {
		relay := must[*appsv1.Deployment](t)(c.Client.AppsV1().Deployments(mesh.Namespace).Get(t.Context(), "hubble-relay", metav1.GetOptions{}))
		if relay.Status.AvailableReplicas == 0 {
			t.Errorf("%s: join ended before Hubble relay was available: %+v", c.Context, relay.Status)
		}
	}
	after := restarts(t, clusters)
	for name := range after {
		if strings.Contains(name, "/hubble-relay-") {
			delete(after, name)
		}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("other pods (-before +after relays were installed):\n%s", diff)
	}
}

// listen has status read flows in several forms at the same time.
func listen(t *testing.T, formats ...string) map[string]*labenv.Result {
	t.Helper()
	type ended struct {
		format string
		result *labenv.Result
		err    error
	}
	all := make(chan ended, len(formats))
	for _, format := range formats {
		go func() {
			r, err := lab.Aksmesh(t.Context(), "status", "--context", three, "--flows", listening.String(), "-o", format)
			all <- ended{format, r, err}
		}()
	}
	results := map[string]*labenv.Result{}
	for range formats {
		one := <-all
		if one.err != nil {
			t.Fatal(one.err)
		}
		results[one.format] = one.result
		if one.result.ExitCode != 0 {
			t.Errorf("status -o %s ends with %d, want 0: %s", one.format, one.result.ExitCode, one.result.Stderr)
		}
	}
	return results
}

func flowsOf(t *testing.T, text string) *hubble.Report {
	t.Helper()
	var report struct{ Flows *hubble.Report }
	if err := json.Unmarshal([]byte(text), &report); err != nil || report.Flows == nil {
		t.Fatalf("status's JSON has no flows (%v):\n%.2000s", err, text)
	}
	return report.Flows
}
