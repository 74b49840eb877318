package collect

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/aksmesh/kubectl-aksmesh/internal/await"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// WatchServices tells when Services or EndpointSlices change in any of the
// clusters, until ctx ends. Changes that come while nobody listens are told as
// one. An empty namespace means all, an empty name all services.
func WatchServices(ctx context.Context, clusters []*mesh.Cluster, namespace, name string) <-chan struct{} {
	changed := make(chan struct{}, 1)
	tell := func(watch.Event) bool {
		select {
		case changed <- struct{}{}:
		default: // one is waiting to be heard already
		}
		return false
	}
	for _, c := range clusters {
		services, slices := c.Client.CoreV1().Services(namespace), c.Client.DiscoveryV1().EndpointSlices(namespace)
		of := func(o metav1.ListOptions) metav1.ListOptions {
			if name != "" {
				o = await.Only(o, name)
			}
			return o
		}
		behind := func(o metav1.ListOptions) metav1.ListOptions {
			o.LabelSelector = discoveryv1.LabelServiceName
			if name != "" {
				o.LabelSelector += "=" + name
			}
			return o
		}
		go watchForever(ctx, &corev1.Service{}, &cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return services.List(ctx, of(o))
			},
			WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				return services.Watch(ctx, of(o))
			},
		}, tell)
		go watchForever(ctx, &discoveryv1.EndpointSlice{}, &cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				return slices.List(ctx, behind(o))
			},
			WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				return slices.Watch(ctx, behind(o))
			},
		}, tell)
	}
	return changed
}

// watchForever watches until ctx ends. The informer below lists and watches
// again by itself after errors.
func watchForever(ctx context.Context, kind runtime.Object, lw cache.ListerWatcher, see func(watch.Event) bool) {
	_ = await.Event(ctx, kind, lw, nil, see) // it ends with ctx alone
}
