package azure

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

// cloud is the part of AKS's cloud controller that gives Services of type
// LoadBalancer their addresses. It sets no finalizer, so that a lab whose
// simulated Azure is gone can still delete its Services.
type cloud struct {
	*controller
	client   kubernetes.Interface
	services corelisters.ServiceLister
	queue    workqueue.TypedRateLimitingInterface[cache.ObjectName]
	events   record.EventRecorder

	// All belong to the one worker.
	since  map[types.UID]time.Time         // load balancers under way, by service
	routed map[string]bool                 // addresses that Route was called for
	asked  map[types.UID]map[string]string // annotations that were carried out, by service
}

func newCloud(c *controller, client kubernetes.Interface) *cloud {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](time.Second, time.Minute)
	return &cloud{
		controller: c, client: client, queue: workqueue.NewTypedRateLimitingQueue(limiter),
		since: map[types.UID]time.Time{}, routed: map[string]bool{}, asked: map[types.UID]map[string]string{},
	}
}

func (c *cloud) run(ctx context.Context) error {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: c.client.CoreV1().Events("")})
	c.events = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "service-controller"})

	factory := informers.NewSharedInformerFactory(c.client, 0)
	services := factory.Core().V1().Services()
	c.services = services.Lister()
	enqueue := func(obj any) {
		if name, err := cache.DeletionHandlingObjectToName(obj); err == nil {
			c.queue.Add(name)
		}
	}
	_, err := services.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, obj any) { enqueue(obj) }, DeleteFunc: enqueue,
	})
	if err != nil {
		return fmt.Errorf("watch services: %w", err)
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	factory.WaitForCacheSync(ctx.Done())
	stop := context.AfterFunc(ctx, c.queue.ShutDown)
	defer stop()
	for c.next(ctx) {
	}
	return nil
}

func (c *cloud) next(ctx context.Context) bool {
	name, quit := c.queue.Get()
	if quit {
		return false
	}
	defer c.queue.Done(name)
	if err := c.reconcile(ctx, name); err != nil {
		c.log.Warn("reconcile a load balancer", "service", name.String(), "error", err)
		c.queue.AddRateLimited(name)
		return true
	}
	c.queue.Forget(name)
	return true
}

// reconcile gives one service its address, or takes it away.
func (c *cloud) reconcile(ctx context.Context, name cache.ObjectName) error {
	svc, err := c.services.Services(name.Namespace).Get(name.Name)
	if apierrors.IsNotFound(err) {
		return c.release()
	}
	if err != nil {
		return err
	}
	if !wanted(svc) {
		return c.withdraw(ctx, svc)
	}
	if c.right(svc) && !c.asksAnew(svc) {
		return c.route(ctx, svc.Status.LoadBalancer.Ingress[0].IP)
	}
	if left := c.pending(svc); left > 0 {
		c.queue.AddAfter(name, left)
		return nil
	}
	return c.ensure(ctx, svc)
}

// asksAnew says whether a service's annotations have changed. Those of one that
// has its address when this process begins are taken as carried out.
func (c *cloud) asksAnew(svc *corev1.Service) bool {
	if _, known := c.asked[svc.UID]; !known {
		c.asked[svc.UID] = svc.Annotations
	}
	return !maps.Equal(c.asked[svc.UID], svc.Annotations)
}

// wanted says whether a service is this controller's business.
func wanted(svc *corev1.Service) bool {
	return svc.Spec.Type == corev1.ServiceTypeLoadBalancer && svc.Spec.LoadBalancerClass == nil && svc.DeletionTimestamp == nil
}

// pending starts a load balancer and returns how long it will still take.
func (c *cloud) pending(svc *corev1.Service) time.Duration {
	if _, started := c.since[svc.UID]; !started {
		c.since[svc.UID] = time.Now()
		c.events.Event(svc, corev1.EventTypeNormal, "EnsuringLoadBalancer", "Ensuring load balancer")
	}
	var delay time.Duration
	c.store.view(func(d *data) { delay = d.Settings.LoadBalancerDelay.Duration })
	return delay - time.Since(c.since[svc.UID])
}

func (c *cloud) ensure(ctx context.Context, svc *corev1.Service) error {
	addr, err := c.allocate(ctx, svc)
	if err == nil {
		err = c.route(ctx, addr)
	}
	if err == nil {
		err = c.publish(ctx, svc, []corev1.LoadBalancerIngress{{IP: addr}})
	}
	if err != nil {
		c.events.Eventf(svc, corev1.EventTypeWarning, "SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: %v", err)
		return err
	}
	delete(c.since, svc.UID)
	c.asked[svc.UID] = svc.Annotations
	c.events.Event(svc, corev1.EventTypeNormal, "EnsuredLoadBalancer", "Ensured load balancer")
	c.log.Info("load balancer is ready", "service", svc.Namespace+"/"+svc.Name, "address", addr)
	return nil
}

// withdraw takes away the address of a service that is no longer of our kind.
// One with a class of its own belongs to another controller.
func (c *cloud) withdraw(ctx context.Context, svc *corev1.Service) error {
	delete(c.since, svc.UID)
	if svc.Spec.Type != corev1.ServiceTypeLoadBalancer && len(svc.Status.LoadBalancer.Ingress) > 0 {
		if err := c.publish(ctx, svc, nil); err != nil {
			return err
		}
	}
	return c.release()
}

func (c *cloud) publish(ctx context.Context, svc *corev1.Service, ingress []corev1.LoadBalancerIngress) error {
	svc = svc.DeepCopy()
	svc.Status.LoadBalancer.Ingress = ingress
	_, err := c.client.CoreV1().Services(svc.Namespace).UpdateStatus(ctx, svc, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("write the load balancer's status: %w", err)
	}
	return nil
}
