package apienv

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// What Azure's cloud provider reads and writes on a Service.
const (
	internalAnnotation = "service.beta.kubernetes.io/azure-load-balancer-internal"
	addressAnnotation  = "service.beta.kubernetes.io/azure-load-balancer-ipv4"
	cloudFinalizer     = "service.kubernetes.io/load-balancer-cleanup"
)

// firstBalancer is the number of the first load balancer's address in the subnet.
const firstBalancer = 200

// SimulatedCloud gives Services of type LoadBalancer an address some time
// after they were made, as Azure's cloud provider does: from the nodes' subnet
// if they are annotated as internal, the one they ask for if any, else a public
// one. Nothing listens on it.
type SimulatedCloud struct {
	client kubernetes.Interface
	site   Site
	delay  time.Duration
	queue  workqueue.TypedRateLimitingInterface[cache.ObjectName]
	given  map[cache.ObjectName]int // numbers of addresses
}

// NewSimulatedCloud returns a cloud that gives addresses after delay.
func NewSimulatedCloud(client kubernetes.Interface, site Site, delay time.Duration) *SimulatedCloud {
	return &SimulatedCloud{
		client: client, site: site, delay: delay,
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]()),
		given: map[cache.ObjectName]int{},
	}
}

// Run watches the cluster's Services until ctx is done.
func (c *SimulatedCloud) Run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(c.client, 0)
	informer := factory.Core().V1().Services().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    c.enqueue,
		UpdateFunc: func(_, svc any) { c.enqueue(svc) },
	})
	if err != nil {
		return fmt.Errorf("watch services: %w", err)
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	context.AfterFunc(ctx, c.queue.ShutDown)
	for {
		name, stop := c.queue.Get()
		if stop {
			return nil
		}
		if err := c.sync(ctx, name); err != nil && ctx.Err() == nil {
			c.queue.AddRateLimited(name) // conflicts with other writers, mostly
		} else {
			c.queue.Forget(name)
		}
		c.queue.Done(name)
	}
}

// enqueue plans work: at once to clean up, after the delay to give an address.
func (c *SimulatedCloud) enqueue(object any) {
	svc, ok := object.(*corev1.Service)
	if !ok {
		return
	}
	name := cache.MetaObjectToName(svc)
	switch {
	case svc.DeletionTimestamp != nil, svc.Spec.Type != corev1.ServiceTypeLoadBalancer:
		if slices.Contains(svc.Finalizers, cloudFinalizer) {
			c.queue.Add(name)
		}
	case !placed(svc):
		c.queue.AddAfter(name, c.delay)
	}
}

// sync does for one Service what is to be done now.
func (c *SimulatedCloud) sync(ctx context.Context, name cache.ObjectName) error {
	services := c.client.CoreV1().Services(name.Namespace)
	svc, err := services.Get(ctx, name.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	wanted := svc.DeletionTimestamp == nil && svc.Spec.Type == corev1.ServiceTypeLoadBalancer
	if has := slices.Contains(svc.Finalizers, cloudFinalizer); has != wanted {
		if wanted {
			svc.Finalizers = append(svc.Finalizers, cloudFinalizer)
		} else {
			svc.Finalizers = slices.DeleteFunc(svc.Finalizers, func(f string) bool { return f == cloudFinalizer })
		}
		if svc, err = services.Update(ctx, svc, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	if !wanted || placed(svc) {
		return nil
	}
	svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: c.address(name, svc)}}
	_, err = services.UpdateStatus(ctx, svc, metav1.UpdateOptions{})
	return err
}

// placed says whether a Service has an address, and the one that it asks for if any.
func placed(svc *corev1.Service) bool {
	fixed, has := svc.Annotations[addressAnnotation], svc.Status.LoadBalancer.Ingress
	return len(has) > 0 && (fixed == "" || has[0].IP == fixed)
}

// address is the Service's for as long as the cloud lives.
func (c *SimulatedCloud) address(name cache.ObjectName, svc *corev1.Service) string {
	if fixed := svc.Annotations[addressAnnotation]; fixed != "" {
		return fixed
	}
	number, ok := c.given[name]
	if !ok {
		number = firstBalancer + len(c.given)
		c.given[name] = number
	}
	if svc.Annotations[internalAnnotation] == "true" {
		return c.site.address(number)
	}
	return fmt.Sprintf("203.0.113.%d", number) // documentation's range: public, and nobody's
}
