package plan

import (
	"context"
	"errors"
	"fmt"
)

// DefaultParallel is how many steps change something at the same time if
// [Options] does not say. It keeps a mesh of many clusters from opening
// hundreds of connections at once, and is well above what one run needs.
const DefaultParallel = 16

// Options say how a [Plan] is carried out.
type Options struct {
	// Parallel bounds how many steps run at the same time; 0 or less means
	// [DefaultParallel]. Steps that only [Wait] are not counted: what they wait
	// for may be the work of a step that would then never get its turn.
	Parallel int
	// Sink gets every change of state, and what running steps wait for. It may
	// be nil. It is called by one goroutine at a time, never after Run has returned.
	Sink Sink
}

// Run carries out the plan. A step starts as soon as all it Needs have
// succeeded and all it comes After have ended, in the plan's order where the
// bound leaves a choice. A step that fails takes down only those that need it;
// everything else goes on. A panic in a step is a failure of that step.
//
// When ctx ends, running steps see that through their own ctx and what is
// pending is skipped; Run returns once the running steps have ended, so steps
// must heed ctx. A plan that is not valid ([Plan.Validate]) is not begun.
func Run(ctx context.Context, p Plan, opts Options) Result {
	r := newRun(p, opts)
	started := now()
	if err := r.check(); err != nil {
		invalid := fmt.Errorf("plan is not valid, nothing was changed: %w", err)
		return r.refused(invalid)
	}
	for i := range r.steps {
		r.emit.state(&r.steps[i], Pending, r.steps[i].Summary)
	}
	r.loop(ctx)
	res := Result{Steps: r.results, Started: started, Ended: now()}
	if ctx.Err() != nil && !res.OK() {
		res.Interrupted, res.Cause = true, context.Cause(ctx)
	}
	return res
}

// Check asks, for every step that can ask, whether its API server would accept
// the change (--dry-run=server). It changes nothing, so no step waits for
// another. Steps that cannot ask are left out of the result.
func Check(ctx context.Context, p Plan, opts Options) Result {
	if err := p.Validate(); err != nil {
		return newRun(p, opts).refused(fmt.Errorf("plan is not valid, nothing was checked: %w", err))
	}
	var asking Plan
	for _, s := range p.Steps {
		if s.Check == nil {
			continue
		}
		ask := s.Check
		s.Needs, s.After = nil, nil
		s.Do = func(ctx context.Context, _ func(string)) error { return ask(ctx) }
		asking.Steps = append(asking.Steps, s)
	}
	return Run(ctx, asking, opts)
}

func newRun(p Plan, opts Options) *run {
	r := &run{
		steps:   p.Steps,
		results: make([]StepResult, len(p.Steps)),
		index:   make(map[string]int, len(p.Steps)),
		ended:   make(chan outcome),
		free:    opts.Parallel,
		emit:    &emitter{sink: opts.Sink, running: map[string]bool{}},
	}
	if r.free <= 0 {
		r.free = DefaultParallel
	}
	for i, s := range p.Steps {
		r.index[s.ID] = i
		r.results[i] = StepResult{
			ID: s.ID, Cluster: s.Cluster, Action: s.Action, Object: s.Object, Summary: s.Summary, State: Pending,
		}
	}
	return r
}

// check finds what would stop the run halfway.
func (r *run) check() error {
	p := Plan{Steps: r.steps}
	errs := []error{p.Validate()}
	for i := range r.steps {
		if r.steps[i].Do == nil {
			errs = append(errs, fmt.Errorf("step %s cannot be carried out: it has no function", r.steps[i].ID))
		}
	}
	return errors.Join(errs...)
}

// refused is the result of a plan that was not begun.
func (r *run) refused(err error) Result {
	for i := range r.results {
		r.results[i].State, r.results[i].Reason = Skipped, "the plan is not valid"
	}
	return Result{Steps: r.results, Started: now(), Ended: now(), invalid: err}
}
