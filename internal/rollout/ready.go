package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/aksmesh/kubectl-aksmesh/internal/await"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// partOfCilium selects what the chart makes.
const partOfCilium = "app.kubernetes.io/part-of=cilium"

// Ready waits until all of Cilium's DaemonSets and Deployments run their
// newest template with all pods ready, clustermesh-apiserver among them.
func Ready(ctx context.Context, c *mesh.Cluster, say func(string)) error {
	return ready(ctx, c, append(alone(), "Deployment/"+cilium.MeshDeployment), say)
}

// ReadyAlone is [Ready] for a cluster that is in no mesh.
func ReadyAlone(ctx context.Context, c *mesh.Cluster, say func(string)) error {
	return ready(ctx, c, alone(), say)
}

// alone are the parts without which there is no Cilium. Others count as soon as
// they are seen.
func alone() []string {
	return []string{"DaemonSet/" + cilium.AgentDaemonSet, "Deployment/" + cilium.OperatorDeployment}
}

func ready(ctx context.Context, c *mesh.Cluster, required []string, say func(string)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := newReadiness(required, say, func() { cancel(errReady) })
	apps, core := c.Client.AppsV1(), c.Client.CoreV1()
	watches := []struct {
		kind runtime.Object
		lw   *cache.ListWatch
	}{
		{&appsv1.DaemonSet{}, &cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return apps.DaemonSets(cilium.Namespace).List(ctx, part(o))
			},
			WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				return apps.DaemonSets(cilium.Namespace).Watch(ctx, part(o))
			},
		}},
		{&appsv1.Deployment{}, &cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return apps.Deployments(cilium.Namespace).List(ctx, part(o))
			},
			WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				return apps.Deployments(cilium.Namespace).Watch(ctx, part(o))
			},
		}},
		{&corev1.Pod{}, &cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return core.Pods(cilium.Namespace).List(ctx, part(o))
			},
			WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				return core.Pods(cilium.Namespace).Watch(ctx, part(o))
			},
		}},
	}
	w.unlisted = len(watches)
	listed := func(store cache.Store) (bool, error) { w.listed(store.List()); return false, nil }
	var running sync.WaitGroup
	for _, one := range watches {
		running.Go(func() {
			// One watch that ends takes the others along.
			cancel(await.Event(ctx, one.kind, one.lw, listed, func(event watch.Event) bool {
				w.see(event.Object, event.Type == watch.Deleted)
				return false
			}))
		})
	}
	running.Go(func() { w.giveUp(ctx, c.Context, cancel) })
	running.Wait()
	err := context.Cause(ctx)
	var image *hopelessImage
	switch {
	case errors.Is(err, errReady):
		return nil
	case errors.As(err, &image):
		return err
	}
	return fmt.Errorf("%s: %w", cmp.Or(w.waiting(), "Cilium's state is not known"), err)
}

// giveUp ends a wait that has become hopeless, or that only pods of a dead node
// prolong. Watches bring nothing while things stay as they are, so it looks by
// itself.
func (w *readiness) giveUp(ctx context.Context, context string, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-time.After(hopelessInterval):
		case <-ctx.Done():
			return
		}
		if err := w.hopeless(context); err != nil {
			cancel(err)
		}
		w.tell()
	}
}

func part(o metav1.ListOptions) metav1.ListOptions {
	o.LabelSelector = partOfCilium
	return o
}

var errReady = errors.New("ready")

// hopelessInterval is how often giveUp looks.
const hopelessInterval = 2 * time.Second
