//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// helloWorld is the lab's demo application: it serves a page with a title, and
// asks for one.
const helloWorld = "aksmesh.lab/aks-helloworld:v1"

// hello runs the demo application in a cluster and returns its pod's IP.
func hello(t *testing.T, c *mesh.Cluster) string {
	t.Helper()
	pods := c.Client.CoreV1().Pods(metav1.NamespaceDefault)
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "hello"},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "hello", Image: helloWorld, ImagePullPolicy: corev1.PullIfNotPresent, Args: []string{"serve"},
				Env: []corev1.EnvVar{{Name: "TITLE", Value: c.Context}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatalf("%s: %v", c.Context, err)
	}
	return running(t, c, "hello")
}

// running waits until a pod of namespace default runs, and returns its IP.
func running(t *testing.T, c *mesh.Cluster, name string) string {
	t.Helper()
	var ip string
	err := wait.PollUntilContextTimeout(t.Context(), time.Second, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		pod, err := c.Client.CoreV1().Pods(metav1.NamespaceDefault).Get(ctx, name, metav1.GetOptions{})
		if err != nil || pod.Status.Phase != corev1.PodRunning {
			return false, nil
		}
		ip = pod.Status.PodIP
		return ip != "", nil
	})
	if err != nil {
		t.Fatalf("%s: pod %s does not run: %v", c.Context, name, err)
	}
	return ip
}

// reach has the pod of every cluster ask the pod of every other by its IP, and
// compares who answered.
func reach(t *testing.T, clusters []*mesh.Cluster) {
	t.Helper()
	ips := map[string]string{}
	for _, c := range clusters {
		ips[c.Context] = hello(t, c)
	}
	for _, from := range clusters {
		for _, to := range clusters {
			if from.Context == to.Context {
				continue
			}
			const requests = 20
			out, err := inPod(t, from, "/helloworld", "ask", "-n", fmt.Sprint(requests), "http://"+ips[to.Context]+":8080/")
			want := fmt.Sprintf("%d %s", requests, to.Context)
			if err != nil || strings.TrimSpace(out) != want {
				t.Errorf("a pod in %s asks the pod %s of %s: got %q, want %q (%v)", from.Context, ips[to.Context], to.Context, out, want, err)
			}
		}
	}
}

// inPod runs a command in pod hello.
func inPod(t *testing.T, c *mesh.Cluster, command ...string) (string, error) {
	t.Helper()
	out, err := mesh.ExecIn(c, metav1.NamespaceDefault).Run(t.Context(), "hello", "hello", command...)
	return string(out), err
}

// restarts describes the pods of kube-system that are not on their way out:
// name, UID and restart counts.
func restarts(t *testing.T, clusters []*mesh.Cluster) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, c := range clusters {
		list, err := c.Client.CoreV1().Pods(mesh.Namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			pod := &list.Items[i]
			if pod.DeletionTimestamp != nil {
				continue
			}
			var counts []string
			for _, status := range pod.Status.ContainerStatuses {
				counts = append(counts, fmt.Sprintf("%s=%d", status.Name, status.RestartCount))
			}
			seen[c.Context+"/"+pod.Name] = string(pod.UID) + " " + strings.Join(counts, " ")
		}
	}
	return seen
}
