package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

const (
	// logPause is between attempts to follow a log that was cut off.
	logPause = time.Second
	// mostLogFailures is how often in a row a log may not be had.
	mostLogFailures = 5
	mostLine        = 1 << 20 // bytes
)

// errTooLong is the cause of a context that RunWithin ended.
var errTooLong = errors.New("the prober told no result in time")

// follow reads the prober's log until its last line, and gives the others to
// on. What stands between cluster and user may cut the stream; it is then read
// again from the start, so on may hear a line again.
func (r *run) follow(ctx context.Context, on func(wire.Line)) (wire.Line, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.job.RunWithin, errTooLong)
	defer cancel()
	for failures := 0; ; {
		pod, err := r.pods.Get(ctx, r.name, metav1.GetOptions{})
		if err != nil {
			return wire.Line{}, r.lost(ctx, err)
		}
		line, words, err := r.read(ctx, on)
		switch {
		case line.Error != "":
			return line, errors.New("the prober says: " + flat(line.Error))
		case line.Last():
			return line, nil
		case ctx.Err() != nil || apierrors.IsForbidden(err):
			return line, r.lost(ctx, err)
		case ended(pod): // before the log was read, so that it was read to its end
			return line, fmt.Errorf("the prober ended without a result: %s%s", endOf(pod), words)
		}
		if failures++; err == nil {
			failures = 0
		}
		if failures == mostLogFailures {
			return line, r.lost(ctx, err)
		}
		select {
		case <-time.After(logPause):
		case <-ctx.Done():
		}
	}
}

// lost is the error for a prober that cannot be listened to.
func (r *run) lost(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case apierrors.IsNotFound(err):
		return errDeleted
	case apierrors.IsForbidden(err):
		return fmt.Errorf("this user may not read pods and their logs in namespace %s: %w", r.job.Namespace, err)
	}
	return fmt.Errorf("the prober's log cannot be read: %w", err)
}

func ended(pod *corev1.Pod) bool {
	return containerOf(pod).State.Terminated != nil || pod.Status.Phase == corev1.PodFailed
}

// read follows the log until it ends, or until the prober's last line. words
// are the last that were not the prober's own, as a runtime's panic.
func (r *run) read(ctx context.Context, on func(wire.Line)) (line wire.Line, words string, err error) {
	stream, err := r.pods.GetLogs(r.name, &corev1.PodLogOptions{Container: container, Follow: true}).Stream(ctx)
	if err != nil {
		return line, "", err
	}
	defer stream.Close()
	scanner := bufio.NewScanner(stream)
	scanner.Buffer(nil, mostLine)
	for scanner.Scan() {
		one, ok := wire.Parse(scanner.Bytes())
		switch {
		case !ok && len(scanner.Bytes()) > 0:
			words = ": " + flat(scanner.Text())
		case one.Last():
			return one, "", nil
		case ok:
			on(one)
		}
	}
	return line, words, scanner.Err()
}
