package upgrade

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// State is where the upgrade of one cluster ended.
type State string

// States of an [Outcome].
const (
	Upgraded   State = "upgraded"     // and every agent is connected
	Kept       State = "kept"         // it had the version already, and is well
	Unverified State = "not verified" // the revision is made, and the cluster has not come back
	Unfinished State = "unfinished"   // the revision was begun and did not succeed
	NotBegun   State = "not begun"
	Owned      State = "left to GitOps"
)

// Outcome is how the upgrade of one cluster ended.
type Outcome struct {
	Context string `json:"context"`
	Cluster string `json:"cluster"` // name in the mesh
	// From is the version before this run, semver without "v"; empty if an
	// earlier run began the upgrade.
	From  string `json:"from,omitempty"`
	To    string `json:"to"` // version that was asked for
	State State  `json:"state"`
	// Revision is Helm's newest one as far as this run knows.
	Revision int `json:"revision"`
	// Back is the revision from before the upgrade; 0 if there is nothing to
	// go back to.
	Back int `json:"rollbackRevision,omitempty"`
	// Rollback is the command that goes back.
	Rollback string `json:"rollback,omitempty"`
}

// Outcomes tells what came of every cluster, in the order of work.
func (r *Run) Outcomes(result *plan.Result) []Outcome {
	states := map[string]plan.State{}
	for i := range result.Steps {
		states[result.Steps[i].ID] = result.Steps[i].State
	}
	outcomes := make([]Outcome, 0, len(r.draft.Clusters))
	for i := range r.draft.Clusters {
		c := &r.draft.Clusters[i]
		o := Outcome{
			Context: c.Context, Cluster: c.Name, From: c.From, To: r.draft.wish.Version,
			State: c.state(states), Revision: c.Revision, Back: c.Back,
		}
		if c.Unfinished {
			o.From = ""
		}
		r.mu.Lock()
		if made, ok := r.made[c.Context]; ok {
			o.Revision = made
		}
		r.mu.Unlock()
		if o.State == NotBegun && !c.Unfinished || o.State == Owned {
			o.Back = 0
		}
		if o.Back > 0 {
			o.Rollback = rollback(c.Context, fmt.Sprint(o.Back))
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// state sums up the states of the cluster's steps.
func (c *Cluster) state(steps map[string]plan.State) State {
	helm, connected := steps[id(c.Context, stepHelm)], steps[id(c.Context, stepConnected)]
	switch {
	case c.GitOps != "":
		return Owned
	case !c.works():
		return Kept
	case connected == plan.Done:
		return Upgraded
	case helm == plan.Failed:
		return Unfinished
	case c.Helm.Needed && helm != plan.Done:
		return NotBegun
	default:
		return Unverified
	}
}
