package plan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// history is what a random run did, as its steps saw it.
type history struct {
	mu      sync.Mutex
	order   []string // "start ID" and "end ID"
	running int
	most    int
}

func (h *history) note(what string, by int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.order = append(h.order, what)
	h.running += by
	h.most = max(h.most, h.running)
}

// randomPlan is acyclic: steps wait only for steps of lower rank, and stand in
// any order. The returned set holds the steps that fail when they run.
func randomPlan(rng *rand.Rand, h *history, cancel func()) (Plan, map[string]bool) {
	n := 1 + rng.IntN(40)
	density := rng.Float64() * 0.3
	fails := map[string]bool{}
	p := Plan{Steps: make([]Step, n)}
	stopAt := -1
	if rng.IntN(4) == 0 {
		stopAt = rng.IntN(n)
	}
	for i := range n {
		s := Step{ID: fmt.Sprint("s", i), Cluster: fmt.Sprint("c", i%4), Action: Update}
		for j := range i {
			switch r := rng.Float64(); {
			case r < density/2:
				s.Needs = append(s.Needs, fmt.Sprint("s", j))
			case r < density:
				s.After = append(s.After, fmt.Sprint("s", j))
			}
		}
		fails[s.ID] = rng.IntN(6) == 0
		yields := rng.IntN(20)
		s.Do = func(_ context.Context, say func(string)) error {
			h.note("start "+s.ID, 1)
			defer h.note("end "+s.ID, -1)
			for range yields {
				say("busy")
				runtime.Gosched()
			}
			if i == stopAt {
				cancel()
			}
			if fails[s.ID] {
				return errBoom
			}
			return nil
		}
		p.Steps[i] = s
	}
	rng.Shuffle(n, func(i, j int) { p.Steps[i], p.Steps[j] = p.Steps[j], p.Steps[i] })
	return p, fails
}

func TestRandomPlans(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 0))
		ctx, cancel := context.WithCancel(t.Context())
		var h history
		p, fails := randomPlan(rng, &h, cancel)
		limit := 1 + rng.IntN(5)
		var events []Event // unguarded: the race detector sees a sink that is not serialised
		r := Run(ctx, p, Options{Parallel: limit, Sink: func(e Event) { events = append(events, e) }})
		cancel()
		if h.most > limit {
			t.Errorf("seed %d: %d steps at once, limit %d", seed, h.most, limit)
		}
		for _, problem := range slices.Concat(checkStates(p, r, fails), checkOrder(p, h.order), checkEvents(r, events)) {
			t.Errorf("seed %d: %s", seed, problem)
		}
		if t.Failed() {
			return
		}
	}
}

// checkStates finds steps whose end does not follow from those they wait for.
func checkStates(p Plan, r Result, fails map[string]bool) (problems []string) {
	state := map[string]StepResult{}
	for _, s := range r.Steps {
		state[s.ID] = s
	}
	for i, s := range p.Steps {
		got := r.Steps[i]
		lost := slices.ContainsFunc(s.Needs, func(id string) bool { return state[id].State != Done })
		ok := false
		switch got.State {
		case Done:
			ok = !lost && !fails[s.ID] && got.Err == nil && got.Reason == ""
		case Failed:
			ok = !lost && fails[s.ID] && got.Err != nil && got.Reason != ""
		case Skipped:
			ok = (lost || r.Interrupted) && got.Started.IsZero() && got.Reason != ""
		}
		if !ok || got.ID != s.ID || got.Ended.Before(got.Started) {
			problems = append(problems, fmt.Sprintf("%s ended wrongly (needs lost: %t, fails: %t): %+v", s.ID, lost, fails[s.ID], got))
		}
	}
	return problems
}

// checkOrder finds steps that ran twice or before those they wait for had ended.
func checkOrder(p Plan, order []string) (problems []string) {
	at := map[string]int{}
	for i, what := range order {
		if _, twice := at[what]; twice {
			problems = append(problems, what+" twice")
		}
		at[what] = i
	}
	for _, s := range p.Steps {
		start, ran := at["start "+s.ID]
		if !ran {
			continue
		}
		for _, b := range s.before() {
			if _, bRan := at["start "+b]; bRan && (at["end "+b] > start) {
				problems = append(problems, s.ID+" started before the end of "+b)
			}
		}
	}
	return problems
}

// checkEvents finds steps whose events do not lead, once and in order, to their result.
func checkEvents(r Result, events []Event) (problems []string) {
	rank := map[State]int{Pending: 0, Running: 1, Done: 2, Failed: 2, Skipped: 2}
	last := map[string]State{}
	var at time.Time
	for _, e := range events {
		before, known := last[e.Step]
		repeats := known && before == Running && e.State == Running
		if known && !repeats && rank[e.State] <= rank[before] || !known && e.State != Pending {
			problems = append(problems, fmt.Sprintf("%s: %s after %q", e.Step, e.State, before))
		}
		last[e.Step] = e.State
		if e.Time.Before(at) {
			problems = append(problems, "events go back in time")
		}
		at = e.Time
	}
	for _, s := range r.Steps {
		if last[s.ID] != s.State {
			problems = append(problems, fmt.Sprintf("%s is %s, its last event says %q", s.ID, s.State, last[s.ID]))
		}
	}
	return problems
}
