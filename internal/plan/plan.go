// Package plan holds what every change is made of: a [Plan] is [Step]s made
// purely from what was seen and what is wished, a [Runner] carries them out,
// and [Event]s are all that flows from there to the screen.
package plan

import (
	"context"
	"slices"
	"time"
)

// Action says what a step does to its object.
type Action string

// Actions of a [Step].
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	Wait   Action = "wait" // changes nothing
)

// Step is one small, idempotent change of one cluster. All but its functions
// is plain data: the dry run.
type Step struct {
	// ID is unique in its plan, as "aks-1/helm".
	ID string `json:"id"`
	// Cluster is the kubeconfig context that the step changes; empty for the mesh as a whole.
	Cluster string `json:"cluster,omitempty"`
	Action  Action `json:"action"`
	// Object names what is changed, as "Secret kube-system/cilium-ca".
	Object string `json:"object"`
	// Summary is one line in plain words, without the cluster's name.
	Summary string `json:"summary"`
	// Diff shows the change as lines that start with "+ ", "- " or "  ". Never holds a secret.
	Diff []string `json:"diff,omitempty"`
	// Needs are the IDs of steps that must have succeeded before.
	Needs []string `json:"needs,omitempty"`
	// After are the IDs of steps that must have ended before, well or not.
	After []string `json:"after,omitempty"`

	// Check asks the API server whether it would accept the change
	// (--dry-run=server). Nil if it cannot be asked.
	Check func(ctx context.Context) error `json:"-"`
	// Do makes the change and reads it back. It must be safe to repeat after
	// a kill at any point. say reports what is being waited for.
	Do func(ctx context.Context, say func(text string)) error `json:"-"`
}

// Plan is an ordered list of steps.
type Plan struct {
	Steps []Step `json:"steps"`
	// Notes are lines that say what one should know of it.
	Notes []string `json:"notes,omitempty"`
}

// Empty says whether there is nothing to change: no step but waits.
func (p *Plan) Empty() bool {
	for i := range p.Steps {
		if p.Steps[i].Action != Wait {
			return false
		}
	}
	return true
}

// Link drops needs of steps that the plan does not have: what they would have
// done is so already.
func (p *Plan) Link() {
	has := map[string]bool{}
	for i := range p.Steps {
		has[p.Steps[i].ID] = true
	}
	absent := func(id string) bool { return !has[id] }
	for i := range p.Steps {
		p.Steps[i].Needs = slices.DeleteFunc(p.Steps[i].Needs, absent)
		p.Steps[i].After = slices.DeleteFunc(p.Steps[i].After, absent)
	}
}

// State is where a step stands.
type State string

// States of a step, in the order in which it passes through them.
const (
	Pending State = "pending"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Skipped State = "skipped" // a step that it needs failed, or the run was interrupted
)

// Event is the only thing that flows from a change to the screen.
type Event struct {
	Time    time.Time `json:"time"`
	Cluster string    `json:"cluster,omitempty"`
	Step    string    `json:"step"` // a Step's ID
	State   State     `json:"state"`
	// Text is the step's summary, or what a running step waits for, or why it failed.
	Text string `json:"text,omitempty"`
}

// Sink takes events, one at a time. It must not block for long.
type Sink func(Event)
