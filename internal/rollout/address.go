package rollout

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/aksmesh/kubectl-aksmesh/internal/await"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Address waits until Service clustermesh-apiserver has an address. After
// a while it says what the cloud says about it.
func Address(ctx context.Context, c *mesh.Cluster, say func(string)) ([]string, error) {
	var addresses []string
	stop := onEvents(ctx, c, cilium.MeshService, say)
	defer stop()
	services := c.Client.CoreV1().Services(cilium.Namespace)
	err := await.Object(ctx, &corev1.Service{}, &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return services.List(ctx, await.Only(o, cilium.MeshService))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return services.Watch(ctx, await.Only(o, cilium.MeshService))
		},
	}, func(object any) bool {
		addresses = collect.ServiceState(object.(*corev1.Service)).Addresses
		return len(addresses) > 0
	})
	if err != nil {
		return nil, timedOut(err, "no load balancer's address yet; see: kubectl --context %s -n %s describe service %s", c.Context, cilium.Namespace, cilium.MeshService)
	}
	return addresses, nil
}
