package rollout

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/aksmesh/kubectl-aksmesh/internal/await"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// daemonSet lists and watches one DaemonSet in kube-system.
func daemonSet(c *mesh.Cluster, name string) *cache.ListWatch {
	sets := c.Client.AppsV1().DaemonSets(cilium.Namespace)
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return sets.List(ctx, await.Only(o, name))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return sets.Watch(ctx, await.Only(o, name))
		},
	}
}

// Everywhere waits until a DaemonSet in kube-system exists and has a ready pod
// on every node that it wants one on.
func Everywhere(ctx context.Context, c *mesh.Cluster, name string, say func(string)) error {
	say("waiting for DaemonSet " + name)
	err := await.Object(ctx, &appsv1.DaemonSet{}, daemonSet(c, name), func(object any) bool {
		set := collect.DaemonSetState(object.(*appsv1.DaemonSet))
		say(fmt.Sprintf("%s: %d of %d ready", name, set.Ready, set.Desired))
		return set.Updated && set.Desired > 0 && set.Ready >= set.Desired
	})
	if err != nil {
		return timedOut(err, "daemonset %s is not ready on every node; see: kubectl --context %s -n %s get pods -o wide", name, c.Context, cilium.Namespace)
	}
	return nil
}

// Gone waits until a DaemonSet in kube-system does not exist any more.
func Gone(ctx context.Context, c *mesh.Cluster, name string) error {
	err := await.Event(ctx, &appsv1.DaemonSet{}, daemonSet(c, name), func(store cache.Store) (bool, error) {
		return len(store.List()) == 0, nil
	}, func(event watch.Event) bool { return event.Type == watch.Deleted })
	if err != nil {
		return timedOut(err, "daemonset %s is still there though Azure says that kube-proxy is off; see: kubectl --context %s -n %s get daemonset %s", name, c.Context, cilium.Namespace, name)
	}
	return nil
}
