package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/aksmesh/kubectl-aksmesh/internal/await"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// remove deletes the pod and waits until it is gone, whatever became of ctx.
func (r *run) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeWithin)
	defer cancel()
	if r.name != "" {
		return r.delete(ctx)
	}
	if !r.doubtful {
		return nil
	}
	list, err := r.pods.List(ctx, metav1.ListOptions{LabelSelector: labels.Set{labelRun: r.id}.String()})
	if err != nil {
		return fmt.Errorf("a pod of context %q may be left in namespace %s (it ends by itself): %w", r.cluster.Context, r.job.Namespace, err)
	}
	var errs []error
	for i := range list.Items {
		r.name = list.Items[i].Name
		errs = append(errs, r.delete(ctx))
	}
	return errors.Join(errs...)
}

func (r *run) delete(ctx context.Context) error {
	err := r.pods.Delete(ctx, r.name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil {
		err = await.Event(ctx, &corev1.Pod{}, r.listWatch(), func(store cache.Store) (bool, error) {
			_, there, err := store.GetByKey(r.job.Namespace + "/" + r.name)
			return !there, err
		}, func(event watch.Event) bool { return event.Type == watch.Deleted })
	}
	if err != nil {
		return fmt.Errorf("pod %s is not gone; delete it with kubectl --context %s -n %s delete pod %s: %w", r.name, r.cluster.Context, r.job.Namespace, r.name, err)
	}
	return nil
}

// lastWarning is what was last warned of concerning the pod: mounts, sandboxes
// and networks fail without a word in the pod's status.
func (r *run) lastWarning(ctx context.Context) string {
	const none = "its container is not made yet"
	ctx, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	list, err := r.cluster.Client.CoreV1().Events(r.job.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.kind": "Pod", "involvedObject.name": r.name, "type": corev1.EventTypeWarning}.String(),
	})
	if err != nil || len(list.Items) == 0 {
		return none
	}
	last := slices.MaxFunc(list.Items, func(a, b corev1.Event) int { return seen(&a).Compare(seen(&b)) })
	return told(last.Reason, last.Message)
}

// seen is when an event was last seen; writers fill in different fields.
func seen(e *corev1.Event) time.Time {
	return cmp.Or(e.LastTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time)
}

// Leftover is a prober's pod that may have been left behind.
type Leftover struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Created   time.Time `json:"created"`
	// Expired is true if nobody waits for it any more.
	Expired bool `json:"expired"`
}

// Leftovers finds pods of probes whose deadline has passed, which a crash left
// behind, in one namespace or (empty) in all. Others may belong to somebody who
// probes at this moment.
func Leftovers(ctx context.Context, c *mesh.Cluster, namespace string, now time.Time) ([]Leftover, error) {
	all, err := Pods(ctx, c, namespace, now)
	return slices.DeleteFunc(all, func(l Leftover) bool { return !l.Expired }), err
}

// Pods finds all pods of probes, also those that somebody may wait for, in one
// namespace or (empty) in all.
func Pods(ctx context.Context, c *mesh.Cluster, namespace string, now time.Time) ([]Leftover, error) {
	list, err := c.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector()})
	if err != nil {
		return nil, fmt.Errorf("pods of earlier probes cannot be listed: %w", err)
	}
	var found []Leftover
	for i := range list.Items {
		if pod := &list.Items[i]; pod.DeletionTimestamp == nil {
			found = append(found, Leftover{
				Namespace: pod.Namespace, Name: pod.Name, Created: pod.CreationTimestamp.Time, Expired: expired(pod, now),
			})
		}
	}
	return found, nil
}

// expired says whether a pod's own deadline has passed, with time for clocks
// that differ and for a runner that reads the last words.
func expired(pod *corev1.Pod, now time.Time) bool {
	const spare = 2 * time.Minute
	life := time.Hour // of a pod that has no deadline, so was not made by this version
	if seconds := pod.Spec.ActiveDeadlineSeconds; seconds != nil {
		life = time.Duration(*seconds) * time.Second
	}
	return now.After(pod.CreationTimestamp.Add(life + spare))
}

// RemoveLeftovers deletes what [Leftovers] found, and waits until it is gone.
func RemoveLeftovers(ctx context.Context, c *mesh.Cluster, found []Leftover) error {
	ctx, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	var errs []error
	for _, pod := range found {
		r := &run{cluster: c, job: Job{Namespace: pod.Namespace}, pods: c.Client.CoreV1().Pods(pod.Namespace), name: pod.Name}
		errs = append(errs, r.delete(ctx))
	}
	return errors.Join(errs...)
}
