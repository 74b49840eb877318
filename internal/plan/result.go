package plan

import (
	"errors"
	"fmt"
	"time"
)

// Result says how a run of a [Plan] ended, step by step.
type Result struct {
	// Steps are in the plan's order. Each is Done, Failed or Skipped.
	Steps   []StepResult `json:"steps"`
	Started time.Time    `json:"started"`
	Ended   time.Time    `json:"ended"`
	// Interrupted is true if the run's context ended before all steps had
	// succeeded, so that some are undone for no fault of their own.
	Interrupted bool `json:"interrupted,omitempty"`
	// Cause is the cause of the context's end if Interrupted, see [context.Cause].
	Cause error `json:"-"`

	invalid error // why the plan was not run at all
}

// StepResult says how one [Step] ended.
type StepResult struct {
	ID      string `json:"id"`
	Cluster string `json:"cluster,omitempty"`
	Action  Action `json:"action"`
	Object  string `json:"object"`
	Summary string `json:"summary"`
	State   State  `json:"state"`
	// Reason says in words why the step is Failed or Skipped, as "needs aks-1/ca".
	Reason string `json:"reason,omitempty"`
	// Err is what Do returned if Failed.
	Err error `json:"-"`
	// Started and Ended are zero for a step that never ran.
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`

	cutShort bool // Failed only because the run's context ended
}

// OK says whether every step succeeded.
func (r *Result) OK() bool {
	for i := range r.Steps {
		if r.Steps[i].State != Done {
			return false
		}
	}
	return r.invalid == nil
}

// Failed returns the steps that ran and did not succeed, in the plan's order.
func (r *Result) Failed() []StepResult {
	var failed []StepResult
	for i := range r.Steps {
		if r.Steps[i].State == Failed {
			failed = append(failed, r.Steps[i])
		}
	}
	return failed
}

// Err is nil if every step succeeded. Otherwise it joins why the plan was
// refused or the run was interrupted and the error of every failed step, each
// with the step's ID; [errors.Is] and [errors.As] reach all of them.
func (r *Result) Err() error {
	if r.invalid != nil {
		return r.invalid
	}
	var errs []error
	if r.Interrupted {
		errs = append(errs, r.Cause)
	}
	for _, s := range r.Failed() {
		if !s.cutShort {
			errs = append(errs, fmt.Errorf("%s: %w", s.ID, s.Err))
		}
	}
	return errors.Join(errs...)
}

// ClusterSummary is the part of a [Result] that belongs to one cluster.
type ClusterSummary struct {
	// Cluster is empty for the steps that belong to the mesh as a whole.
	Cluster string
	Done    []StepResult
	// NotDone are the Failed and Skipped steps, in the plan's order.
	NotDone []StepResult
	// Elapsed is the time from the first start to the last end of its steps.
	Elapsed time.Duration
}

// Summary groups the steps by cluster, in the order in which the plan first
// names each cluster.
func (r *Result) Summary() []ClusterSummary {
	var all []ClusterSummary
	at := map[string]int{}
	first := map[string]time.Time{}
	for _, s := range r.Steps {
		i, known := at[s.Cluster]
		if !known {
			i = len(all)
			at[s.Cluster] = i
			all = append(all, ClusterSummary{Cluster: s.Cluster})
		}
		c := &all[i]
		if s.State == Done {
			c.Done = append(c.Done, s)
		} else {
			c.NotDone = append(c.NotDone, s)
		}
		if s.Started.IsZero() {
			continue
		}
		if f, ok := first[s.Cluster]; !ok || s.Started.Before(f) {
			// An earlier start found later in the plan lengthens what is known already.
			if ok {
				c.Elapsed += f.Sub(s.Started)
			}
			first[s.Cluster] = s.Started
		}
		c.Elapsed = max(c.Elapsed, s.Ended.Sub(first[s.Cluster]))
	}
	return all
}
