package api

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// prober builds the prober's program.
func prober(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "aksmesh-probe")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/aksmesh-probe").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// writer passes on what is written at once.
type writer struct{ http.ResponseWriter }

func (w writer) Write(text []byte) (int, error) {
	n, err := w.ResponseWriter.Write(text)
	w.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

// runs has pods be processes on this machine: the prober itself, with loopback
// between clusters.
func runs(program string, kubelet *apienv.SimulatedKubelet) func(context.Context, int, http.ResponseWriter, string) {
	return func(ctx context.Context, _ int, w http.ResponseWriter, pod string) {
		command := exec.CommandContext(ctx, program, kubelet.Args(pod)...)
		command.Stdout = writer{w}
		_ = command.Run() // what it prints tells how it went
	}
}

// probed makes a world of two clusters with namespace probes, whose pods run.
func probed(t *testing.T, set func(*apienv.SimulatedKubelet)) (*apienv.World, []*apienv.SimulatedKubelet) {
	t.Helper()
	w := env.World(t, apienv.WorldOptions{Clusters: 2, NotAKS: true})
	var kubelets []*apienv.SimulatedKubelet
	for _, m := range w.Members {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "probes"}}
		if _, err := m.Client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		k := &apienv.SimulatedKubelet{State: running(), PodIP: "127.0.0.1"}
		set(k)
		k.Start(t, m, "probes")
		kubelets = append(kubelets, k)
	}
	return w, kubelets
}

func probing(more ...string) []string {
	return append([]string{"doctor", "--probe", "--context=aks-1,aks-2", "--probe-namespace=probes", "--probe-image=" + probeImage, "--progress=plain"}, more...)
}

func noProbes(t *testing.T, w *apienv.World) {
	t.Helper()
	for _, m := range w.Members {
		list, err := m.Client.CoreV1().Pods("probes").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			t.Errorf("%s: pod %s is left", m.Context, list.Items[i].Name)
		}
	}
}

// saved is what a doctor saw.
func saved(t *testing.T, w *apienv.World, args []string) (*mesh.Probes, apienv.Result) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mesh.json")
	r := w.Run(t, append(args, "--save="+file)...)
	seen, err := mesh.LoadSnapshot(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, said(r))
	}
	if seen.Probes == nil {
		t.Fatalf("nothing was measured\n%s", said(r))
	}
	return seen.Probes, r
}

// Every way is measured both ways, by few pods, of which none is left.
func TestProbe(t *testing.T) {
	program := prober(t)
	w, kubelets := probed(t, func(k *apienv.SimulatedKubelet) { k.Log = runs(program, k) })
	for i, m := range w.Members {
		configure(t, w, m, i+1)
		patch := []byte(`{"data":{"routing-mode":"tunnel","tunnel-protocol":"vxlan","tunnel-port":"8472"}}`)
		if _, err := m.Client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "cilium-config", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	probes, r := saved(t, w, probing("--yes"))
	noProbes(t, w)
	says(t, r.Stderr, "--probe makes 4 pods named aksmesh-probe-… in namespace probes of each of aks-1, aks-2", probeImage, "CAP_NET_RAW")
	says(t, r.Stdout, "static and agent and probe")
	if len(probes.Sites) != 2 || len(probes.Ways) != 6 {
		t.Fatalf("measured %+v", probes)
	}
	for _, s := range probes.Sites {
		if s.Node != "simulated-kubelet" || s.NodeAddress != "127.0.0.1" || s.PodAddress != "127.0.0.1" || s.NodeError+s.PodError+s.Left != "" {
			t.Errorf("site %+v", s)
		}
	}
	for _, way := range probes.Ways {
		switch {
		case way.Kind == mesh.TunnelWay && os.Geteuid() != 0: // as in a cluster that does not give CAP_NET_RAW
			if !strings.Contains(way.Error, "not permitted") {
				t.Errorf("without the right to watch: %+v", way)
			}
		case way.Error != "" || way.Packets == 0 || way.Arrived != way.Packets || way.Came != 9000 || way.Sent != 9000:
			t.Errorf("%s to %s, %s: %+v", way.From, way.To, way.Kind, way)
		case way.Kind == mesh.NodeWay && (way.Fragments == nil || way.Fragments.Arrived != way.Fragments.Packets || way.Fragments.Packets == 0):
			t.Errorf("fragments %+v", way.Fragments)
		case way.Kind == mesh.PodWay && (way.Bulk == nil || way.Bulk.Back != way.Bulk.Out || way.Bulk.Arrived != way.Bulk.Out || way.Bulk.Out == 0):
			t.Errorf("over TCP %+v", way.Bulk)
		}
	}
	for _, k := range kubelets {
		host := 0
		for i := range k.Pods {
			if k.Pods[i].Spec.HostNetwork {
				host++
			}
		}
		if len(k.Pods) != 4 || host != 2 {
			t.Errorf("%d pods, %d of them on the node's network", len(k.Pods), host)
		}
	}
}

// What keeps one cluster from measuring is told, and is no finding.
func TestProbeWithoutOneCluster(t *testing.T) {
	program := prober(t)
	w, kubelets := probed(t, func(k *apienv.SimulatedKubelet) { k.Log = runs(program, k) })
	kubelets[1].State = &corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}
	probes, r := saved(t, w, probing("--yes", "-o=wide"))
	noProbes(t, w)
	for _, way := range probes.Ways {
		if !strings.Contains(way.Error, "ImagePullBackOff") || way.Packets != 0 {
			t.Errorf("%s to %s, %s: %+v", way.From, way.To, way.Kind, way)
		}
	}
	says(t, r.Stderr, "image "+probeImage+" cannot be pulled", "cannot be used in aks-2. Without it Cilium's own pods were asked", "To measure: kubectl aksmesh doctor --probe")
	says(t, r.Stdout, `unknown: context "aks-2": the probe could not run: image `+probeImage)
	if strings.Contains(r.Stdout, "error AKSM611") {
		t.Errorf("a way that was not measured failed\n%s", said(r))
	}
}

func TestProbeInterrupted(t *testing.T) {
	program := prober(t)
	follows := make(chan struct{}, 10)
	w, _ := probed(t, func(k *apienv.SimulatedKubelet) {
		k.Log = func(ctx context.Context, n int, w http.ResponseWriter, pod string) {
			if slices.Contains(k.Args(pod), "measure") {
				follows <- struct{}{}
				<-ctx.Done() // a sender that does not come to an end
				return
			}
			runs(program, k)(ctx, n, w, pod)
		}
	})
	p := w.Launch(t, probing("--yes")...)
	select {
	case <-follows:
	case <-time.After(time.Minute):
		t.Fatal("nobody asked for a sender's log")
	}
	if err := p.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r := p.Wait()
	noProbes(t, w)
	if r.ExitCode != 130 || r.Stdout != "" {
		t.Errorf("ended with %d, want 130 and nothing on stdout\n%s", r.ExitCode, said(r))
	}
}

// Pods that a kill left are removed when somebody asks, and no others.
func TestProbeCleanup(t *testing.T) {
	follows := make(chan struct{}, 10)
	w, _ := probed(t, func(k *apienv.SimulatedKubelet) {
		k.Log = func(ctx context.Context, _ int, w http.ResponseWriter, _ string) {
			_, _ = io.WriteString(w, "\n")
			w.(http.Flusher).Flush()
			follows <- struct{}{}
			<-ctx.Done()
		}
	})
	p := w.Launch(t, probing("--yes")...)
	for range 4 {
		select {
		case <-follows:
		case <-time.After(time.Minute):
			t.Fatal("nobody asked for a listener's log")
		}
	}
	if err := p.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	p.Wait()
	r := w.Run(t, "doctor", "--cleanup", "--context=aks-1,aks-2")
	if r.ExitCode != 1 {
		t.Errorf("without a terminal it ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stderr, "aks-1: pod probes/aksmesh-probe-", "aks-2: pod probes/aksmesh-probe-", "add --yes")
	r = w.Run(t, "doctor", "--cleanup", "--context=aks-1,aks-2", "--yes")
	if r.ExitCode != 0 {
		t.Errorf("ended with %d, want 0\n%s", r.ExitCode, said(r))
	}
	noProbes(t, w)
	says(t, r.Stderr, "aks-1: removed 2 pods", "aks-2: removed 2 pods")
	r = w.Run(t, "doctor", "--cleanup", "--context=aks-1,aks-2")
	says(t, r.Stderr, "no pods of probes are left in aks-1, aks-2")
}

func TestProbeUsage(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2, NotAKS: true})
	writes := watch(t, w)
	for args, want := range map[string]string{
		"doctor --probe --context=aks-1":                                     "name at least two",
		"doctor --probe --from=x":                                            "--probe goes with none of",
		"doctor --cleanup --probe --context=aks-1,aks-2":                     "--probe goes with none of",
		"doctor --cleanup --watch --context=aks-1":                           "--cleanup goes with neither",
		"doctor --probe --context=aks-1,aks-2 --probe-image=x":               "add --yes",
		"doctor --probe --context=aks-1,aks-2 --probe-namespace=":            "--probe-namespace is empty",
		"doctor --probe --context=aks-1,aks-2 --probe-start-timeout=1ms":     "less than a second",
		"doctor --probe --context=aks-1,aks-2 --watch --probe-image=x --yes": "--probe goes with none of",
	} {
		r := w.Run(t, strings.Fields(args)...)
		if r.ExitCode != 1 {
			t.Errorf("%s ended with %d, want 1\n%s", args, r.ExitCode, said(r))
		}
		says(t, r.Stderr, want)
	}
	noWrites(t, writes)
}
