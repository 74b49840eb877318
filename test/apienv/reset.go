package apienv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"

	"golang.org/x/sync/errgroup"
)

// Bounds of [Cluster.Reset].
const (
	resetTimeout  = time.Minute
	resetInterval = 50 * time.Millisecond
	resetParallel = 8
)

// object identifies an object for as long as it lives.
type object struct {
	resource  schema.GroupVersionResource
	namespace string
	name      string
	uid       types.UID
}

// resetter takes a cluster back to where it was before any test.
type resetter struct {
	client    kubernetes.Interface
	metadata  metadata.Interface
	discovery discovery.DiscoveryInterface
}

func newResetter(c *Cluster) (*resetter, error) {
	cfg, err := c.Config()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	meta, err := metadata.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	return &resetter{client: client, metadata: meta, discovery: client.Discovery()}, nil
}

// rememberBare notes every object that the cluster holds.
func (c *Cluster) rememberBare(ctx context.Context) error {
	r, err := newResetter(c)
	if err != nil {
		return err
	}
	objects, _, err := r.list(ctx)
	if err != nil {
		return fmt.Errorf("list everything in %s: %w", c.Context, err)
	}
	c.bare = map[object]bool{}
	for _, o := range objects {
		c.bare[o] = true
	}
	return nil
}

// Reset deletes every object that was made since the cluster started and
// returns when they are gone. No controller runs that would do that for a
// namespace, or honour a finalizer; so it does both.
func (c *Cluster) Reset(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resetTimeout)
	defer cancel()
	r, err := newResetter(c)
	if err != nil {
		return err
	}
	err = wait.PollUntilContextCancel(ctx, resetInterval, true, func(ctx context.Context) (bool, error) {
		objects, finalizers, err := r.list(ctx)
		if err != nil {
			return false, err
		}
		objects = slices.DeleteFunc(objects, func(o object) bool { return c.bare[o] })
		for _, o := range objects {
			if err := r.delete(ctx, o, finalizers[o]); err != nil {
				return false, err
			}
		}
		return len(objects) == 0, nil
	})
	if err != nil {
		return fmt.Errorf("empty cluster %s: %w", c.Context, err)
	}
	return nil
}

// list returns all objects of all resources, and which have finalizers.
func (r *resetter) list(ctx context.Context) ([]object, map[object]bool, error) {
	resources, err := r.resources()
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	var objects []object
	finalizers := map[object]bool{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(resetParallel)
	for _, resource := range resources {
		g.Go(func() error {
			items, err := r.metadata.Resource(resource).List(ctx, metav1.ListOptions{})
			if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				return nil // its definition was just deleted
			} else if err != nil {
				return fmt.Errorf("list %s: %w", resource.Resource, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for i := range items.Items {
				item := &items.Items[i]
				o := object{resource, item.Namespace, item.Name, item.UID}
				objects = append(objects, o)
				finalizers[o] = len(item.Finalizers) > 0
			}
			return nil
		})
	}
	return objects, finalizers, g.Wait()
}

// resources are all that can be listed and deleted, in one version each.
func (r *resetter) resources() ([]schema.GroupVersionResource, error) {
	lists, err := discovery.ServerPreferredResources(r.discovery)
	if err != nil {
		return nil, fmt.Errorf("discover resources: %w", err)
	}
	lists = discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete", "patch"}}, lists)
	found, err := discovery.GroupVersionResources(lists)
	if err != nil {
		return nil, fmt.Errorf("discover resources: %w", err)
	}
	var resources []schema.GroupVersionResource
	for resource := range found {
		if resource.Group != "events.k8s.io" { // the same objects as core events
			resources = append(resources, resource)
		}
	}
	return resources, nil
}

func (r *resetter) delete(ctx context.Context, o object, finalizers bool) error {
	client := r.metadata.Resource(o.resource).Namespace(o.namespace)
	var errs []error
	if finalizers {
		_, err := client.Patch(ctx, o.name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		errs = append(errs, err)
	}
	now := int64(0)
	err := client.Delete(ctx, o.name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &o.uid},
	})
	errs = append(errs, err)
	if o.resource == corev1.SchemeGroupVersion.WithResource("namespaces") {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: o.name}}
		_, err := r.client.CoreV1().Namespaces().Finalize(ctx, namespace, metav1.UpdateOptions{})
		errs = append(errs, err)
	}
	for i, err := range errs {
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			errs[i] = nil // gone, or another round will see to it
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("delete %s %s/%s: %w", o.resource.Resource, o.namespace, o.name, err)
	}
	return nil
}
