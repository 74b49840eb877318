//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
	"github.com/aksmesh/kubectl-aksmesh/test/relabel"
)

// TestUpgrade is a story of its own, which ends with another chart everywhere:
// Cilium's own, relabelled, as the lab has images of one version only. Pods are
// replaced as by another image, because the relabelled chart gives them an
// annotation.
func TestUpgrade(t *testing.T) {
	bare(t, 3)
	join(t, "--context", three)
	for _, chapter := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"one cluster after another, under load", upgradeUnderLoad},
		{"the second does not come back, and is taken back", upgradeThatFails},
	} {
		if !t.Run(chapter.name, chapter.run) {
			t.Fatalf("the story ends here: %s", chapter.name)
		}
	}
}

// relabelledChart is the chart relabelled as a version that Cilium never had.
func relabelledChart(t *testing.T, version string) string {
	t.Helper()
	return relabel.Chart(t, version, func(values string) string {
		return strings.ReplaceAll(values, "podAnnotations: {}", fmt.Sprintf("podAnnotations: {aksmesh.lab/relabelled: %q}", version))
	})
}

type upgradeOutcome struct {
	Context, State   string
	RollbackRevision int
}

// upgradeTo runs an upgrade, and returns what it says came of each cluster.
func upgradeTo(t *testing.T, version string, args ...string) (*labenv.Result, map[string]upgradeOutcome) {
	t.Helper()
	r := aksmesh(t, append([]string{"upgrade", "--yes", "-o", "json", "--context", three, "--chart", relabelledChart(t, version)}, args...)...)
	var report struct{ Clusters []upgradeOutcome }
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
		t.Fatalf("upgrade's JSON: %v", err)
	}
	byContext := map[string]upgradeOutcome{}
	for _, outcome := range report.Clusters {
		byContext[outcome.Context] = outcome
	}
	return r, byContext
}

func upgradeUnderLoad(t *testing.T) {
	const version = "1.20.101"
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	reach(t, clusters)
	before := agentPods(t, clusters)
	load := startSteadyLoad(t, clusters, nextPods(t, clusters))
	start := time.Now()
	r, outcomes := upgradeTo(t, version)
	results := load.stop(t)
	if r.ExitCode != 0 {
		t.Fatalf("upgrade ends with %d, want 0", r.ExitCode)
	}
	hardlyFailed(t, results)
	var lastEnd time.Time
	for _, c := range clusters {
		if got := outcomes[c.Context].State; got != "upgraded" {
			t.Errorf("%s is %q, want upgraded", c.Context, got)
		}
		found := newestRelease(t, c)
		if found.ChartVersion != version || found.Status != "deployed" {
			t.Errorf("%s: revision %d of chart %s is %s, want %s, deployed", c.Context, found.Revision, found.ChartVersion, found.Status, version)
		}
		seesAll(t, c, len(outcomes)-1)
		began := firstNewPod(t, c, before[c.Context], start)
		if began.Before(lastEnd) {
			t.Errorf("agents of %s were replaced at %s, before the cluster before it had all its new ones (%s)", c.Context, began, lastEnd)
		}
		lastEnd = lastNewPod(t, c, before[c.Context])
	}
	reach(t, clusters)
	if r := aksmesh(t, "upgrade", "--yes", "--context", "aks-1", "--cilium-version", version); !strings.Contains(r.Stdout, "nothing to do") {
		t.Errorf("a second upgrade ends with %d, want nothing to do", r.ExitCode)
	}
}

// noRegistry is what nodes of the lab reach in place of a registry: the health
// check of their own kubelet, which has nothing at an image's path and says
// "404 Not Found". containerd reports that as of a registry.
const noRegistry = "127.0.0.1:10248"

// upgradeThatFails gives agents of aks-2 an image that does not exist.
func upgradeThatFails(t *testing.T) {
	const version, old = "1.20.102", "1.20.101"
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	untouched := newestRelease(t, clusters[2]).Revision
	good := newestRelease(t, clusters[1]).Revision
	r, outcomes := upgradeTo(t, version, "--set", "aks-2:image.repository="+noRegistry+"/cilium", "--set", "aks-2:image.tag=v0.0.0-does-not-exist", "--timeout", "8m")
	if r.ExitCode != 1 {
		t.Errorf("upgrade ends with %d, want 1", r.ExitCode)
	}
	for text, says := range map[string]string{"image " + noRegistry + "/cilium:v0.0.0-does-not-exist does not exist": r.Stdout, "fix what is named above": r.Stderr} {
		if !strings.Contains(says, text) {
			t.Errorf("the upgrade waits to the end of its time, or does not say why it ends: no %q in\n%s", text, says)
		}
	}
	got := map[string]string{}
	for _, c := range clusters {
		got[c.Context] = outcomes[c.Context].State + " " + newestRelease(t, c).ChartVersion
	}
	want := map[string]string{"aks-1": "upgraded " + version, "aks-2": "not verified " + version, "aks-3": "not begun " + old}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("clusters (-want +got):\n%s", diff)
	}
	if revision := newestRelease(t, clusters[2]).Revision; revision != untouched {
		t.Errorf("aks-3 has revision %d, want %d as before", revision, untouched)
	}
	if outcomes["aks-2"].RollbackRevision != good {
		t.Errorf("the way back of aks-2 is revision %d, want %d", outcomes["aks-2"].RollbackRevision, good)
	}
	helmRollback(t, "aks-2", outcomes["aks-2"].RollbackRevision)
	err := wait.PollUntilContextTimeout(t.Context(), 2*time.Second, 5*time.Minute, true, func(ctx context.Context) (bool, error) {
		r, err := lab.Aksmesh(ctx, "status", "--context", three)
		return err == nil && r.ExitCode == 0, err
	})
	if err != nil {
		t.Fatalf("the mesh is not whole after the rollback: %v", err)
	}
	if r, _ := upgradeTo(t, version); r.ExitCode != 0 {
		t.Fatalf("the upgrade with the good chart ends with %d, want 0", r.ExitCode)
	}
	for _, c := range clusters {
		if got := newestRelease(t, c).ChartVersion; got != version {
			t.Errorf("%s has chart %s, want %s", c.Context, got, version)
		}
		seesAll(t, c, len(outcomes)-1)
	}
	reach(t, clusters)
}

func newestRelease(t *testing.T, c *mesh.Cluster) *release.Found {
	t.Helper()
	found := must[*release.Found](t)(release.Latest(t.Context(), c.Client, cilium.Namespace))
	if found == nil {
		t.Fatalf("%s has no release", c.Context)
	}
	return found
}

// helmRollback is what "helm rollback cilium REVISION -n kube-system
// --kube-context CONTEXT" does.
func helmRollback(t *testing.T, kubeContext string, revision int) {
	t.Helper()
	kubeconfig := must[string](t)(lab.Kubeconfig(t.Context()))
	namespace := cilium.Namespace
	flags := genericclioptions.NewConfigFlags(false)
	flags.KubeConfig, flags.Context, flags.Namespace = &kubeconfig, &kubeContext, &namespace
	kube.ManagedFieldsManager = cilium.HelmFieldManager // the helm command's name, which this program does not have
	config := action.NewConfiguration()
	if err := config.Init(flags, namespace, "secret"); err != nil {
		t.Fatal(err)
	}
	rollback := action.NewRollback(config)
	rollback.Version, rollback.WaitStrategy, rollback.Timeout = revision, kube.HookOnlyStrategy, time.Minute
	if err := rollback.Run(cilium.ReleaseName); err != nil {
		t.Fatalf("helm rollback %s %d in %s: %v", cilium.ReleaseName, revision, kubeContext, err)
	}
}

// agentPods are the names of all agents, by context.
func agentPods(t *testing.T, clusters []*mesh.Cluster) map[string]map[string]bool {
	t.Helper()
	names := map[string]map[string]bool{}
	for _, c := range clusters {
		names[c.Context] = map[string]bool{}
		list, err := c.Client.CoreV1().Pods(mesh.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "k8s-app=cilium"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			names[c.Context][list.Items[i].Name] = true
		}
	}
	return names
}

// firstNewPod is when the first agent was made that is not among the old.
func firstNewPod(t *testing.T, c *mesh.Cluster, old map[string]bool, since time.Time) time.Time {
	t.Helper()
	first := time.Time{}
	for _, made := range newPods(t, c, old) {
		if first.IsZero() || made.Before(first) {
			first = made
		}
	}
	if first.Before(since.Truncate(time.Second)) {
		t.Errorf("%s: no agent was replaced", c.Context)
	}
	return first
}

func lastNewPod(t *testing.T, c *mesh.Cluster, old map[string]bool) time.Time {
	t.Helper()
	last := time.Time{}
	for _, made := range newPods(t, c, old) {
		if made.After(last) {
			last = made
		}
	}
	return last
}

func newPods(t *testing.T, c *mesh.Cluster, old map[string]bool) []time.Time {
	t.Helper()
	list, err := c.Client.CoreV1().Pods(mesh.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "k8s-app=cilium"})
	if err != nil {
		t.Fatal(err)
	}
	var times []time.Time
	for i := range list.Items {
		if pod := &list.Items[i]; !old[pod.Name] {
			times = append(times, pod.CreationTimestamp.Time)
		}
	}
	return times
}

// hardlyFailed bounds what an upgrade may cost. Packets between pods pass while
// a node's agent is replaced; one request in a thousand may still meet the
// moment in which the new agent loads its programs.
func hardlyFailed(t *testing.T, results map[string]*wire.HTTP) {
	t.Helper()
	const oneIn = 1000
	for context, result := range results {
		t.Logf("client in %s: %d answered, %d failed %v", context, result.Answered, result.Failed, result.Errors)
		if result.Answered == 0 || result.Failed*oneIn > result.Answered {
			t.Errorf("client in %s: %d of %d requests failed during the upgrade, want at most one in %d: %v", context,
				result.Failed, result.Answered+result.Failed, oneIn, result.Errors)
		}
	}
}
