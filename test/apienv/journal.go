package apienv

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Call is one request that went through a [Chaos] handler.
type Call struct {
	Target    string // the handler's name: a context or "arm"
	Method    string
	Path      string
	Query     string
	UserAgent string
	// Verb is Kubernetes' (get, list, watch, create, update, patch, delete,
	// deletecollection), or the method in lower case for other APIs.
	Verb string
	// Write is the number of this call among all writes of the journal, from
	// 1; 0 is not a write. Reviews, dry runs and connections to pods are none.
	Write int
	// Nth is how many calls of the same target, method and path came before:
	// with those it names a call alike in every run, which Write does not,
	// since concurrent calls come in any order.
	Nth   int
	Start time.Time
	// Status is what the client was told; 0 if it got no answer.
	Status int
	// Bytes is the length of the answer's body as it was sent, compressed perhaps.
	Bytes int64
	// Fault is the fault that was injected, if any.
	Fault Fault
}

// Journal is the log of the calls of one or more [Chaos] handlers, which share
// one numbering of writes. The zero value is ready.
type Journal struct {
	mu       sync.Mutex
	calls    []*Call
	seen     map[string]int // calls per target, method and path
	writes   int
	inFlight int
	idle     chan struct{} // closed and renewed when inFlight falls to 0
	begun    chan struct{} // closed and renewed at each call
	before   []hook
	after    []hook
}

// Match chooses calls.
type Match func(Call) bool

// WriteNumber matches the n-th write, from 1.
func WriteNumber(n int) Match { return func(c Call) bool { return c.Write == n } }

// Like matches the call of another run that is the same as c.
func Like(c Call) Match {
	return func(other Call) bool {
		return other.Target == c.Target && other.Method == c.Method && other.Path == c.Path && other.Nth == c.Nth
	}
}

type hook struct {
	match Match
	f     func(Call)
	pass  bool // the call goes on
}

// CutBefore calls f right before a write that matches would be passed on, and
// then cuts the client's connection instead of passing it on. f usually kills
// the client.
func (j *Journal) CutBefore(match Match, f func(Call)) {
	j.hook(&j.before, hook{match: match, f: f})
}

// Before calls f right before a write that matches is passed on, as somebody
// who is faster than the client.
func (j *Journal) Before(match Match, f func(Call)) {
	j.hook(&j.before, hook{match: match, f: f, pass: true})
}

// CutAfter calls f when a write that matches has been answered, and then cuts
// the client's connection instead of giving it the answer.
func (j *Journal) CutAfter(match Match, f func(Call)) {
	j.hook(&j.after, hook{match: match, f: f})
}

func (j *Journal) hook(hooks *[]hook, h hook) {
	j.mu.Lock()
	defer j.mu.Unlock()
	*hooks = append(*hooks, h)
}

// Calls returns all calls so far, in the order in which they came.
func (j *Journal) Calls() []Call {
	j.mu.Lock()
	defer j.mu.Unlock()
	calls := make([]Call, len(j.calls))
	for i, c := range j.calls {
		calls[i] = *c
	}
	return calls
}

// Writes returns the calls so far that write.
func (j *Journal) Writes() []Call {
	var writes []Call
	for _, c := range j.Calls() {
		if c.Write > 0 {
			writes = append(writes, c)
		}
	}
	return writes
}

// Count counts the calls so far by verb.
func (j *Journal) Count() map[string]int {
	counts := map[string]int{}
	for _, c := range j.Calls() {
		counts[c.Verb]++
	}
	return counts
}

// Reset forgets all calls and hooks and numbers writes from 1 again.
func (j *Journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls, j.seen, j.writes, j.before, j.after = nil, nil, 0, nil, nil
}

// WaitIdle returns when no call is in flight: after the end of a client, what
// it had asked for is then either done or never will be.
func (j *Journal) WaitIdle(ctx context.Context) error {
	for {
		j.mu.Lock()
		if j.inFlight == 0 {
			j.mu.Unlock()
			return nil
		}
		if j.idle == nil {
			j.idle = make(chan struct{})
		}
		idle := j.idle
		j.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// WaitFor returns when n calls that match have come.
func (j *Journal) WaitFor(ctx context.Context, match Match, n int) error {
	for {
		j.mu.Lock()
		if j.begun == nil {
			j.begun = make(chan struct{})
		}
		begun := j.begun
		j.mu.Unlock()
		found := 0
		for _, c := range j.Calls() {
			if match(c) {
				found++
			}
		}
		if found >= n {
			return nil
		}
		select {
		case <-begun:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// begin adds the call and numbers it.
func (j *Journal) begin(c *Call, write bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if write {
		j.writes++
		c.Write = j.writes
	}
	if j.seen == nil {
		j.seen = map[string]int{}
	}
	key := c.Target + " " + c.Method + " " + c.Path
	c.Nth = j.seen[key]
	j.seen[key]++
	j.calls = append(j.calls, c)
	j.inFlight++
	if j.begun != nil {
		close(j.begun)
		j.begun = nil
	}
}

func (j *Journal) end(c *Call, answer *answerWriter, fault Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c.Status, c.Bytes, c.Fault = answer.status, answer.bytes, fault
	if j.inFlight--; j.inFlight == 0 && j.idle != nil {
		close(j.idle)
		j.idle = nil
	}
}

// fire runs the hook for the call, outside of the lock, and says whether the
// connection is to be cut.
func (j *Journal) fire(hooks *[]hook, c *Call) bool {
	if c.Write == 0 {
		return false
	}
	j.mu.Lock()
	call := *c
	at := slices.IndexFunc(*hooks, func(h hook) bool { return h.match(call) })
	var found hook
	if at >= 0 {
		found = (*hooks)[at]
	}
	j.mu.Unlock()
	if found.f == nil {
		return false
	}
	found.f(call)
	return !found.pass
}
