package rollout

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Sessions are what the waits for connections of several clusters tell one
// another: which etcd each cluster has now. A kvstoremesh takes itself for
// connected with an older one for a minute and more. The zero value is ready.
type Sessions struct {
	mu   sync.Mutex
	etcd map[string]string // ids by cluster name; empty if a cluster will not say
	// asks ask a cluster again: its agents may themselves have held on to an
	// older etcd when it said which one it has.
	asks map[string]func(context.Context) string
	// waits are the clusters whose wait has begun, or surely will.
	waits map[string]bool
	// news is closed when a cluster tells something; nil if nobody listens.
	news chan struct{}
}

// Expect makes the others wait for a cluster's word.
func (s *Sessions) Expect(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits == nil {
		s.waits = map[string]bool{}
	}
	s.waits[name] = true
}

// Tell makes known which etcd a cluster has, once its own agents are
// connected; an empty id says that nobody shall wait for its word any longer.
func (s *Sessions) Tell(name, etcd string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.etcd == nil {
		s.etcd = map[string]string{}
	}
	if _, told := s.etcd[name]; !told || etcd != "" {
		s.etcd[name] = etcd
	}
	if s.news != nil {
		close(s.news)
		s.news = nil
	}
}

// await waits until no other cluster is silent, if the named one has told
// already and is held up by that alone; it says whether it has waited.
func (s *Sessions) await(ctx context.Context, name string) (waited bool, err error) {
	for {
		news := s.listen(name)
		if news == nil {
			return waited, nil
		}
		waited = true
		select {
		case <-news:
		case <-ctx.Done():
			return waited, context.Cause(ctx)
		}
	}
}

// listen is closed at the next word of any cluster; nil if the named one does
// not wait for others.
func (s *Sessions) listen(name string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, told := s.etcd[name]; !told || s.silentLocked(name) == "" {
		return nil
	}
	if s.news == nil {
		s.news = make(chan struct{})
	}
	return s.news
}

// askBy makes known how a cluster is asked again which etcd it has.
func (s *Sessions) askBy(name string, ask func(context.Context) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asks == nil {
		s.asks = map[string]func(context.Context) string{}
	}
	s.asks[name] = ask
}

// dead says why a cluster whose agents all are connected is not done yet:
// another one's wait has not said which etcd to expect, or a kvstoremesh is
// connected with an older one. Before it says the latter it asks again.
func (s *Sessions) dead(ctx context.Context, kubeContext, name string, kvstores []mesh.Agent) string {
	if other := s.silent(name); other != "" {
		return "agents of " + other + " are not connected yet"
	}
	dead := s.deadOf(kubeContext, kvstores)
	for i := range dead {
		if ask := s.asking(dead[i].To); ask != nil {
			s.Tell(dead[i].To, ask(ctx))
		}
	}
	if len(dead) > 0 {
		dead = s.deadOf(kubeContext, kvstores)
	}
	if len(dead) > 0 {
		return dead[0].String()
	}
	return ""
}

// silent is a cluster other than the named one that is expected to tell and has
// not; empty if there is none.
func (s *Sessions) silent(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silentLocked(name)
}

func (s *Sessions) silentLocked(name string) string {
	for _, other := range slices.Sorted(maps.Keys(s.waits)) {
		if _, told := s.etcd[other]; !told && other != name {
			return other
		}
	}
	return ""
}

func (s *Sessions) asking(name string) func(context.Context) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asks[name]
}

func (s *Sessions) deadOf(kubeContext string, kvstores []mesh.Agent) []mesh.DeadSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return mesh.DeadSessionsOf(kubeContext, kvstores, s.etcd)
}
