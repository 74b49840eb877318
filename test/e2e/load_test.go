//go:build e2e

package e2e

import (
	"bufio"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// probeImage is the lab's image of the plugin's prober.
const probeImage = "aksmesh.lab/aksmesh-probe:v1"

// eachRequest is the time that a request of the load has: a connection that is
// cut fails all the same, and one that waits for a busy machine does not. How
// long the slowest one took is logged.
const eachRequest = "60s"

// steadyLoad is a client in every cluster that asks one URL without a pause.
type steadyLoad struct {
	clusters []*mesh.Cluster
	lines    []chan wire.Line
}

// startSteadyLoad returns once every client has its first answers. urls are
// what the client in each cluster asks, by context.
func startSteadyLoad(t *testing.T, clusters []*mesh.Cluster, urls map[string]string) *steadyLoad {
	t.Helper()
	l := &steadyLoad{clusters: clusters}
	for _, c := range clusters {
		must[*corev1.Pod](t)(c.Client.CoreV1().Pods(metav1.NamespaceDefault).Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "load"},
			Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever,
				Containers: []corev1.Container{{
					Name: "load", Image: probeImage, ImagePullPolicy: corev1.PullIfNotPresent,
					Args: []string{"http", "-n", "100000000", "-timeout", eachRequest, urls[c.Context]},
				}},
			},
		}, metav1.CreateOptions{}))
	}
	for _, c := range clusters {
		running(t, c, "load")
		l.lines = append(l.lines, follow(t, c, "load"))
	}
	for i, c := range clusters {
		if line, ok := <-l.lines[i]; !ok || line.Last() {
			t.Fatalf("%s: the load ended before it began: %+v", c.Context, line)
		}
	}
	return l
}

// demoService are the URLs of the demo service in each cluster, by context.
func demoService(t *testing.T, clusters []*mesh.Cluster) map[string]string {
	t.Helper()
	urls := map[string]string{}
	for _, c := range clusters {
		service := must[*corev1.Service](t)(c.Client.CoreV1().Services(metav1.NamespaceDefault).Get(t.Context(), app, metav1.GetOptions{}))
		urls[c.Context] = "http://" + service.Spec.ClusterIP + "/"
	}
	return urls
}

// nextPods are the URLs of pod hello in the next cluster, by context: no service
// is involved, so that only the path between pods counts.
func nextPods(t *testing.T, clusters []*mesh.Cluster) map[string]string {
	t.Helper()
	urls := map[string]string{}
	for i, c := range clusters {
		urls[c.Context] = "http://" + hello(t, clusters[(i+1)%len(clusters)]) + ":8080/"
	}
	return urls
}

// follow reads what a prober says until its pod ends.
func follow(t *testing.T, c *mesh.Cluster, pod string) chan wire.Line {
	t.Helper()
	log, err := c.Client.CoreV1().Pods(metav1.NamespaceDefault).GetLogs(pod, &corev1.PodLogOptions{Follow: true}).Stream(t.Context())
	if err != nil {
		t.Fatalf("%s: log of pod %s: %v", c.Context, pod, err)
	}
	lines := make(chan wire.Line)
	go func() {
		defer close(lines)
		defer log.Close()
		for scanner := bufio.NewScanner(log); scanner.Scan(); {
			line, ok := wire.Parse(scanner.Bytes())
			if !ok {
				continue
			}
			select {
			case lines <- line:
			default:
				if line.Last() {
					lines <- line
				}
			}
		}
	}()
	return lines
}

// done is how many requests each client has sent by now, by context.
func (l *steadyLoad) done(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for i, c := range l.clusters {
		line, ok := <-l.lines[i]
		if !ok || line.Last() {
			t.Fatalf("%s: the load has ended: %+v", c.Context, line)
		}
		counts[c.Context] = line.Done
	}
	return counts
}

// stop ends the clients, and returns what each has measured, by context.
func (l *steadyLoad) stop(t *testing.T) map[string]*wire.HTTP {
	t.Helper()
	results := map[string]*wire.HTTP{}
	for i, c := range l.clusters {
		if err := c.Client.CoreV1().Pods(metav1.NamespaceDefault).Delete(t.Context(), "load", metav1.DeleteOptions{}); err != nil {
			t.Fatalf("%s: %v", c.Context, err)
		}
		end := time.After(time.Minute)
		for results[c.Context] == nil {
			select {
			case line, ok := <-l.lines[i]:
				if !ok {
					t.Fatalf("%s: the load's result is lost", c.Context)
				}
				results[c.Context] = line.HTTP
			case <-end:
				t.Fatalf("%s: the load does not end", c.Context)
			}
		}
	}
	return results
}
