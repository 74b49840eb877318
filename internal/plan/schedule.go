package plan

import (
	"context"
	"errors"
	"strings"
)

// run is one run of a plan. All fields but emit belong to the goroutine that
// called [Run]; steps report back through ended.
type run struct {
	steps   []Step
	results []StepResult   // same order
	index   map[string]int // step ID → place in both
	ended   chan outcome
	active  int // steps that run, waits included
	free    int // how many more steps may change something now
	emit    *emitter
}

// outcome is what a step's goroutine hands back.
type outcome struct {
	step int
	err  error
}

// loop starts what can start and takes in what ends, until nothing runs.
func (r *run) loop(ctx context.Context) {
	interrupt := ctx.Done()
	for {
		for r.advance(ctx) { // a skipped step may decide others, in any order
		}
		if r.active == 0 {
			return
		}
		select {
		case o := <-r.ended:
			r.finish(ctx, o)
		case <-interrupt:
			interrupt = nil // heard; from now on only wait for the running steps
		}
	}
}

// advance starts or skips every pending step whose turn it is. It says whether
// it skipped one.
func (r *run) advance(ctx context.Context) bool {
	skipped := false
	for i := range r.steps {
		if r.results[i].State != Pending {
			continue
		}
		if why := r.hindrance(ctx, i); why != "" {
			r.results[i].State, r.results[i].Reason = Skipped, why
			r.emit.state(&r.steps[i], Skipped, why)
			skipped = true
		} else if r.ready(i) {
			r.start(ctx, i)
		}
	}
	return skipped
}

// hindrance says why step i can never run, if so.
func (r *run) hindrance(ctx context.Context, i int) string {
	if ctx.Err() != nil {
		return interruption(ctx)
	}
	for _, id := range r.steps[i].Needs {
		if s := r.results[r.index[id]].State; s == Failed || s == Skipped {
			return "needs " + id
		}
	}
	return ""
}

// ready says whether all that comes before step i has ended and it may run now.
func (r *run) ready(i int) bool {
	for _, id := range r.steps[i].before() {
		if s := r.results[r.index[id]].State; s == Pending || s == Running {
			return false
		}
	}
	return r.steps[i].Action == Wait || r.free > 0
}

func (r *run) start(ctx context.Context, i int) {
	s := &r.steps[i]
	r.results[i].State = Running
	r.active++
	if s.Action != Wait {
		r.free--
	}
	r.results[i].Started = r.emit.state(s, Running, s.Summary)
	go func() {
		o := outcome{step: i, err: errGoexit}
		defer func() { r.ended <- o }() // even if the step ends its goroutine
		o.err = guarded(ctx, s, func(text string) { r.emit.say(s, text) })
	}()
}

// finish takes in how a running step ended.
func (r *run) finish(ctx context.Context, o outcome) {
	s, res := &r.steps[o.step], &r.results[o.step]
	r.active--
	if s.Action != Wait {
		r.free++
	}
	if o.err == nil {
		res.State = Done
		res.Ended = r.emit.state(s, Done, s.Summary)
		return
	}
	res.State, res.Err, res.Reason = Failed, o.err, o.err.Error()
	if ctx.Err() != nil && (errors.Is(o.err, ctx.Err()) || errors.Is(o.err, context.Cause(ctx))) {
		res.Reason, res.cutShort = stoodInTheWay(ctx, o.err)+interruption(ctx), true
	}
	res.Ended = r.emit.state(s, Failed, res.Reason)
}

// stoodInTheWay is what a step says of its own before the cause of ctx's end:
// what it has waited for in vain. Other errors that an end of ctx brings, of
// requests that it cut, tell nobody anything.
func stoodInTheWay(ctx context.Context, err error) string {
	own, ok := strings.CutSuffix(err.Error(), context.Cause(ctx).Error())
	if !ok {
		return ""
	}
	return own
}

// interruption words the cause of ctx's end.
func interruption(ctx context.Context) string {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, context.Canceled):
		return "interrupted"
	case errors.Is(cause, context.DeadlineExceeded):
		return "out of time"
	default:
		return cause.Error()
	}
}
