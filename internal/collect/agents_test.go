package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// pods answers for every pod of one cluster, by what the command contains.
type pods struct {
	mu      sync.Mutex
	answers map[string]func(ctx context.Context, pod string) ([]byte, error)
	asked   []string // "pod: word"
}

func (p *pods) Run(ctx context.Context, pod, _ string, command ...string) ([]byte, error) {
	text := strings.Join(command, " ")
	for word, answer := range p.answers {
		if strings.Contains(text, word) {
			p.mu.Lock()
			p.asked = append(p.asked, pod+": "+word)
			p.mu.Unlock()
			return answer(ctx, pod)
		}
	}
	return nil, fmt.Errorf("no answer to %s", text)
}

func says(text string) func(context.Context, string) ([]byte, error) {
	return func(context.Context, string) ([]byte, error) { return []byte(text), nil }
}

func ciliumPod(name, app string, containers ...string) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: mesh.Namespace, Labels: map[string]string{partOf: agentName, cilium.AppLabel: app}},
		Spec:       corev1.PodSpec{NodeName: "node-of-" + name},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, c := range containers {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: c})
	}
	return p
}

// twoNodes is a cluster of two agents and a clustermesh-apiserver, whose pods
// are healthy but for what the answers say.
func twoNodes(answers map[string]func(context.Context, string) ([]byte, error)) (*look, *pods) {
	all := map[string]func(context.Context, string) ([]byte, error){
		"cilium-dbg status":      says(`{"cilium": {"msg": "1.20.1"}, "cluster-mesh": {"clusters": [{"name": "b", "connected": true, "ready": true}]}}`),
		"kvstoremesh-dbg status": says(`[{"name": "b", "connected": true, "ready": true}]`),
		"cilium-health status":   says(`{"local": {"name": "a/n"}, "timestamp": "2026-11-22T14:24:57Z", "nodes": [{"name": "b/node-of-cilium-1", "host": {"primary-address": {"ip": "10.2.0.4", "icmp": {"lastProbed": "x"}, "http": {"lastProbed": "x"}}}}]}`),
		"/dev/tcp":               says("open 10.2.0.4\ndone\n"),
		"db/show":                says("0.0.0.0/0 1500 1450 1500\n"),
		"/proc/net":              says("1: 0200020A:1090 0400010A:D5BE 03\nendpoint\ndone\n"),

		"kvstoremesh-dbg troubleshoot": says("Cluster \"b\":\n   ✅ Etcd connection successfully established\n"),
	}
	for word, answer := range answers {
		all[word] = answer
	}
	exec := &pods{answers: all}
	client := fake.NewClientset(ciliumPod("cilium-1", agentName, "cilium-agent"), ciliumPod("cilium-2", agentName, "cilium-agent"),
		ciliumPod("clustermesh-apiserver-1", "clustermesh-apiserver", "etcd", "kvstoremesh"))
	return &look{
		cluster: &mesh.Cluster{Client: client, Exec: exec},
		options: Options{Agents: true, Health: true},
		facts:   mesh.Facts{Config: &mesh.Config{ClusterName: "a"}},
	}, exec
}

func TestAgentTierHealthy(t *testing.T) {
	l, exec := twoNodes(nil)
	if err := l.agents(t.Context()); err != nil {
		t.Fatal(err)
	}
	directions(t.Context(), []*look{l})
	one := mesh.NodeHealth{
		Pod: "cilium-1", Node: "node-of-cilium-1", Probed: time.Date(2026, 11, 22, 14, 24, 57, 0, time.UTC), MTU: &mesh.NodeMTU{Device: 1500, Route: 1450},
		Paths: []mesh.Paths{{Cluster: "b", Nodes: 1, Host: mesh.Path{ICMP: mesh.Reached, TCP: mesh.Reached}}},
	}
	two := one
	two.Pod, two.Node = "cilium-2", "node-of-cilium-2"
	tried := []mesh.Dial{{Pod: "clustermesh-apiserver-1", Remote: "b", Steps: []mesh.Step{{Name: mesh.StepEtcd, OK: true, Text: "Etcd connection successfully established"}}}}
	if d := cmp.Diff(&mesh.AgentTier{Health: []mesh.NodeHealth{one, two}, Dials: tried}, l.facts.AgentTier); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for _, asked := range exec.asked {
		if strings.Contains(asked, "cilium-dbg troubleshoot") || strings.Contains(asked, "/proc/net") {
			t.Errorf("asked without need: %s", asked)
		}
	}
	if len(l.facts.Agents) != 2 || len(l.facts.KVStore) != 1 {
		t.Errorf("agents %v, kvstoremesh %v", l.facts.Agents, l.facts.KVStore)
	}
}

// TestPodsThatHaveEnded: a pod that its node has evicted stays until somebody
// clears it away, beside the one that a Deployment has put in its place. One of
// an agent leaves a node without any, until the DaemonSet has replaced it.
func TestPodsThatHaveEnded(t *testing.T) {
	l, _ := twoNodes(nil)
	for name, phase := range map[string]corev1.PodPhase{"clustermesh-apiserver-0": corev1.PodFailed, "clustermesh-apiserver-2": corev1.PodSucceeded} {
		ended := ciliumPod(name, cilium.MeshDeployment, "etcd", "apiserver", "kvstoremesh")
		ended.Status = corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{{Name: "etcd", RestartCount: 3}}}
		create(t, l, ended)
	}
	evicted := ciliumPod("cilium-3", agentName, "cilium-agent")
	evicted.Status.Phase = corev1.PodFailed
	create(t, l, evicted)
	if err := l.agents(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"cilium-1: ", "cilium-2: ", "cilium-3: pod is Failed"}, answered(l.facts.Agents)); d != "" {
		t.Errorf("agents (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"clustermesh-apiserver-1: "}, answered(l.facts.KVStore)); d != "" {
		t.Errorf("kvstoremeshes (-want +got)\n%s", d)
	}
	if r := l.facts.AgentTier.Restarts; len(r) > 0 {
		t.Errorf("restarts of what runs no more: %+v", r)
	}
	shown, err := Presented(t.Context(), l.cluster, Peers{}, nil)
	if err != nil || len(shown) != 1 || shown[0].Pod != "clustermesh-apiserver-1" {
		t.Errorf("certificates are asked for of %+v, %v", shown, err)
	}
}

func create(t *testing.T, l *look, p *corev1.Pod) {
	t.Helper()
	if _, err := l.cluster.Client.CoreV1().Pods(mesh.Namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// answered are pods and their errors, as "pod: error".
func answered(agents []mesh.Agent) []string {
	var all []string
	for i := range agents {
		all = append(all, agents[i].Pod+": "+agents[i].Error)
	}
	return all
}

// TestAgentThatHangs costs its own deadline, once, and nothing of the others.
func TestAgentThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(well string) func(context.Context, string) ([]byte, error) {
			return func(ctx context.Context, pod string) ([]byte, error) {
				if pod == "cilium-1" {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return []byte(well), nil
			}
		}
		l, exec := twoNodes(map[string]func(context.Context, string) ([]byte, error){
			"cilium-health status": hang(`{"local": {"name": "a/n"}, "nodes": []}`), "db/show": hang("0.0.0.0/0 1500 1450 1500"),
		})
		start := time.Now()
		if err := l.agents(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != execTimeout {
			t.Errorf("took %s", took)
		}
		health := l.facts.AgentTier.Health
		if health[0].Error != (mesh.NoAnswerError{Within: execTimeout}).Error() || health[1].Error != "" || health[1].MTU == nil {
			t.Errorf("%+v", health)
		}
		if slices.Contains(exec.asked, "cilium-1: /dev/tcp") {
			t.Error("an agent that hangs is asked on")
		}
	})
}

// TestAgentThatIsSlow is waited for as long as the user bounds requests.
func TestAgentThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := twoNodes(map[string]func(context.Context, string) ([]byte, error){
			"cilium-health status": func(ctx context.Context, _ string) ([]byte, error) {
				select {
				case <-ctx.Done():
					return nil, ctx.Err()
				case <-time.After(2 * execTimeout):
					return []byte(`{"local": {"name": "a/n"}, "nodes": []}`), nil
				}
			},
		})
		for bound, want := range map[time.Duration]string{
			3 * execTimeout: "",
			execTimeout / 4: "no answer within 12s",
			0:               "no answer within 12s",
		} {
			l.cluster.Config = &rest.Config{Timeout: bound}
			if err := l.agents(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, health := range l.facts.AgentTier.Health {
				if health.Error != want {
					t.Errorf("--request-timeout %s: %s says %q, want %q", bound, health.Pod, health.Error, want)
				}
			}
		}
	})
}

// TestDirections: a dial that fails has the other side asked whether it arrived.
func TestDirections(t *testing.T) {
	a, _ := twoNodes(map[string]func(context.Context, string) ([]byte, error){"/dev/tcp": says("done\n")})
	b, exec := twoNodes(map[string]func(context.Context, string) ([]byte, error){"cilium-health status": says(`{"local": {"name": "b/n"}, "nodes": []}`)})
	b.facts.Config = &mesh.Config{ClusterName: "b"}
	for _, l := range []*look{a, b} {
		if err := l.agents(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	directions(t.Context(), []*look{a, b})
	want := &[]mesh.Arrival{{From: "10.1.0.4"}}
	if d := cmp.Diff(want, b.facts.AgentTier.Health[0].Arrivals); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if b.facts.AgentTier.Health[1].Arrivals != nil || slices.Contains(exec.asked, "cilium-2: /proc/net") {
		t.Error("a node that was reached is asked as well")
	}
}

// TestDials: each remote is gone through once, what is not connected first,
// and with kvstoremesh agents only if they are not connected to it.
func TestDials(t *testing.T) {
	text, err := os.ReadFile("../cilium/agent/testdata/troubleshoot.txt")
	if err != nil {
		t.Fatal(err)
	}
	l, exec := twoNodes(map[string]func(context.Context, string) ([]byte, error){
		"kvstoremesh-dbg status":           says(`[{"name": "good", "connected": true}, {"name": "refused"}]`),
		"cilium-dbg status":                says(`{"cilium": {}, "cluster-mesh": {"clusters": [{"name": "refused"}, {"name": "login"}]}}`),
		"kvstoremesh-dbg troubleshoot":     says(string(text)),
		"cilium-dbg troubleshoot clusterm": func(context.Context, string) ([]byte, error) { return nil, errors.New("exec failed") },
	})
	if err := l.agents(t.Context()); err != nil {
		t.Fatal(err)
	}
	dials := l.facts.AgentTier.Dials
	if len(dials) != 3 || dials[0].Remote != "refused" || len(dials[0].Steps) != 3 || !dials[1].Own || dials[1].Error != "exec failed" ||
		dials[2].Remote != "good" || len(dials[2].Steps) != 4 {
		t.Errorf("%+v\nasked %v", dials, exec.asked)
	}
}

// TestDialsBounded: what is too many to be dialled is named, whether it is
// connected or only said to be.
func TestDialsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		lost, said                int
		dials, undialled, untried int
	}{
		"all lost":      {lost: 100, dials: maxDials, undialled: 100 - maxDials},
		"all connected": {said: 100, dials: maxTries, untried: 100 - maxTries},
		"both":          {lost: 20, said: 100, dials: maxDials + maxTries, undialled: 20 - maxDials, untried: 100 - maxTries},
		"few":           {lost: 2, said: maxTries, dials: 2 + maxTries},
		"as many as go": {lost: maxDials, said: 17, dials: maxDials + 17},
	} {
		var kv mesh.Agent
		for i := range test.lost {
			kv.Remotes = append(kv.Remotes, mesh.Remote{Name: fmt.Sprint("lost", i)})
		}
		for i := range test.said {
			kv.Remotes = append(kv.Remotes, mesh.Remote{Name: fmt.Sprint("said", i), Connected: true})
		}
		l, _ := twoNodes(map[string]func(context.Context, string) ([]byte, error){"kvstoremesh-dbg troubleshoot": says("")})
		l.facts.KVStore, l.facts.AgentTier = []mesh.Agent{kv}, &mesh.AgentTier{}
		l.dials(t.Context())
		tier := l.facts.AgentTier
		if got := [3]int{len(tier.Dials), len(tier.NotDialled), len(tier.NotTried)}; got != [3]int{test.dials, test.undialled, test.untried} {
			t.Errorf("%s: dials, not dialled, not tried: %v", name, got)
		}
	}
}

// TestDialsOfAll: each cluster begins with the one that comes after it, so that
// together they try every pair from one side at least.
func TestDialsOfAll(t *testing.T) {
	const clusters = 2*maxTries + 1
	name := func(i int) string { return fmt.Sprintf("c%03d", i) }
	tried := map[[2]string]bool{}
	for i := range clusters {
		var kv mesh.Agent
		for j := range clusters {
			if j != i {
				kv.Remotes = append(kv.Remotes, mesh.Remote{Name: name(j), Connected: true})
			}
		}
		l, _ := twoNodes(map[string]func(context.Context, string) ([]byte, error){"kvstoremesh-dbg troubleshoot": says("")})
		l.facts.Config.ClusterName = name(i)
		l.facts.KVStore, l.facts.AgentTier = []mesh.Agent{kv}, &mesh.AgentTier{}
		l.dials(t.Context())
		for _, d := range l.facts.AgentTier.Dials {
			tried[[2]string{name(i), d.Remote}], tried[[2]string{d.Remote, name(i)}] = true, true
		}
	}
	if want := clusters * (clusters - 1); len(tried) != want {
		t.Errorf("%d of %d pairs are tried", len(tried)/2, want/2)
	}
}

func TestRestarts(t *testing.T) {
	ended := metav1.NewTime(time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC))
	end := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, FinishedAt: ended}}
	}
	waits := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
	}
	p := ciliumPod("p", "x")
	p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "well", Ready: true, State: end("Completed")}, {Name: "image", State: waits("ImagePullBackOff")}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "etcd", RestartCount: 4, State: waits("CrashLoopBackOff"), LastTerminationState: end("OOMKilled")},
		{Name: "ended", RestartCount: 1, State: end("Error")},
		{Name: "starting", State: waits("ContainerCreating")},
	}
	want := []mesh.Restart{
		{Pod: "p", Node: "node-of-p", Container: "image", Waiting: "ImagePullBackOff"},
		{Pod: "p", Node: "node-of-p", Container: "etcd", Count: 4, Waiting: "CrashLoopBackOff", Reason: "OOMKilled", Ended: ended.Time},
		{Pod: "p", Node: "node-of-p", Container: "ended", Count: 1, Reason: "Error", Ended: ended.Time},
	}
	if d := cmp.Diff(want, restarts([]corev1.Pod{*p})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestSpread(t *testing.T) {
	all := make([]int, 1000)
	for i := range all {
		all[i] = i
	}
	if got := spread(all, 4); !slices.Equal(got, []int{0, 250, 500, 750}) {
		t.Errorf("%v", got)
	}
	if got := spread(all[:3], 4); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// TestWantedDials: one dial for each remote, lost ones first; with kvstoremesh
// one of the agents for all remotes, as they dial their own cluster.
func TestWantedDials(t *testing.T) {
	up := func(name string) mesh.Remote { return mesh.Remote{Name: name, Connected: true} }
	down := func(name string) mesh.Remote { return mesh.Remote{Name: name} }
	agents := []mesh.Agent{
		{Pod: "a1", Remotes: []mesh.Remote{up("x"), down("y"), down("z")}},
		{Pod: "a2", Remotes: []mesh.Remote{down("x"), down("y"), up("w")}},
	}
	kvstores := []mesh.Agent{{Pod: "kv", Remotes: []mesh.Remote{down("y"), up("x"), up("w")}}}
	for name, test := range map[string]struct {
		agents, kvstores []mesh.Agent
		lost, said       []mesh.Dial
	}{
		"without kvstoremesh": {
			agents: agents,
			lost:   []mesh.Dial{{Pod: "a1", Remote: "y"}, {Pod: "a1", Remote: "z"}, {Pod: "a2", Remote: "x"}},
			said:   []mesh.Dial{{Pod: "a2", Remote: "w"}},
		},
		"with kvstoremesh": {
			agents: agents, kvstores: kvstores,
			lost: []mesh.Dial{{Pod: "kv", Remote: "y"}, {Pod: "a1", Remote: "y", Own: true}},
			said: []mesh.Dial{{Pod: "kv", Remote: "x"}, {Pod: "kv", Remote: "w"}},
		},
		"nobody": {},
	} {
		lost, said := wantedDials(test.agents, test.kvstores)
		if d := cmp.Diff([2][]mesh.Dial{test.lost, test.said}, [2][]mesh.Dial{lost, said}); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

// What is said by many agents of many remotes costs no more than hearing it.
func TestWantedDialsOfMany(t *testing.T) {
	agents := make([]mesh.Agent, 1000)
	for i := range agents {
		for j := range 100 {
			agents[i].Remotes = append(agents[i].Remotes, mesh.Remote{Name: fmt.Sprintf("c%d", j), Connected: (i+j)%2 == 0})
		}
	}
	if got := testing.AllocsPerRun(1, func() { wantedDials(agents, nil) }); got > 1000 {
		t.Errorf("%.0f allocations for 100,000 remotes", got)
	}
}
