package probe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// listener is a prober that tells what arrives, until it is ended.
type listener struct {
	run

	stop     context.CancelFunc
	followed chan struct{} // closed when nobody reads the log any more

	mu       sync.Mutex
	last     wire.Listening
	arrivals map[uint32]wire.Arrivals
	err      error
	heard    chan struct{} // closed and made anew when something is heard
}

// listen starts a listener, and waits until it says that it listens. The
// listener must be ended, also if there is an error.
func listen(ctx context.Context, c *mesh.Cluster, job Job, say func(string)) (*listener, error) {
	job.addressed = true
	l := &listener{
		run:      run{cluster: c, job: job, id: rand.String(10), pods: c.Client.CoreV1().Pods(job.Namespace), say: say},
		stop:     func() {},
		followed: make(chan struct{}), arrivals: map[uint32]wire.Arrivals{}, heard: make(chan struct{}),
	}
	err := l.create(ctx)
	if err == nil {
		err = l.start(ctx)
	}
	if err != nil {
		close(l.followed)
		return l, err
	}
	following, stop := context.WithCancel(ctx)
	l.stop = stop
	go func() {
		defer close(l.followed)
		line, err := l.follow(following, l.note)
		if err == nil {
			err = fmt.Errorf("the prober told another result than was asked for: %+v", line)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.err = err
		l.wake()
	}()
	return l, l.await(ctx, job.StartWithin, func(said wire.Listening) bool { return said.Beat > 0 })
}

// end stops listening and removes the pod.
func (l *listener) end(ctx context.Context) error {
	l.stop()
	<-l.followed
	return l.remove(ctx)
}

// note takes what the listener says. A log that is read again tells old news.
func (l *listener) note(line wire.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line.Listening == nil || line.Listening.Beat <= l.last.Beat {
		return
	}
	l.last = *line.Listening
	for _, a := range line.Listening.Arrivals {
		l.arrivals[a.Stream] = a
	}
	l.wake()
}

func (l *listener) wake() {
	close(l.heard)
	l.heard = make(chan struct{})
}

var errSilent = errors.New("the prober's log tells nothing new")

// await waits until what the listener says is as wanted.
func (l *listener) await(ctx context.Context, within time.Duration, wanted func(wire.Listening) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, errSilent)
	defer cancel()
	for {
		l.mu.Lock()
		said, err, heard := l.last, l.err, l.heard
		l.mu.Unlock()
		if wanted(said) || err != nil {
			return err
		}
		select {
		case <-heard:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settle waits until everything has been told that has arrived by now.
func (l *listener) settle(ctx context.Context) error {
	const beats, most = 3, 15 * time.Second // a beat is half a second
	l.mu.Lock()
	from := l.last.Beat
	l.mu.Unlock()
	return l.await(ctx, most, func(said wire.Listening) bool { return said.Beat >= from+beats })
}

// said is what the listener said at last.
func (l *listener) said() wire.Listening {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *listener) arrived(stream uint32) wire.Arrivals {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.arrivals[stream]
}

// ready says whether a pod can be sent to a node.
func ready(n *corev1.Node) bool {
	if n.Spec.Unschedulable || n.Labels[corev1.LabelOSStable] == "windows" {
		return false
	}
	for _, t := range n.Spec.Taints {
		if t.Effect != corev1.TaintEffectPreferNoSchedule && t.Key != systemTaint {
			return false
		}
	}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
