package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestUpgradeToAnImageThatDoesNotExist: the wait ends long before its time, and
// says what stands in the way. An error that may pass is named, and waited for.
func TestUpgradeToAnImageThatDoesNotExist(t *testing.T) {
	w, stop := joinedMesh(t, three)
	chart := second(t)
	stop["aks-2"]()
	third := watchOne(t, w, "aks-3")
	m := w.Member(t, "aks-2")
	const (
		denied  = `failed to resolve reference "%[1]s": failed to authorize: 401 Unauthorized`
		missing = `failed to resolve reference "%[1]s": %[1]s: not found`
	)
	kubelet := simulateUnpulled(t, m, ":v"+relabelled, denied)
	r := w.Run(t, upgrading(chart, "--timeout=60s")...)
	if r.ExitCode != 1 {
		t.Errorf("ended with %d, want 1\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stderr, "pod cilium-unpulled, container cilium-agent: image ", "cannot be pulled (failed to resolve reference", "401 Unauthorized", "not done within --timeout 1m0s")
	says(t, r.Stdout, "helm rollback cilium 1 -n kube-system --kube-context aks-2", "not verified", "not begun", "401 Unauthorized")

	kubelet(missing)
	start := time.Now()
	r = w.Run(t, upgrading(chart, "--timeout=10m")...)
	if took := time.Since(start); r.ExitCode != 1 || took < 30*time.Second || took > 3*time.Minute {
		t.Errorf("ended with %d after %s, want 1 after half a minute\n%s", r.ExitCode, took, said(r))
	}
	says(t, r.Stdout, "pod cilium-unpulled, container cilium-agent: image ", "does not exist (failed to resolve reference",
		"push it, or name another one in the Helm value image; see: kubectl --context aks-2 -n kube-system describe pod cilium-unpulled",
		"helm rollback cilium 1 -n kube-system --kube-context aks-2", "not verified", "not begun")
	says(t, r.Stderr, "the same command goes on from here")
	if strings.Contains(r.Stdout, "helm rollback cilium 1 -n kube-system --kube-context aks-3") {
		t.Error("a cluster that was not begun has a way back")
	}
	if got := third(); len(got) > 0 {
		t.Errorf("aks-3 was written to: %v", got)
	}
	t.Logf("%s", said(r))
}

// simulateUnpulled makes a pod of agents once their DaemonSet has an image with
// a tag, and says as a kubelet that the image cannot be pulled. The returned
// function has the kubelet say something else.
func simulateUnpulled(t *testing.T, m *apienv.Member, tag, message string) (say func(message string)) {
	t.Helper()
	pods := m.Client.CoreV1().Pods("kube-system")
	tell := func(ctx context.Context, message string) error {
		pod, err := pods.Get(ctx, "cilium-unpulled", metav1.GetOptions{})
		if err != nil {
			return err
		}
		container := pod.Spec.Containers[0]
		pod.Status.Phase = corev1.PodPending
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: container.Name, Image: container.Image,
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: fmt.Sprintf(message, container.Image)}},
		}}
		_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() {
		set, err := rolledOut(ctx, m, tag)
		if err == nil {
			err = makeUnpulled(ctx, m, set)
		}
		if err == nil {
			err = tell(ctx, message)
		}
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the pod without an image: %v", m.Context, err)
		}
	})
	return func(message string) {
		t.Helper()
		if err := tell(t.Context(), message); err != nil {
			t.Fatalf("%s: the pod without an image: %v", m.Context, err)
		}
	}
}

// rolledOut waits until the agents' DaemonSet has an image with a tag.
func rolledOut(ctx context.Context, m *apienv.Member, tag string) (set *appsv1.DaemonSet, err error) {
	err = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		set, err = m.Client.AppsV1().DaemonSets("kube-system").Get(ctx, "cilium", metav1.GetOptions{})
		return err == nil && strings.Contains(set.Spec.Template.Spec.Containers[0].Image, tag), err
	})
	return set, err
}

func makeUnpulled(ctx context.Context, m *apienv.Member, set *appsv1.DaemonSet) error {
	nodes, err := m.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	no := false
	_, err = m.Client.CoreV1().Pods("kube-system").Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "cilium-unpulled", Labels: map[string]string{"app.kubernetes.io/part-of": "cilium"}},
		Spec: corev1.PodSpec{
			NodeName: nodes.Items[0].Name, ServiceAccountName: "cilium", AutomountServiceAccountToken: &no,
			Containers: []corev1.Container{{Name: "cilium-agent", Image: set.Spec.Template.Spec.Containers[0].Image}},
		},
	}, metav1.CreateOptions{})
	return err
}
