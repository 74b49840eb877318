package probe

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// stubborn is a cluster of one node whose pods have the status and are not to
// be deleted.
func stubborn(s corev1.PodStatus) *mesh.Cluster {
	client := fake.NewClientset(&corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "n-1"},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	})
	var made atomic.Int32
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Name, pod.Status = fmt.Sprintf("%s%d", pod.GenerateName, made.Add(1)), s
		return false, nil, nil
	})
	client.PrependReactor("delete", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("etcd is full")
	})
	return &mesh.Cluster{Context: "aks-1", Client: client}
}

// All pods that cannot be removed are told, those whose job failed as well.
func TestLeft(t *testing.T) {
	t.Parallel()
	s := &site{
		probing: &probing{options: MeshOptions{Namespace: "shop", Image: "i", StartWithin: 10 * time.Second, Say: func(string, string) {}}},
		cluster: stubborn(waiting("ImagePullBackOff", "")), facts: &mesh.Facts{},
	}
	s.sites = []*site{s}
	s.listen(t.Context())
	if !s.seen.NoImage || !strings.Contains(s.seen.NodeError, "image i cannot be pulled") || !strings.Contains(s.seen.PodError, "image i cannot be pulled") {
		t.Errorf("the image's error is not told: %+v", s.seen)
	}
	if _, err := s.measure(t.Context(), []wire.Task{{}}, true, "on the node"); err == nil {
		t.Error("a measurement without an image has a result")
	}
	s.end(t.Context())
	for _, pod := range []string{"aksmesh-probe-1", "aksmesh-probe-2", "aksmesh-probe-3"} {
		if !strings.Contains(s.seen.Left, "pod "+pod+" is not gone; delete it with kubectl --context aks-1 -n shop delete pod "+pod+": etcd is full") {
			t.Errorf("%s is not told to be left: %s", pod, s.seen.Left)
		}
	}
}

// A listener outlives the turns of all clusters, also where they are more than
// are worked on at once.
func TestListenWithin(t *testing.T) {
	t.Parallel()
	const start = 2 * time.Minute
	for clusters, turns := range map[int]time.Duration{2: 1, 16: 1, 17: 2, 32: 2, 100: 7} {
		p := &probing{options: MeshOptions{StartWithin: start}, sites: make([]*site, clusters)}
		// From the end of its own start: it is heard, the others start and are
		// heard, and all turns of senders start and measure.
		needed := start + (turns-1)*2*start + turns*(start+runWithin(5*clusters))
		if got := p.listenWithin(); got < needed || got > needed+turns*2*time.Minute {
			t.Errorf("%d clusters: a listener lives %s, want at least %s and little more", clusters, got, needed)
		}
	}
}
