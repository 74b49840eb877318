package probe

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// cluster is one whose pods have a status from the start, and a log of two words.
func cluster(s corev1.PodStatus) *mesh.Cluster {
	client := fake.NewClientset()
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Name, pod.Status, pod.Spec.NodeName = pod.GenerateName+"x", s, "n-1"
		return false, nil, nil
	})
	return &mesh.Cluster{Context: "aks-1", Client: client}
}

// Whatever goes wrong is told in time, and leaves no pod.
func TestRunFails(t *testing.T) {
	t.Parallel()
	runs := status(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
	interrupted := errors.New("interrupted")
	for name, tt := range map[string]struct {
		status corev1.PodStatus
		cancel bool
		want   string
	}{
		"never starts":  {corev1.PodStatus{}, false, "the prober does not run after 300ms: its container is not made yet; see: kubectl --context aks-1 -n shop describe pod aksmesh-try-x"},
		"cannot start":  {waiting("ImagePullBackOff", ""), false, "image i cannot be pulled: ImagePullBackOff"},
		"without end":   {runs, false, errTooLong.Error()},
		"ends silently": {terminated("Error", "", 2), false, "the prober ended without a result: Error with exit code 2: fake logs"},
		"interrupted":   {runs, true, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			c := cluster(tt.status)
			job := Job{Namespace: "shop", Image: "i", StartWithin: 300 * time.Millisecond, RunWithin: 300 * time.Millisecond}
			outcome, err := Run(ctx, c, job, func(string) {
				if tt.cancel {
					cancel(interrupted)
				}
			})
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if outcome.Pod != "aksmesh-try-x" || outcome.Line.Last() {
				t.Errorf("outcome %+v", outcome)
			}
			left, err := c.Client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
			if err != nil || len(left.Items) != 0 {
				t.Errorf("%d pods are left, %v", len(left.Items), err)
			}
		})
	}
}
