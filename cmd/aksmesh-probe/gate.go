package main

import (
	"context"
	"sync"
	"time"
)

const (
	// patience is how long a request counts as one that keeps the prober busy.
	patience = 100 * time.Millisecond
	// mostWaiting bounds the requests that wait for an answer.
	mostWaiting = 64
)

// gate lets only so many requests be under way at once, so that they do not
// wait for each other and latencies are the network's. A request that got no
// answer for a while makes room: where nobody answers, a thousand timeouts one
// after another would take half an hour.
type gate chan struct{}

// enter waits for room. It is false if ctx ends.
func (g gate) enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case g <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// leaver returns what makes room: at once when it is called, else by itself
// after a while.
func (g gate) leaver() (leave func()) {
	once := sync.OnceFunc(func() { <-g })
	timer := time.AfterFunc(patience, once)
	return func() {
		timer.Stop()
		once()
	}
}
