package plan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errBoom = errors.New("boom")

// step returns a step that takes a second and ends with err.
func step(id string, err error, needs ...string) Step {
	cluster, _, _ := strings.Cut(id, "/")
	return Step{
		ID: id, Cluster: cluster, Action: Update, Object: "Object " + id, Summary: "summary of " + id, Needs: needs,
		Do: func(ctx context.Context, _ func(string)) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
				return err
			}
		},
	}
}

// outcomes maps each step to its state and reason.
func outcomes(r Result) map[string]string {
	m := map[string]string{}
	for _, s := range r.Steps {
		m[s.ID] = strings.TrimSpace(string(s.State) + " " + s.Reason)
	}
	return m
}

func TestFailureTakesDownOnlyWhatNeedsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		last := step("b/report", nil)
		last.After = []string{"a/helm", "a/mesh"}
		// The dependents come first: the order of the list must not matter.
		r := Run(t.Context(), Plan{Steps: []Step{
			step("a/wait", nil, "a/mesh"), step("a/mesh", nil, "a/helm"), step("a/helm", errBoom),
			step("b/helm", nil), step("b/mesh", nil, "b/helm"), last,
		}}, Options{})
		want := map[string]string{
			"a/helm": "failed boom", "a/mesh": "skipped needs a/helm", "a/wait": "skipped needs a/mesh",
			"b/helm": "done", "b/mesh": "done", "b/report": "done",
		}
		if diff := cmp.Diff(want, outcomes(r)); diff != "" {
			t.Error(diff)
		}
		if r.Interrupted || r.OK() || !errors.Is(r.Err(), errBoom) || r.Err().Error() != "a/helm: boom" {
			t.Errorf("interrupted %t, ok %t, error %v", r.Interrupted, r.OK(), r.Err())
		}
		if d := r.Ended.Sub(r.Started); d != 2*time.Second {
			t.Errorf("took %s, want two rounds of a second", d)
		}
	})
}

func TestParallelIsBoundedButNotForWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		p := Plan{}
		for i := range 10 {
			s := step("c/"+string(rune('0'+i)), nil)
			inner := s.Do
			s.Do = func(ctx context.Context, say func(string)) error {
				most.Store(max(most.Load(), running.Add(1)))
				defer running.Add(-1)
				return inner(ctx, say)
			}
			p.Steps = append(p.Steps, s)
		}
		// It stands first and waits for the last: counted, it could starve it.
		opened := make(chan struct{})
		wait := Step{ID: "wait", Action: Wait, Do: func(context.Context, func(string)) error { <-opened; return nil }}
		open := step("open", nil)
		open.Do = func(context.Context, func(string)) error { close(opened); return nil }
		p.Steps = append([]Step{wait}, append(p.Steps, open)...)
		r := Run(t.Context(), p, Options{Parallel: 1})
		if !r.OK() || most.Load() != 1 || r.Ended.Sub(r.Started) != 10*time.Second {
			t.Errorf("ok %t, at most %d at once, took %s", r.OK(), most.Load(), r.Ended.Sub(r.Started))
		}
		most.Store(0)
		p.Steps = p.Steps[1:11]
		if r := Run(t.Context(), p, Options{}); most.Load() != 10 || r.Ended.Sub(r.Started) != time.Second {
			t.Errorf("unbounded: at most %d at once, took %s", most.Load(), r.Ended.Sub(r.Started))
		}
	})
}

func TestInterruption(t *testing.T) {
	t.Parallel()
	custom := errors.New("no success within 15m (--timeout)")
	tests := map[string]struct {
		end       func(context.Context) (context.Context, context.CancelFunc)
		want, err string
	}{
		"cancel": {want: "interrupted", err: "context canceled", end: func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(1500*time.Millisecond, cancel)
			return ctx, cancel
		}},
		"deadline": {want: "out of time", err: "context deadline exceeded", end: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 1500*time.Millisecond)
		}},
		"cause": {want: custom.Error(), err: custom.Error(), end: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, 1500*time.Millisecond, custom)
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := tt.end(t.Context())
				defer cancel()
				r := Run(ctx, Plan{Steps: []Step{
					step("a/1", nil), step("a/2", nil, "a/1"), step("a/3", nil, "a/2"), step("b/1", errBoom), step("b/2", nil, "b/1"),
				}}, Options{})
				want := map[string]string{
					"a/1": "done", "a/2": "failed " + tt.want, "a/3": "skipped " + tt.want,
					"b/1": "failed boom", "b/2": "skipped needs b/1",
				}
				if diff := cmp.Diff(want, outcomes(r)); diff != "" {
					t.Error(diff)
				}
				if !r.Interrupted || r.Err().Error() != tt.err+"\nb/1: boom" {
					t.Errorf("interrupted %t, error %q", r.Interrupted, r.Err())
				}
			})
		})
	}
}

// TestInterruptedWaitsSayWhatTheyWaitedFor, and what was cut says nothing.
func TestInterruptedWaitsSayWhatTheyWaitedFor(t *testing.T) {
	t.Parallel()
	over := errors.New("no success within 15m (--timeout)")
	for name, test := range map[string]struct {
		end  func(error) error
		want string
	}{
		"a wait":        {func(cause error) error { return fmt.Errorf("cilium: 0 of 2 ready: %w", cause) }, "cilium: 0 of 2 ready: no success within 15m (--timeout)"},
		"a cut request": {func(error) error { return fmt.Errorf("GET /version: %w", context.Canceled) }, "no success within 15m (--timeout)"},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := Run(ctx, Plan{Steps: []Step{{ID: "a/wait", Action: Wait, Do: func(ctx context.Context, _ func(string)) error {
			cancel(over)
			return test.end(context.Cause(ctx))
		}}}}, Options{})
		if r.Steps[0].Reason != test.want || !r.Interrupted || r.Err().Error() != over.Error() {
			t.Errorf("%s: reason %q, want %q; error %v", name, r.Steps[0].Reason, test.want, r.Err())
		}
	}
}

func TestEndOfContextAfterSuccessIsNoInterruption(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := Run(ctx, Plan{Steps: []Step{{ID: "a", Do: func(context.Context, func(string)) error { cancel(); return nil }}}}, Options{})
	if r.Interrupted || !r.OK() || r.Err() != nil {
		t.Errorf("interrupted %t, ok %t, error %v", r.Interrupted, r.OK(), r.Err())
	}
}

func TestPanicsBecomeFailuresWithoutTheirValue(t *testing.T) {
	t.Parallel()
	var none *Step
	do := map[string]func(){
		"secret":  func() { panic("s3cr3t") },
		"error":   func() { panic(errors.New("s3cr3t")) },
		"runtime": func() { _ = none.ID },
		"goexit":  func() { runtime.Goexit() },
	}
	p := Plan{}
	for id, f := range do {
		p.Steps = append(p.Steps, Step{ID: id, Do: func(context.Context, func(string)) error { f(); return nil }})
	}
	r := Run(t.Context(), p, Options{})
	want := map[string][]string{
		"secret":  {"panic with a string", "run_test.go:"},
		"error":   {"panic with a *errors.errorString", "run_test.go:"},
		"runtime": {"nil pointer dereference", "run_test.go:"},
		"goexit":  {"without a result"},
	}
	for _, s := range r.Steps {
		if s.State != Failed || strings.Contains(s.Reason, "s3cr3t") {
			t.Errorf("%s: %s: %s", s.ID, s.State, s.Reason)
		}
		for _, part := range want[s.ID] {
			if !strings.Contains(s.Reason, part) {
				t.Errorf("%s: %q lacks %q", s.ID, s.Reason, part)
			}
		}
	}
}

func TestInvalidPlanIsNotBegun(t *testing.T) {
	t.Parallel()
	do := func(context.Context, func(string)) error { t.Error("ran"); return nil }
	p := Plan{Steps: []Step{{ID: "a", Do: do, Check: func(context.Context) error { t.Error("asked"); return nil }}, {ID: "b", Needs: []string{"c"}}}}
	sink := func(e Event) { t.Errorf("event %+v", e) }
	for name, r := range map[string]Result{
		"run":   Run(t.Context(), p, Options{Sink: sink}),
		"check": Check(t.Context(), p, Options{Sink: sink}),
	} {
		if r.OK() || r.Err() == nil || !strings.Contains(r.Err().Error(), `"c", which is not in the plan`) {
			t.Errorf("%s: ok %t, error %v", name, r.OK(), r.Err())
		}
		if s := r.Steps[0]; s.State != Skipped || s.Reason != "the plan is not valid" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	r := Run(t.Context(), Plan{Steps: []Step{{ID: "a"}}}, Options{})
	if r.Err() == nil || !strings.Contains(r.Err().Error(), "a cannot be carried out") {
		t.Errorf("nil Do: %v", r.Err())
	}
}

func TestCheckAsksOnlyAndAll(t *testing.T) {
	t.Parallel()
	do := func(context.Context, func(string)) error { t.Error("changed something"); return nil }
	r := Check(t.Context(), Plan{Steps: []Step{
		{ID: "a", Do: do, Check: func(context.Context) error { return errBoom }},
		{ID: "b", Do: do},
		{ID: "c", Do: do, Needs: []string{"a", "b"}, Check: func(context.Context) error { return nil }},
	}}, Options{})
	if diff := cmp.Diff(map[string]string{"a": "failed boom", "c": "done"}, outcomes(r)); diff != "" {
		t.Error(diff)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var late func(string)
		waiting := step("a/1", nil)
		waiting.Do = func(_ context.Context, say func(string)) error {
			time.Sleep(time.Second)
			say("for the address")
			say("")
			late = say
			return nil
		}
		var got []string
		begin := time.Now()
		sink := func(e Event) {
			got = append(got, strings.Join([]string{e.Time.Sub(begin).String(), e.Cluster, e.Step, string(e.State), e.Text}, "|"))
		}
		next := step("a/2", errBoom, "a/1")
		next.Do = func(context.Context, func(string)) error { late("too late"); return errBoom }
		Run(t.Context(), Plan{Steps: []Step{waiting, next, step("a/3", nil, "a/2")}}, Options{Sink: sink})
		late("much too late")
		want := []string{
			"0s|a|a/1|pending|summary of a/1", "0s|a|a/2|pending|summary of a/2", "0s|a|a/3|pending|summary of a/3",
			"0s|a|a/1|running|summary of a/1", "1s|a|a/1|running|for the address", "1s|a|a/1|done|summary of a/1",
			"1s|a|a/2|running|summary of a/2", "1s|a|a/2|failed|boom", "1s|a|a/3|skipped|needs a/2",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
