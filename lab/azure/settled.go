package azure

import (
	"context"
	"sync"
)

// settled is a cluster's kube-proxy as the addon manager saw it last, to wait on.
type settled struct {
	mu      sync.Mutex
	known   bool
	enabled bool
	changed chan struct{} // closed at the next change
}

func newSettled() *settled { return &settled{changed: make(chan struct{})} }

func (s *settled) set(enabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known && s.enabled == enabled {
		return
	}
	s.known, s.enabled = true, enabled
	close(s.changed)
	s.changed = make(chan struct{})
}

// unset says that kube-proxy is on its way from one state to the other.
func (s *settled) unset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = false
}

func (s *settled) wait(ctx context.Context, enabled bool) error {
	for {
		s.mu.Lock()
		done, changed := s.known && s.enabled == enabled, s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
