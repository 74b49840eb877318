package rollout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

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

// NewAddress says which address a Service is waited to have. The zero value is
// any.
type NewAddress struct {
	IP string // the one that was asked for; empty if the cloud chooses
	// Before are the addresses from before the Service was changed. They stay
	// in its status until the cloud is done.
	Before []string
}

// is says whether the addresses of a Service are what is waited for.
func (n *NewAddress) is(addresses []string) bool {
	switch {
	case n.IP != "":
		return slices.Contains(addresses, n.IP)
	case len(addresses) == 0:
		return false
	default:
		return !slices.Equal(addresses, n.Before)
	}
}

// errReconciled ends a wait for another address: the cloud leaves it as it was.
var errReconciled = errors.New("the load balancer is as it was asked for")

// Address waits until Service clustermesh-apiserver has the address that is
// waited for. After a while it says what the cloud says about it.
func Address(ctx context.Context, c *mesh.Cluster, wanted NewAddress, say func(string)) ([]string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &addressWait{wanted: wanted}
	stop := onEvents(ctx, c, cilium.MeshService, func(events []corev1.Event) {
		say(lastEvent(events))
		if w.reconciled(events) {
			cancel(errReconciled)
		}
	})
	defer stop()
	services := c.Client.CoreV1().Services(cilium.Namespace)
	err := await.Object(ctx, &corev1.Service{}, &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return services.List(ctx, await.Only(o, cilium.MeshService))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return services.Watch(ctx, await.Only(o, cilium.MeshService))
		},
	}, func(object any) bool { return w.see(object.(*corev1.Service)) })
	addresses := w.seen()
	switch {
	case err == nil || errors.Is(err, errReconciled):
		return addresses, nil
	case len(addresses) > 0:
		return nil, timedOut(err, "the load balancer still has %s instead of what it was asked for; see: kubectl --context %s -n %s describe service %s", strings.Join(addresses, ", "), c.Context, cilium.Namespace, cilium.MeshService)
	default:
		return nil, timedOut(err, "no load balancer's address yet; see: kubectl --context %s -n %s describe service %s", c.Context, cilium.Namespace, cilium.MeshService)
	}
}

// addressWait is what is known so far in a wait for an address.
type addressWait struct {
	wanted NewAddress

	mu        sync.Mutex
	addresses []string
	changed   time.Time // when kubectl-aksmesh changed the Service, by its cluster's clock
	done      bool      // the cloud has said so before
}

func (w *addressWait) see(service *corev1.Service) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addresses = collect.ServiceState(service).Addresses
	for _, entry := range service.ManagedFields {
		if entry.Manager == cilium.FieldManager && entry.Time != nil {
			w.changed = entry.Time.Time
		}
	}
	return w.wanted.is(w.addresses)
}

// reconciled says whether the cloud is done with the change, and the addresses
// are what they were. It is told of the events again and again, and believes
// them the second time: the event comes before the status that it speaks of.
func (w *addressWait) reconciled(events []corev1.Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wanted.IP != "" || len(w.addresses) == 0 || w.changed.IsZero() {
		return false
	}
	twice := w.done
	w.done = slices.ContainsFunc(events, func(e corev1.Event) bool {
		return e.Reason == "EnsuredLoadBalancer" && !e.LastTimestamp.Time.Before(w.changed)
	})
	return w.done && twice
}

func (w *addressWait) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.addresses
}
