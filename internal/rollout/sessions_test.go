package rollout

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// A cluster may say which etcd it has while its own agents still hold on to the
// one before. Seen on the lab: a wait for an upgraded cluster never ended.
func TestADeadSessionIsAskedForAgain(t *testing.T) {
	connectedWith := func(etcd string) []mesh.Agent {
		return []mesh.Agent{{Pod: "mesh-b", Remotes: []mesh.Remote{{Name: "a", Connected: true, EtcdID: etcd}}}}
	}
	for name, test := range map[string]struct {
		told, again, seen string
		dead              bool
	}{
		"alive":                     {told: "e1", again: "e1", seen: "e1"},
		"dead":                      {told: "e2", again: "e2", seen: "e1", dead: true},
		"told too early":            {told: "e1", again: "e2", seen: "e2"},
		"cannot be asked any more":  {told: "e2", again: "", seen: "e1", dead: true},
		"changed once more by then": {told: "e1", again: "e3", seen: "e2", dead: true},
	} {
		var s Sessions
		s.Tell("a", test.told)
		s.askBy("a", func(context.Context) string { return test.again })
		got := s.dead(t.Context(), "aks-b", "b", connectedWith(test.seen))
		if (got != "") != test.dead {
			t.Errorf("%s: %q, want dead: %v", name, got, test.dead)
		}
	}
}

func TestSilentClustersAreWaitedFor(t *testing.T) {
	var s Sessions
	s.Expect("a")
	s.Expect("b")
	if got := s.dead(t.Context(), "aks-b", "b", nil); !strings.Contains(got, "agents of a are not connected yet") {
		t.Errorf("b does not wait for a: %q", got)
	}
	s.Tell("a", "")
	if got := s.dead(t.Context(), "aks-b", "b", nil); got != "" {
		t.Errorf("b waits for a, which will say no more: %q", got)
	}
}

// A cluster that has told waits for the others' word, and asks nobody meanwhile.
func TestAwait(t *testing.T) {
	var s Sessions
	s.Expect("a")
	s.Expect("b")
	if waited, err := s.await(t.Context(), "b"); waited || err != nil {
		t.Errorf("b waits for a before it has told itself: %v, %v", waited, err)
	}
	s.Tell("b", "e1")
	go s.Tell("a", "e2")
	if waited, err := s.await(t.Context(), "b"); err != nil {
		t.Errorf("waited %v: %v", waited, err)
	}
	if waited, err := s.await(t.Context(), "b"); waited || err != nil {
		t.Errorf("b waits though a has told: %v, %v", waited, err)
	}

	var silent Sessions
	silent.Expect("a")
	silent.Tell("b", "e1")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errReady)
	if waited, err := silent.await(ctx, "b"); !waited || !errors.Is(err, errReady) {
		t.Errorf("waited %v: %v, want the context's cause", waited, err)
	}
}
