// Package await waits for objects of Kubernetes by watching them, never by
// asking again and again.
package await

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// Object watches objects of one kind until done says so of one.
func Object(ctx context.Context, kind runtime.Object, lw cache.ListerWatcher, done func(object any) bool) error {
	return Event(ctx, kind, lw, nil, func(event watch.Event) bool {
		return event.Type != watch.Error && event.Type != watch.Deleted && done(event.Object)
	})
}

// Event is [Object] for those who want to know of deletions too. If first is
// not nil it sees all objects that there are at the beginning, and may end the
// wait. When ctx ends, the error is why: client-go's own says no more than
// "timed out".
func Event(ctx context.Context, kind runtime.Object, lw cache.ListerWatcher, first func(cache.Store) (bool, error), done func(watch.Event) bool) error {
	_, err := watchtools.UntilWithSync(ctx, lw, kind, first, func(event watch.Event) (bool, error) { return done(event), nil })
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Only narrows a list or a watch to the object of one name.
func Only(o metav1.ListOptions, name string) metav1.ListOptions {
	o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	return o
}
