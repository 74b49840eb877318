//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
)

const three = "aks-1,aks-2,aks-3"

// TestMesh is one story, because bringing clusters up takes most of the time:
// each chapter starts from what the one before it left.
func TestMesh(t *testing.T) {
	chapters := []struct {
		name string
		run  func(*testing.T)
	}{
		{"three bare clusters become one mesh", bareClusters},
		{"a second join writes nothing", secondJoin},
		{"a service is exposed, preferred, scaled away, closed and taken back", services},
		{"agents answer as the rules predict, however services stand", combinations},
		{"the doctor finds what is broken, one thing after another", doctor},
		{"policies that name no cluster close services to other clusters, and the doctor tells", policies},
		{"Hubble relays show who really asks whom, between clusters", flows},
		{"the authority is replaced, and no request fails", rotation},
		{"one leaves, and nothing of the others restarts; it comes back", oneLeaves},
		{"one leaves for kube-proxy, and comes back", kubeProxyReturns},
		{"a cluster that is deleted is forgotten, and made anew taken in", deadIsForgotten},
		{"a fourth cluster restarts nothing in the first three", fourthCluster},
		{"a cluster with a Cilium and a CA of its own is taken in", ownCilium},
	}
	bare(t, 3)
	for _, chapter := range chapters {
		if !t.Run(chapter.name, chapter.run) {
			t.Fatalf("the story ends here: %s", chapter.name)
		}
	}
}

func bareClusters(t *testing.T) {
	clusters := open(t, "aks-1", "aks-2", "aks-3")
	for _, c := range clusters {
		if _, err := kubeProxy(t, c); err != nil {
			t.Fatalf("%s: kube-proxy must run before the join: %v", c.Context, err)
		}
	}
	start := time.Now()
	join(t, "--context", three)
	for _, c := range clusters {
		if _, err := kubeProxy(t, c); !apierrors.IsNotFound(err) {
			t.Errorf("%s: kube-proxy is not gone (%v)", c.Context, err)
		}
		seesAll(t, c, 2)
	}
	// The measure for TestEncryption: here, words can be read on the way.
	seen := between(t, clusters, func(p packet) bool { return p.protocol == unix.IPPROTO_ESP }, func() { reach(t, clusters) })
	if seen.words == 0 || seen.wanted > 0 {
		t.Errorf("without encryption, a pod's words can be read in %d of %d packets between clusters, and %d are of ESP; want some and none", seen.words, seen.all, seen.wanted)
	}
	requests := 0
	for _, c := range clusters {
		requests += must[*labenv.Audit](t)(lab.Audit(t.Context(), c.Context, start)).Requests()
	}
	const most = 300
	t.Logf("%d requests of the plugin to three API servers", requests)
	if requests > most {
		t.Errorf("the join of three bare clusters took %d API requests, want at most %d", requests, most)
	}
	if r := aksmesh(t, "status", "--context", "aks-1"); r.ExitCode != 0 {
		t.Errorf("status of the mesh ends with %d, want 0", r.ExitCode)
	}
}

func secondJoin(t *testing.T) {
	start := time.Now()
	r := join(t, "--context", three)
	if !strings.Contains(r.Stdout, "nothing to do") {
		t.Errorf("a second join says %q, want nothing to do", r.Stdout)
	}
	for _, c := range []string{"aks-1", "aks-2", "aks-3"} {
		changes := must[*labenv.Audit](t)(lab.Audit(t.Context(), c, start)).Changes()
		if diff := cmp.Diff([]string(nil), changes); diff != "" {
			t.Errorf("writes to %s (-want +got):\n%s", c, diff)
		}
	}
}

func fourthCluster(t *testing.T) {
	up(t, 4)
	members := open(t, "aks-1", "aks-2", "aks-3")
	before := restarts(t, members)
	// The other members are found through aks-1's configuration.
	join(t, "--context", "aks-1,aks-4")
	if diff := cmp.Diff(before, restarts(t, members)); diff != "" {
		t.Errorf("pods of the first three clusters (-before +after the fourth joined):\n%s", diff)
	}
	all := open(t, "aks-1", "aks-2", "aks-3", "aks-4")
	for _, c := range all {
		seesAll(t, c, 3)
	}
	reach(t, all)
}

func ownCilium(t *testing.T) {
	if err := lab.Run(t.Context(), "reset", "aks-4"); err != nil {
		t.Fatal(err)
	}
	alone := open(t, "aks-4")[0]
	if err := lab.InstallCilium(t.Context(), alone, "10.66.0.0/16"); err != nil {
		t.Fatal(err)
	}
	if err := labenv.WaitAgents(t.Context(), alone); err != nil {
		t.Fatal(err)
	}
	refused := aksmesh(t, "join", "--yes", "--context", "aks-1,aks-4")
	if refused.ExitCode != 1 || !strings.Contains(refused.Stderr, "--ca-from") {
		t.Errorf("a join of two CAs ends with %d, want 1 and a word on --ca-from", refused.ExitCode)
	}
	join(t, "--context", "aks-1,aks-4", "--ca-from", "aks-1")
	all := open(t, "aks-1", "aks-2", "aks-3", "aks-4")
	for _, c := range all {
		seesAll(t, c, 3)
	}
	if ip := hello(t, alone); !strings.HasPrefix(ip, "10.66.") {
		t.Errorf("the cluster's pod CIDR was changed: a new pod has %s", ip)
	}
	reach(t, all)
}

func up(t *testing.T, clusters int) {
	t.Helper()
	if err := lab.Up(t.Context(), clusters); err != nil {
		t.Fatal(err)
	}
}

// bare brings up clusters without Cilium, whatever story was told before.
func bare(t *testing.T, clusters int) {
	t.Helper()
	if err := lab.Run(t.Context(), "down"); err != nil {
		t.Fatal(err)
	}
	up(t, clusters)
}

// kubeProxy reads the DaemonSet.
func kubeProxy(t *testing.T, c *mesh.Cluster) (any, error) {
	t.Helper()
	return c.Client.AppsV1().DaemonSets(mesh.Namespace).Get(t.Context(), "kube-proxy", metav1.GetOptions{})
}

// seesAll asks every agent of a cluster in its own words.
func seesAll(t *testing.T, c *mesh.Cluster, others int) {
	t.Helper()
	list, err := c.Client.CoreV1().Pods(mesh.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "k8s-app=cilium"})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%d/%d remote clusters ready", others, others)
	for i := range list.Items {
		out, err := c.Exec.Run(t.Context(), list.Items[i].Name, "cilium-agent", "cilium-dbg", "status")
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: agent %s does not say %q (%v):\n%s", c.Context, list.Items[i].Name, want, err, out)
		}
	}
	if len(list.Items) == 0 {
		t.Errorf("%s: no agent runs", c.Context)
	}
}
