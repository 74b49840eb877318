package azure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

const (
	kubeSystem = "kube-system"
	kubeProxy  = "kube-proxy"
	// windowsInit is AKS's DaemonSet that looks like kube-proxy and is not.
	windowsInit = "windows-kube-proxy-initializer"
	// revertDelay is how long an edit survives. The real addon manager takes a
	// minute or two; a lab should not.
	revertDelay = time.Second
)

// addonManager keeps kube-proxy as ARM says, whatever anybody does to it in the
// cluster.
type addonManager struct {
	*controller
	client   kubernetes.Interface
	manifest *manifest
	// queue holds one key at most: everything is reconciled at once.
	queue workqueue.TypedRateLimitingInterface[string]
}

func newAddonManager(c *controller, client kubernetes.Interface, server string) (*addonManager, error) {
	m, err := newManifest(c.cluster, server)
	if err != nil {
		return nil, err
	}
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[string](200*time.Millisecond, 10*time.Second)
	return &addonManager{controller: c, client: client, manifest: m, queue: workqueue.NewTypedRateLimitingQueue(limiter)}, nil
}

func (a *addonManager) run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactoryWithOptions(a.client, 0, informers.WithNamespace(kubeSystem))
	for _, informer := range []cache.SharedIndexInformer{
		factory.Apps().V1().DaemonSets().Informer(),
		factory.Core().V1().ConfigMaps().Informer(),
		factory.Core().V1().ServiceAccounts().Informer(),
	} {
		if _, err := informer.AddEventHandler(a.onEdit()); err != nil {
			return fmt.Errorf("watch addons: %w", err)
		}
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	factory.WaitForCacheSync(ctx.Done())
	stop := context.AfterFunc(ctx, a.queue.ShutDown)
	defer stop()
	var following sync.WaitGroup
	following.Go(func() { a.followARM(ctx) })
	for a.next(ctx) {
	}
	following.Wait()
	return nil
}

// onEdit has addons looked at a little after they were changed or deleted. A
// change of an object's status is no edit.
func (a *addonManager) onEdit() cache.ResourceEventHandler {
	ours := func(obj any) bool {
		m, ok := metaOf(obj)
		return ok && (m.GetName() == kubeProxy || m.GetName() == windowsInit)
	}
	return cache.FilteringResourceEventHandler{FilterFunc: ours, Handler: cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { a.queue.AddAfter(kubeProxy, revertDelay) },
		UpdateFunc: func(was, is any) {
			if edited(was, is) {
				a.queue.AddAfter(kubeProxy, revertDelay)
			}
		},
		DeleteFunc: func(any) { a.queue.AddAfter(kubeProxy, revertDelay) },
	}}
}

func metaOf(obj any) (metav1.Object, bool) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	m, ok := obj.(metav1.Object)
	return m, ok
}

func edited(was, is any) bool {
	a, okA := metaOf(was)
	b, okB := metaOf(is)
	if !okA || !okB || b.GetGeneration() == 0 { // ConfigMaps have no generation
		return true
	}
	return a.GetGeneration() != b.GetGeneration() || !maps.Equal(a.GetLabels(), b.GetLabels())
}

// followARM has addons looked at whenever ARM changes its mind about kube-proxy.
func (a *addonManager) followARM(ctx context.Context) {
	var known, was bool
	for {
		changed := a.store.change()
		if is := kubeProxyEnabled(a.store.get(a.cluster.id())); !known || is != was {
			known, was = true, is
			a.settled.unset()
			a.queue.Add(kubeProxy)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (a *addonManager) next(ctx context.Context) bool {
	key, quit := a.queue.Get()
	if quit {
		return false
	}
	defer a.queue.Done(key)
	if err := a.reconcile(ctx); err != nil {
		a.log.Warn("reconcile addons", "error", err)
		a.queue.AddRateLimited(key)
		return true
	}
	a.queue.Forget(key)
	return true
}

// reconcile makes the cluster's addons what ARM says. Server-side apply with
// force does what the addon manager's "kubectl apply" does: it takes back what
// it owns and leaves what others have added.
func (a *addonManager) reconcile(ctx context.Context) error {
	opts := metav1.ApplyOptions{FieldManager: "simulated-addon-manager", Force: true}
	daemonSets := a.client.AppsV1().DaemonSets(kubeSystem)
	if _, err := daemonSets.Apply(ctx, a.manifest.windows, opts); err != nil {
		return fmt.Errorf("apply daemonset %s: %w", windowsInit, err)
	}
	enabled := kubeProxyEnabled(a.store.get(a.cluster.id()))
	if !enabled {
		return a.remove(ctx)
	}
	if _, err := a.client.CoreV1().ServiceAccounts(kubeSystem).Apply(ctx, a.manifest.account, opts); err != nil {
		return fmt.Errorf("apply kube-proxy's service account: %w", err)
	}
	if _, err := a.client.RbacV1().ClusterRoleBindings().Apply(ctx, a.manifest.binding, opts); err != nil {
		return fmt.Errorf("apply kube-proxy's cluster role binding: %w", err)
	}
	if _, err := a.client.CoreV1().ConfigMaps(kubeSystem).Apply(ctx, a.manifest.config, opts); err != nil {
		return fmt.Errorf("apply kube-proxy's config: %w", err)
	}
	if _, err := daemonSets.Apply(ctx, a.manifest.kubeProxy, opts); err != nil {
		return fmt.Errorf("apply daemonset kube-proxy: %w", err)
	}
	a.settled.set(true)
	return nil
}

// remove deletes kube-proxy, pods included: where no garbage collector runs
// (control planes without a controller manager) nobody else would.
func (a *addonManager) remove(ctx context.Context) error {
	background := metav1.DeletePropagationBackground
	opts := metav1.DeleteOptions{PropagationPolicy: &background}
	err := a.client.AppsV1().DaemonSets(kubeSystem).Delete(ctx, kubeProxy, opts)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete daemonset kube-proxy: %w", err)
	}
	pods := metav1.ListOptions{LabelSelector: "component=kube-proxy,tier=node"}
	if err := a.client.CoreV1().Pods(kubeSystem).DeleteCollection(ctx, opts, pods); err != nil {
		return fmt.Errorf("delete kube-proxy's pods: %w", err)
	}
	ds, err := a.client.AppsV1().DaemonSets(kubeSystem).Get(ctx, kubeProxy, metav1.GetOptions{})
	if err == nil && ds.DeletionTimestamp != nil {
		return nil // a finalizer holds it; its end is an event that brings us back
	}
	if err == nil {
		return errors.New("daemonset kube-proxy is still there after its deletion")
	}
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("see whether daemonset kube-proxy is gone: %w", err)
	}
	a.settled.set(false)
	return nil
}
