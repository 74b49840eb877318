package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// simulatedAgent is one pod that answers as an agent of Cilium: it runs what
// the DaemonSet's image says, and is connected to every other member. The
// kubelet that passes the question on is simulated too.
type simulatedAgent struct {
	member *apienv.Member
	others []string
	files  mountedCert
}

const simulatedPod = "cilium-simulated"

// simulateAgents starts an agent in every cluster until the test ends. Cilium
// must be installed there.
func simulateAgents(t *testing.T, w *apienv.World) []*simulatedAgent {
	t.Helper()
	var agents []*simulatedAgent
	for _, m := range w.Members {
		agent := &simulatedAgent{member: m}
		for _, other := range w.Members {
			if other != m {
				agent.others = append(agent.others, other.Context)
			}
		}
		kubelet := httptest.NewTLSServer(agent)
		t.Cleanup(kubelet.Close)
		if err := agent.start(t.Context(), kubelet.URL); err != nil {
			t.Fatalf("%s: simulated agent: %v", m.Context, err)
		}
		agents = append(agents, agent)
	}
	return agents
}

// start makes the pod, and has the API server find its kubelet.
func (a *simulatedAgent) start(ctx context.Context, kubelet string) error {
	client := a.member.Client.CoreV1()
	nodes, err := client.Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	node := &nodes.Items[0]
	at, err := url.Parse(kubelet)
	if err != nil {
		return err
	}
	port, err := strconv.ParseInt(at.Port(), 10, 32)
	if err != nil {
		return err
	}
	for i := range node.Status.Addresses {
		// API servers dial the hostname before any address.
		if node.Status.Addresses[i].Type == corev1.NodeHostName {
			node.Status.Addresses[i].Address = at.Hostname()
		}
	}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(port)
	if _, err := client.Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		return err
	}
	no := false
	pod, err := client.Pods("kube-system").Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: simulatedPod, Labels: map[string]string{"k8s-app": "cilium", "app.kubernetes.io/part-of": "cilium"}},
		Spec: corev1.PodSpec{
			NodeName: node.Name, ServiceAccountName: "cilium", AutomountServiceAccountToken: &no,
			Containers: []corev1.Container{{Name: "cilium-agent", Image: "example.invalid/simulated"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	pod.Status.Phase = corev1.PodRunning
	_, err = client.Pods("kube-system").UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

// ServeHTTP answers the API server's requests to run a command in the pod.
func (a *simulatedAgent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	command := r.URL.Query()["command"]
	answers := a.status
	if slices.Contains(command, "troubleshoot") {
		answers = a.troubleshoot
	}
	if !strings.HasPrefix(r.URL.Path, "/exec/kube-system/"+simulatedPod+"/") || !slices.Contains(command, "status") && !slices.Contains(command, "troubleshoot") {
		http.Error(w, "the simulated kubelet has nothing at "+r.URL.String(), http.StatusNotFound)
		return
	}
	answer, err := answers(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	serveExec(w, r, answer)
}

// serveExec speaks remote command's protocol, as far as a command without input
// needs it: what it printed, and that it went well.
func serveExec(w http.ResponseWriter, r *http.Request, stdout []byte) {
	if _, err := httpstream.Handshake(r, w, []string{"v4.channel.k8s.io"}); err != nil {
		return // the client has been told
	}
	type opened struct {
		httpstream.Stream
		replied <-chan struct{}
	}
	streams := make(chan opened, 4)
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, replied <-chan struct{}) error {
		streams <- opened{s, replied}
		return nil
	})
	if connection == nil {
		return
	}
	defer connection.Close()
	byType := map[string]httpstream.Stream{}
	for byType["stdout"] == nil || byType["stderr"] == nil || byType["error"] == nil {
		select {
		case s := <-streams:
			<-s.replied
			byType[s.Headers().Get(corev1.StreamType)] = s
		case <-time.After(10 * time.Second): // the client asks for other streams than these
			return
		}
	}
	_, _ = byType["stdout"].Write(stdout)
	_ = byType["stdout"].Close()
	_ = byType["stderr"].Close()
	well, _ := json.Marshal(&metav1.Status{Status: metav1.StatusSuccess})
	_, _ = byType["error"].Write(well)
	_ = byType["error"].Close()
	<-connection.CloseChan()
}

// status is what the agent says of itself.
func (a *simulatedAgent) status(ctx context.Context) ([]byte, error) {
	set, err := a.member.Client.AppsV1().DaemonSets("kube-system").Get(ctx, "cilium", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	_, tag, _ := strings.Cut(set.Spec.Template.Spec.Containers[0].Image, ":v")
	tag, _, _ = strings.Cut(tag, "@")
	var clusters []map[string]any
	for _, name := range a.others {
		clusters = append(clusters, map[string]any{
			"name": name, "connected": true, "ready": true, "num-nodes": 1,
			"synced": map[string]any{"nodes": true, "endpoints": true, "identities": true, "services": true},
		})
	}
	return json.Marshal(map[string]any{
		"cilium":       map[string]any{"msg": fmt.Sprintf("%s (v%s-simulated)", tag, tag)},
		"cluster-mesh": map[string]any{"clusters": clusters},
	})
}

// workloads says of a member's DaemonSets and Deployments that they are ready,
// until the returned function is called, or the test ends.
func workloads(t *testing.T, m *apienv.Member) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- apienv.NewSimulatedWorkloads(m.Client, 1).Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("%s: simulated workloads: %v", m.Context, err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// unready says that a member's agents are not ready.
func unready(t *testing.T, m *apienv.Member) {
	t.Helper()
	sets := m.Client.AppsV1().DaemonSets("kube-system")
	set, err := sets.Get(t.Context(), "cilium", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set.Status.NumberReady = 0
	if _, err := sets.UpdateStatus(t.Context(), set, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}
