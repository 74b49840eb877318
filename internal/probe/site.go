package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// site is one cluster that takes part.
type site struct {
	*probing
	cluster *mesh.Cluster
	facts   *mesh.Facts
	seen    mesh.ProbeSite

	node, pod side

	mu sync.Mutex // of seen.Left, as both senders end at once
}

// side is one network of a site.
type side struct {
	listener *listener // nil if it was not begun
	err      error     // why nothing is measured here
	tasks    []wire.Task
	results  []func(wire.Sent) // what becomes of the tasks' results
	failed   []func(error)     // or, if there are none, of their errors
}

// works says whether something can be sent to and from here.
func (s *side) works() bool { return s.listener != nil && s.err == nil }

func (s *side) add(t wire.Task, result func(wire.Sent), failed func(error)) {
	s.tasks, s.results, s.failed = append(s.tasks, t), append(s.results, result), append(s.failed, failed)
}

// listen starts both listeners.
func (s *site) listen(ctx context.Context) {
	s.tidy(ctx)
	node, err := pickNode(ctx, s.cluster)
	if err != nil {
		s.node.err, s.pod.err = err, err
		s.seen.NodeError, s.seen.PodError = err.Error(), err.Error()
		return
	}
	s.seen.Node = node
	args := []string{"listen", "-key", s.hexKey()}
	_, port, _ := encapsulation(s.facts.Config)
	watching := args
	if port != 0 {
		watching = append(append([]string{}, args...), "-watch", strconv.Itoa(port))
	}
	onNode := s.job(true, s.listenWithin(), watching...)
	onNode.Watch = port != 0
	inPod := s.job(false, s.listenWithin(), append(args, "-tcp")...)
	var group errgroup.Group
	group.Go(func() error {
		s.node.listener, s.node.err = listen(ctx, s.cluster, onNode, s.sayOf("on the node"))
		return nil
	})
	group.Go(func() error {
		s.pod.listener, s.pod.err = listen(ctx, s.cluster, inPod, s.sayOf("in a pod"))
		return nil
	})
	_ = group.Wait() // errors are part of the sides
	s.note()
}

// note puts down where the listeners are.
func (s *site) note() {
	if s.node.err != nil {
		s.seen.NodeError = s.node.err.Error()
	} else {
		s.seen.NodeAddress = s.node.listener.address
		s.seen.WatchError = s.node.listener.said().WatchError
	}
	if s.pod.err != nil {
		s.seen.PodError = s.pod.err.Error()
	} else {
		s.seen.PodAddress = s.pod.listener.address
	}
	s.seen.NoImage = errors.Is(s.node.err, ErrImage) || errors.Is(s.pod.err, ErrImage)
}

func (s *site) sayOf(where string) func(string) {
	return func(text string) { s.options.Say(s.cluster.Context, where+": "+text) }
}

// tidy removes what an earlier run left behind when it was killed. If it
// cannot, that is no reason not to measure: the pods have ended by themselves.
func (s *site) tidy(ctx context.Context) {
	left, err := Leftovers(ctx, s.cluster, s.options.Namespace, time.Now())
	if err == nil && len(left) > 0 {
		s.options.Say(s.cluster.Context, fmt.Sprintf("removing pods that an earlier run left: %d", len(left)))
		err = RemoveLeftovers(ctx, s.cluster, left)
	}
	if err != nil {
		s.options.Say(s.cluster.Context, "pods that an earlier run left may remain: "+err.Error())
	}
}

// send has both senders do their tasks.
func (s *site) send(ctx context.Context) {
	var group errgroup.Group
	group.Go(func() error { s.sendFrom(ctx, &s.node, true, "on the node"); return nil })
	group.Go(func() error { s.sendFrom(ctx, &s.pod, false, "in a pod"); return nil })
	_ = group.Wait() // errors are part of the sides
}

func (s *site) sendFrom(ctx context.Context, from *side, host bool, where string) {
	if len(from.tasks) == 0 {
		return
	}
	sent, err := s.measure(ctx, from.tasks, host, where)
	for i := range from.tasks {
		if err != nil {
			from.failed[i](err)
			continue
		}
		from.results[i](sent[i])
	}
}

func (s *site) measure(ctx context.Context, tasks []wire.Task, host bool, where string) ([]wire.Sent, error) {
	plan, err := json.Marshal(wire.Plan{Key: s.hexKey(), Tasks: tasks})
	if err != nil {
		return nil, err
	}
	outcome, err := Run(ctx, s.cluster, s.job(host, runWithin(len(tasks)), "measure", "-plan", string(plan)), s.sayOf(where))
	if left := (*LeftError)(nil); errors.As(err, &left) {
		s.left(left)
	}
	switch m := outcome.Line.Measured; {
	case m != nil && len(m.Sent) == len(tasks):
		return m.Sent, nil
	case err == nil:
		err = errors.New("the prober told another result than was asked for: is its image of another version?")
	}
	return nil, err
}

// settle waits until the listeners have told all.
func (s *site) settle(ctx context.Context) {
	for _, one := range []*side{&s.node, &s.pod} {
		if one.works() {
			one.err = one.listener.settle(ctx)
		}
	}
}

// end removes the listeners.
func (s *site) end(ctx context.Context) {
	var group errgroup.Group
	for _, one := range []*side{&s.node, &s.pod} {
		if one.listener == nil {
			continue
		}
		group.Go(func() error {
			if err := one.listener.end(ctx); err != nil {
				s.left(err)
			}
			return nil
		})
	}
	_ = group.Wait() // errors are part of what was seen
}

// left notes that something could not be removed.
func (s *site) left(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Left = strings.TrimPrefix(s.seen.Left+"; "+flat(err.Error()), "; ")
}
