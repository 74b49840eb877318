package apienv

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Chaos stands before an API: it logs every call in its journal, adds latency
// and faults, and runs the journal's hooks around writes.
type Chaos struct {
	target   string
	journal  *Journal
	next     http.Handler
	classify func(*http.Request) (verb string, write bool)
	refuse   func(w http.ResponseWriter, status int, reason, message string)
	faults   atomic.Pointer[Faults]
}

// SetFaults replaces the faults for calls that come from now on.
func (h *Chaos) SetFaults(f Faults) { h.faults.Store(&f) }

// ServeHTTP implements [http.Handler].
func (h *Chaos) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := &Call{
		Target: h.target, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		UserAgent: r.UserAgent(), Start: time.Now(),
	}
	verb, write := h.classify(r)
	call.Verb = verb
	var faults Faults
	if f := h.faults.Load(); f != nil {
		faults = *f
	}
	h.journal.begin(call, write)
	fault := faults.pick(call)
	answer := &answerWriter{ResponseWriter: w}
	defer func() { h.journal.end(call, answer, fault) }()

	pause(r, faults.Latency)
	switch fault {
	case TooManyRequests:
		answer.Header().Set("Retry-After", "1")
		h.refuse(answer, http.StatusTooManyRequests, "TooManyRequests", "simulated: too many requests")
		return
	case ServerError:
		h.refuse(answer, http.StatusInternalServerError, "InternalError", "simulated: internal error")
		return
	case Timeout:
		pause(r, faults.Hang)
		panic(http.ErrAbortHandler)
	}
	if h.journal.fire(&h.journal.before, call) {
		panic(http.ErrAbortHandler)
	}
	answer.before = func() bool { return h.journal.fire(&h.journal.after, call) || fault == LostAnswer }
	h.next.ServeHTTP(answer, r)
}

// pause waits for d or until the client is gone.
func pause(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// answerWriter notes the status and can cut the connection when an answer is
// there but the client has seen nothing of it yet.
type answerWriter struct {
	http.ResponseWriter
	before func() (cut bool)
	status int
	bytes  int64
}

// WriteHeader implements [http.ResponseWriter].
func (w *answerWriter) WriteHeader(status int) {
	informational := status < 200 && status != http.StatusSwitchingProtocols
	if w.status == 0 && !informational {
		if w.before != nil && w.before() {
			panic(http.ErrAbortHandler)
		}
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *answerWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap gives [http.ResponseController] flushing (watches) and hijacking (upgrades).
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
