package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/watch"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/aksmesh/kubectl-aksmesh/internal/await"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// removeWithin bounds the removal of a pod, which is not given up when the
// user gives up.
const removeWithin = 30 * time.Second

// Outcome is what came of a job.
type Outcome struct {
	Pod, Node string
	// Line is the prober's last; it has a result if there is no error.
	Line wire.Line
}

// Run has a prober do a job in a cluster. say hears, in a few words, what is
// waited for or how far the prober is. The pod is removed, and is seen to be
// gone, before Run returns, also when ctx ends. If it is not, the error is or has
// a [*LeftError]; the outcome has its result all the same.
func Run(ctx context.Context, c *mesh.Cluster, job Job, say func(string)) (outcome Outcome, err error) {
	r := &run{cluster: c, job: job, id: rand.String(10), pods: c.Client.CoreV1().Pods(job.Namespace), say: say}
	defer func() {
		outcome.Pod, outcome.Node = r.name, r.node
		if left := r.remove(ctx); left != nil {
			err = errors.Join(err, &LeftError{left})
		}
	}()
	if err := r.create(ctx); err != nil {
		return outcome, err
	}
	if err := r.start(ctx); err != nil {
		return outcome, err
	}
	outcome.Line, err = r.follow(ctx, func(line wire.Line) {
		say(fmt.Sprintf("%d of %d %s", line.Done, line.Of, cmp.Or(job.Unit, "requests")))
	})
	return outcome, err
}

// LeftError says that a pod could not be removed, or not be seen to be gone,
// and how to remove it.
type LeftError struct{ err error }

// Error implements error.
func (e *LeftError) Error() string { return e.err.Error() }

// Unwrap returns the reason.
func (e *LeftError) Unwrap() error { return e.err }

// run is one job under way.
type run struct {
	cluster *mesh.Cluster
	job     Job
	id      string // of labelRun
	pods    typedcorev1.PodInterface
	say     func(string)

	name, node, address string // of the pod, once they are known
	// doubtful is true if the pod may exist though its creation failed: the
	// answer may have been lost.
	doubtful bool
}

func (r *run) create(ctx context.Context) error {
	pod, err := r.pods.Create(ctx, r.job.pod(r.id), metav1.CreateOptions{})
	if err == nil {
		r.name = pod.Name
		return nil
	}
	var status apierrors.APIStatus
	r.doubtful = !errors.As(err, &status) || status.Status().Code >= 500
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return refused(err, r.job.Namespace)
}

// errNotStarted is the cause of a context that StartWithin ended.
var errNotStarted = errors.New("not started in time")

// start waits until the prober runs, or has run already.
func (r *run) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, r.job.StartWithin, errNotStarted)
	defer cancel()
	r.say("waiting for its pod")
	var stuck obstacle
	err := r.watch(ctx, func(pod *corev1.Pod) bool {
		r.node, r.address = pod.Spec.NodeName, pod.Status.PodIP
		if stuck = obstacleOf(pod); stuck.text != "" {
			r.say(stuck.text)
		}
		state := containerOf(pod).State
		runs := state.Running != nil && (r.address != "" || !r.job.addressed)
		return stuck.final || runs || state.Terminated != nil
	})
	switch {
	case errors.Is(err, errNotStarted):
		return r.notStarted(ctx, stuck)
	case err != nil:
		return err
	case stuck.final:
		return stuck.err()
	}
	return nil
}

// notStarted says why the prober does not run after so long: by the pod's
// status, or else by what was last warned of.
func (r *run) notStarted(ctx context.Context, stuck obstacle) error {
	if stuck.text == "" {
		stuck.text = r.lastWarning(context.WithoutCancel(ctx))
	}
	return fmt.Errorf("the prober does not run after %s: %s; see: %s", r.job.StartWithin, stuck.text, look(r.cluster.Context, r.job.Namespace, r.name))
}

// errDeleted is what a wait ends with if somebody else deletes the pod.
var errDeleted = errors.New("somebody deleted the prober's pod")

// watch watches the pod until done says so.
func (r *run) watch(ctx context.Context, done func(*corev1.Pod) bool) error {
	deleted := false
	err := await.Event(ctx, &corev1.Pod{}, r.listWatch(), func(store cache.Store) (bool, error) {
		_, there, err := store.GetByKey(r.job.Namespace + "/" + r.name)
		deleted = !there
		return deleted, err
	}, func(event watch.Event) bool {
		deleted = event.Type == watch.Deleted
		pod, ok := event.Object.(*corev1.Pod)
		return deleted || ok && done(pod)
	})
	if err == nil && deleted {
		return errDeleted
	}
	return err
}

func (r *run) listWatch() cache.ListerWatcher {
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return r.pods.List(ctx, await.Only(o, r.name))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return r.pods.Watch(ctx, await.Only(o, r.name))
		},
	}, r.cluster.Client)
}
