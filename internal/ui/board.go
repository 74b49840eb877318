package ui

import (
	"slices"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// board is what is known from the events so far.
type board struct {
	began time.Time // of the first event
	rows  []*row    // in the order in which clusters were first heard of
	steps map[string]*stepState
}

// row is one cluster on the board.
type row struct {
	cluster string
	steps   []*stepState
}

// stepState is where one step stands.
type stepState struct {
	label   string
	state   plan.State
	summary string // its text when it was pending or started
	text    string // what it waits for, or why it failed or was skipped
	began   time.Time
	ended   time.Time
}

// news is what an event changed.
type news int

const (
	nothingNew news = iota
	queued
	started
	waits // says what it waits for
	ended
)

// apply takes an event in. Repetitions are nothing new.
func (b *board) apply(e plan.Event) news {
	if b.began.IsZero() {
		b.began = e.Time
	}
	s := b.step(e)
	before := s.state
	s.state = e.State
	switch e.State {
	case plan.Pending:
		s.summary = e.Text
		if before == e.State {
			return nothingNew
		}
		return queued
	case plan.Running:
		if before != plan.Running {
			s.began, s.summary = e.Time, e.Text
			return started
		}
		if s.text == e.Text {
			return nothingNew
		}
		s.text = e.Text
		return waits
	default:
		if before == e.State {
			return nothingNew
		}
		s.text, s.ended = e.Text, e.Time
		return ended
	}
}

// step finds or adds the step that an event is about.
func (b *board) step(e plan.Event) *stepState {
	if s, known := b.steps[e.Step]; known {
		return s
	}
	if b.steps == nil {
		b.steps = map[string]*stepState{}
	}
	s := &stepState{label: label(e.Cluster, e.Step)}
	b.steps[e.Step] = s
	at := slices.IndexFunc(b.rows, func(r *row) bool { return r.cluster == e.Cluster })
	if at < 0 {
		at = len(b.rows)
		b.rows = append(b.rows, &row{cluster: e.Cluster})
	}
	b.rows[at].steps = append(b.rows[at].steps, s)
	return s
}

// in returns the row's steps in a state.
func (r *row) in(state plan.State) []*stepState {
	var in []*stepState
	for _, s := range r.steps {
		if s.state == state {
			in = append(in, s)
		}
	}
	return in
}

// endedSteps counts the row's steps that have ended, well or not.
func (r *row) endedSteps() int {
	return len(r.in(plan.Done)) + len(r.in(plan.Failed)) + len(r.in(plan.Skipped))
}

// since is the time on the board's clock in whole seconds, so that all that
// is counted from it changes at the same moments.
func (b *board) since(t time.Time) time.Duration {
	return t.Sub(b.began).Truncate(time.Second)
}

// end is when the last of the row's steps ended; zero if none has.
func (r *row) end() time.Time {
	var last time.Time
	for _, s := range r.steps {
		if s.ended.After(last) {
			last = s.ended
		}
	}
	return last
}

// span is the time from the first start to the last end of the row's steps.
func (r *row) span() time.Duration {
	var first time.Time
	for _, s := range r.steps {
		if !s.began.IsZero() && (first.IsZero() || s.began.Before(first)) {
			first = s.began
		}
	}
	if first.IsZero() {
		return 0
	}
	return r.end().Sub(first)
}
