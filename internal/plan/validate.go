package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Validate says whether the steps can be put in an order: every ID is there
// once, every ID in Needs and After exists, and no step waits for itself,
// directly or through others. The error names every offence.
func (p *Plan) Validate() error {
	index := make(map[string]int, len(p.Steps))
	var errs []error
	for i := range p.Steps {
		id := p.Steps[i].ID
		if id == "" {
			errs = append(errs, fmt.Errorf("step %d (%s %s) has no id", i+1, p.Steps[i].Action, p.Steps[i].Object))
		} else if _, twice := index[id]; twice {
			errs = append(errs, fmt.Errorf("step %s is there twice", id))
		}
		index[id] = i
	}
	for i := range p.Steps {
		for _, id := range p.Steps[i].before() {
			if _, known := index[id]; !known {
				errs = append(errs, fmt.Errorf("step %s waits for %q, which is not in the plan", p.Steps[i].ID, id))
			}
		}
	}
	if len(errs) == 0 { // a cycle only makes sense between steps that exist once
		if c := p.cycle(index); c != nil {
			errs = append(errs, fmt.Errorf("steps wait for each other: %s", strings.Join(c, " after ")))
		}
	}
	return errors.Join(errs...)
}

// before lists all steps that must have ended before s starts.
func (s *Step) before() []string { return slices.Concat(s.Needs, s.After) }

// cycle returns the IDs along one cycle, the first repeated at the end, or nil.
func (p *Plan) cycle(index map[string]int) []string {
	cleared := make([]bool, len(p.Steps)) // known to lead into no cycle
	var path []string
	var visit func(i int) []string
	visit = func(i int) []string {
		id := p.Steps[i].ID
		if at := slices.Index(path, id); at >= 0 {
			return append(slices.Clone(path[at:]), id)
		}
		if cleared[i] {
			return nil
		}
		path = append(path, id)
		for _, b := range p.Steps[i].before() {
			if c := visit(index[b]); c != nil {
				return c
			}
		}
		path = path[:len(path)-1]
		cleared[i] = true
		return nil
	}
	for i := range p.Steps {
		if c := visit(i); c != nil {
			return c
		}
	}
	return nil
}
