package plan

import (
	"sync"
	"time"
)

// emitter passes events on one at a time, and none of a step that has ended:
// what a step left behind may still speak, but nobody should hear it.
type emitter struct {
	sink Sink // may be nil

	mu      sync.Mutex
	running map[string]bool // by step ID
}

// state reports that s is in state from now on, and returns this now.
func (e *emitter) state(s *Step, state State, text string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[s.ID] = state == Running
	return e.send(s, state, text)
}

// say reports what s, while it runs, waits for.
func (e *emitter) say(s *Step, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running[s.ID] && text != "" {
		e.send(s, Running, text)
	}
}

// send stamps and passes on an event. The time is taken under the lock, so that
// events never go back in time.
func (e *emitter) send(s *Step, state State, text string) time.Time {
	at := now()
	if e.sink != nil {
		e.sink(Event{Time: at, Cluster: s.Cluster, Step: s.ID, State: state, Text: text})
	}
	return at
}

// now is in UTC, as everything that is written down.
func now() time.Time { return time.Now().UTC() }
