package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// State is what the fabric shall do.
type State struct {
	Routes []Route `json:"routes,omitempty"`
	Faults []Fault `json:"faults,omitempty"`
}

// Route sends a range to nodes, as Azure sends a load balancer's frontend to
// the machines behind it, or a route table a pod range to its node. With
// several nodes connections are spread over them.
type Route struct {
	To  netip.Prefix `json:"to"`
	Via []netip.Addr `json:"via"`
}

// AddRoute adds a route, or replaces the one with the same range.
func (f Fabric) AddRoute(r Route) error {
	return f.change(func(s *State) error {
		s.Routes = slices.DeleteFunc(s.Routes, func(o Route) bool { return o.To == r.To })
		s.Routes = append(s.Routes, r)
		return nil
	})
}

// AddFault adds a fault and returns it with its number.
func (f Fabric) AddFault(fault Fault) (Fault, error) {
	if err := fault.Validate(); err != nil {
		return Fault{}, err
	}
	err := f.change(func(s *State) error {
		fault.ID = 1
		for i := range s.Faults {
			fault.ID = max(fault.ID, s.Faults[i].ID+1)
		}
		s.Faults = append(s.Faults, fault)
		return nil
	})
	return fault, err
}

// ClearFaults removes the faults with these numbers, all if none are given.
func (f Fabric) ClearFaults(ids ...int) error {
	return f.change(func(s *State) error {
		for _, id := range ids {
			if !slices.ContainsFunc(s.Faults, func(o Fault) bool { return o.ID == id }) {
				return fmt.Errorf("there is no fault %d", id)
			}
		}
		s.Faults = slices.DeleteFunc(s.Faults, func(o Fault) bool {
			return len(ids) == 0 || slices.Contains(ids, o.ID)
		})
		return nil
	})
}

// RemoveCluster forgets the cluster's routes.
func (f Fabric) RemoveCluster(c shape.Cluster) error {
	return f.change(func(s *State) error {
		s.Routes = slices.DeleteFunc(s.Routes, func(r Route) bool {
			return slices.ContainsFunc(r.Via, c.VNet().Contains)
		})
		return nil
	})
}

// Load reads the state; without a file it is empty.
func (f Fabric) Load() (State, error) {
	var s State
	text, err := os.ReadFile(f.StateFile)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return s, fmt.Errorf("cannot read the fabric's state from %s: %w", f.StateFile, err)
	}
	return s, nil
}

// change edits the state under a lock that other processes respect, applies it
// and then keeps it.
func (f Fabric) change(edit func(*State) error) error {
	lock, err := os.OpenFile(f.StateFile+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // releases it
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	old, err := f.Load()
	if err != nil {
		return err
	}
	state := State{Routes: slices.Clone(old.Routes), Faults: slices.Clone(old.Faults)}
	if err := edit(&state); err != nil {
		return err
	}
	if err := apply(old, state); err != nil {
		return errors.Join(err, apply(state, old))
	}
	return f.save(state)
}

func (f Fabric) save(s State) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(f.StateFile), ".fabric.json")
	if err := os.WriteFile(temp, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, f.StateFile)
}
