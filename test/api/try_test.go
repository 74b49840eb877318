package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

const (
	probeImage = "registry.example/aksmesh-probe:v1"
	progress   = `{"done":3,"of":5}` + "\n"
	allWell    = `{"http":{"requests":5,"answered":5,"failed":0,"answers":[{"text":"aks-1","times":5}],` +
		`"latency":{"p50Microseconds":1200,"p90Microseconds":1300,"p99Microseconds":1400,"maxMicroseconds":1500},"tookMicroseconds":7000}}` + "\n"
)

// trying are the arguments of a try of 5 requests.
func trying(more ...string) []string {
	return append([]string{"try", "web", "--context=aks-1", "-n=shop", "-n=5", "--image=" + probeImage}, more...)
}

// shop makes a world of one cluster with service web in namespace shop and a
// ready endpoint, and a node that treats pods so.
func shop(t *testing.T, kubelet *apienv.SimulatedKubelet) *apienv.World {
	t.Helper()
	w := env.World(t, apienv.WorldOptions{Clusters: 1})
	client := w.Members[0].Client
	meta := metav1.ObjectMeta{Name: "web", Namespace: "shop"}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Services("shop").Create(t.Context(), &corev1.Service{
		ObjectMeta: meta, Spec: corev1.ServiceSpec{ClusterIP: "10.0.0.77", Ports: []corev1.ServicePort{{Port: 8000}}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	meta.Labels = map[string]string{discoveryv1.LabelServiceName: "web"}
	if _, err := client.DiscoveryV1().EndpointSlices("shop").Create(t.Context(), &discoveryv1.EndpointSlice{
		ObjectMeta: meta, AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.1.0.9"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
		Ports:     []discoveryv1.EndpointPort{{Name: new(""), Port: new(int32(8080)), Protocol: new(corev1.ProtocolTCP)}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	kubelet.Start(t, w.Members[0], "shop")
	return w
}

// running is the state of a container that runs.
func running() *corev1.ContainerState {
	return &corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
}

// logs has a container log these texts, one for each request for its log; the
// last again and again.
func logs(texts ...string) func(context.Context, int, http.ResponseWriter, string) {
	return func(_ context.Context, n int, w http.ResponseWriter, _ string) {
		_, _ = io.WriteString(w, texts[min(n, len(texts))-1])
	}
}

// noPods checks that no pod is left, without waiting for anything.
func noPods(t *testing.T, w *apienv.World) {
	t.Helper()
	list, err := w.Members[0].Client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		t.Errorf("pod %s is left", list.Items[i].Name)
	}
}

func TestTry(t *testing.T) {
	kubelet := &apienv.SimulatedKubelet{State: running(), Log: logs(progress + allWell)}
	w := shop(t, kubelet)
	r := w.Run(t, trying("--by=pod (.*)", "-o=json")...)
	if r.ExitCode != 0 {
		t.Fatalf("ended with %d\n%s", r.ExitCode, said(r))
	}
	noPods(t, w)
	var report struct {
		Kind    string
		Clients []struct {
			Context, URL, Node string
			Measured           struct{ Answered int }
			Predicted          struct {
				Shares []struct{ Context, Verdict string }
			}
			Comparison struct {
				Agreement  string
				AnsweredBy map[string]int
			}
		}
	}
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
		t.Fatalf("%v\n%s", err, said(r))
	}
	if report.Kind != "TryReport" || len(report.Clients) != 1 {
		t.Fatalf("report is %s", r.Stdout)
	}
	c := report.Clients[0]
	if c.Context != "aks-1" || c.URL != "http://10.0.0.77:8000/" || c.Node != "simulated-kubelet" || c.Measured.Answered != 5 ||
		len(c.Predicted.Shares) != 1 || c.Predicted.Shares[0].Verdict != "allowed" || c.Comparison.Agreement != "agrees" || c.Comparison.AnsweredBy["aks-1"] != 5 {
		t.Errorf("client is %+v", c)
	}
	if len(kubelet.Pods) != 1 {
		t.Fatalf("%d pods were made", len(kubelet.Pods))
	}
	args := strings.Join(kubelet.Pods[0].Spec.Containers[0].Args, " ")
	if want := "http -n 5 -concurrency 4 -timeout 2s -host web.shop.svc.cluster.local -by pod (.*) -- http://10.0.0.77:8000/"; args != want {
		t.Errorf("the prober's arguments are\n%s, want\n%s", args, want)
	}
}

// What stands between cluster and user may cut a log off.
func TestTryReadsALogAgain(t *testing.T) {
	w := shop(t, &apienv.SimulatedKubelet{State: running(), Log: logs(progress, progress+allWell)})
	r := w.Run(t, trying()...)
	if r.ExitCode != 0 {
		t.Fatalf("ended with %d\n%s", r.ExitCode, said(r))
	}
	noPods(t, w)
	says(t, r.Stdout, "5 of 5 requests", "aks-1    5       100.0%", "predicted: aks-1 100.0% (1 endpoint)", "agents:    none was asked",
		"as many were answered as the rules say, and by the clusters that should")
	says(t, r.Stderr, "3 of 5 requests")
}

func TestTryDiffers(t *testing.T) {
	const half = `{"http":{"requests":5,"answered":3,"failed":2,"answers":[{"text":"aks-1","times":3}],"errors":[{"text":"timeout","times":2}],"tookMicroseconds":7}}`
	w := shop(t, &apienv.SimulatedKubelet{State: running(), Log: logs(half)})
	r := w.Run(t, trying()...)
	if r.ExitCode != 2 {
		t.Errorf("ended with %d, want 2\n%s", r.ExitCode, said(r))
	}
	noPods(t, w)
	says(t, r.Stdout, "no answer: timeout   2       40.0%")
	says(t, r.Stderr, `error: context "aks-1": by the rules every request is answered, and 2 of 5 failed`)
}

// A cluster that cannot be asked does not hide what others answer.
func TestTryWithoutOneCluster(t *testing.T) {
	w := shop(t, &apienv.SimulatedKubelet{State: running(), Log: logs(allWell)})
	w.AddUnreachable(t, "gone")
	r := w.Run(t, trying("--context=gone")...)
	if r.ExitCode != 1 {
		t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	noPods(t, w)
	says(t, r.Stdout, "aks-1: 5 of 5 requests", "gone: not asked")
	says(t, r.Stderr, `error: context "gone": the service could not be read`)
}

func TestTryNeverStarts(t *testing.T) {
	for name, tt := range map[string]struct {
		state *corev1.ContainerState
		more  []string
		want  []string
	}{
		"image": {
			state: &corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off pulling image"}},
			want:  []string{`error: context "aks-1": image ` + probeImage + ` cannot be pulled: ImagePullBackOff: Back-off pulling image`, "--image or $AKSMESH_PROBE_IMAGE"},
		},
		"no node": {more: []string{"--start-timeout=1s"}, want: []string{`error: context "aks-1": the prober does not run after 1s`, "describe pod aksmesh-try-"}},
		"ended": {
			state: &corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137}},
			want:  []string{`error: context "aks-1": the prober ended without a result: OOMKilled with exit code 137: panic: no memory`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := shop(t, &apienv.SimulatedKubelet{State: tt.state, Log: logs("panic: no memory\n")})
			r := w.Run(t, trying(tt.more...)...)
			if r.ExitCode != 1 {
				t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
			}
			says(t, r.Stderr, tt.want...)
			if n := len(errorLines(r)); n != 1 {
				t.Errorf("%d errors\n%s", n, said(r))
			}
			noPods(t, w)
		})
	}
}

func TestTryInterrupted(t *testing.T) {
	follows := make(chan struct{})
	kubelet := &apienv.SimulatedKubelet{State: running(), Log: func(ctx context.Context, n int, w http.ResponseWriter, _ string) {
		_, _ = io.WriteString(w, progress)
		w.(http.Flusher).Flush()
		if n == 1 {
			close(follows)
		}
		<-ctx.Done()
	}}
	w := shop(t, kubelet)
	p := w.Launch(t, trying()...)
	select {
	case <-follows:
	case <-time.After(time.Minute):
		t.Fatal("nobody asked for the log")
	}
	if err := p.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r := p.Wait()
	noPods(t, w)
	if r.ExitCode != 130 || r.Stdout != "" {
		t.Errorf("ended with %d, want 130 and nothing on stdout\n%s", r.ExitCode, said(r))
	}
	if lines := errorLines(r); len(lines) != 1 || lines[0] != "error: interrupted" {
		t.Errorf("errors are %q", lines)
	}
}

// An answer that is lost leaves it open whether the pod was made.
func TestTryRemovesWhatItDoesNotKnowOf(t *testing.T) {
	w := shop(t, &apienv.SimulatedKubelet{State: running(), Log: logs(allWell)})
	w.Journal.CutAfter(func(c apienv.Call) bool {
		return c.Verb == "create" && c.Path == "/api/v1/namespaces/shop/pods"
	}, func(apienv.Call) {})
	r := w.Run(t, trying()...)
	if r.ExitCode != 1 {
		t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stderr, "the prober's pod cannot be created in namespace shop")
	noPods(t, w)
}

func TestTryWithoutAService(t *testing.T) {
	w := shop(t, &apienv.SimulatedKubelet{})
	writes := watch(t, w)
	r := w.Run(t, "try", "other", "--context=aks-1", "-n=shop", "--image="+probeImage)
	if r.ExitCode != 1 {
		t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stderr, `error: context "aks-1": there is no service other in namespace shop`)
	for _, wrong := range []string{"-n=0", "--by=(", "--port=nope", "--from=nowhere", "--output=xml", "--scheme=ftp", "--path=x"} {
		if r := w.Run(t, trying(wrong)...); r.ExitCode != 1 || len(errorLines(r)) == 0 {
			t.Errorf("%s: ended with %d\n%s", wrong, r.ExitCode, said(r))
		}
	}
	noWrites(t, writes)
}

func TestTryForbidden(t *testing.T) {
	w := shop(t, &apienv.SimulatedKubelet{State: running(), Log: logs(allWell)})
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "none"}}
	quota.Spec.Hard = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}
	made, err := w.Members[0].Client.CoreV1().ResourceQuotas("shop").Create(t.Context(), quota, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	made.Status.Hard, made.Status.Used = quota.Spec.Hard, quota.Spec.Hard
	if _, err := w.Members[0].Client.CoreV1().ResourceQuotas("shop").UpdateStatus(t.Context(), made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	r := w.Run(t, trying()...)
	if r.ExitCode != 1 {
		t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stderr, "a ResourceQuota of namespace shop leaves no room for the prober's pod")
	noPods(t, w)
}
