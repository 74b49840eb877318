package leave

import (
	"context"
	"fmt"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

func (r *run) helmStep(c *Cluster) *plan.Step {
	if !c.Helm.Needed {
		return nil
	}
	revision := r.revision(c)
	step := &plan.Step{
		ID: stepHelm, Action: plan.Update, Object: releaseObject, Diff: c.Helm.Diff,
		Summary: "forget " + strings.Join(r.draft.Gone, " and "),
		Needs:   []string{id(c.Context, stepBundle)},
		Check:   func(ctx context.Context) error { return revision.DryRun(ctx, r.cluster(c)) },
		Do: func(ctx context.Context, say func(string)) error {
			if _, err := revision.Apply(ctx, r.cluster(c), say); err != nil || c.Leaves {
				return err
			}
			return r.seeForgotten(ctx, c)
		},
	}
	if c.Leaves {
		step.Summary = "take the mesh off Cilium " + c.Helm.ChartVersion
		switch {
		case r.draft.wish.RestoreKubeProxy && !meshOn(c.seen):
			step.Summary = "leave services to kube-proxy"
		case r.draft.wish.RestoreKubeProxy:
			step.Summary += ", and leave services to kube-proxy"
		}
		step.Needs = append(r.forgotten(), id(c.Context, stepKubeProxy), id(c.Context, stepCA), id(c.Context, stepBundle))
	}
	if c.Helm.Recover {
		step.Summary += ", after an interrupted revision"
	}
	return step
}

// revision is the one to make. The chart is loaded for each use, because Helm
// uses it up.
func (r *run) revision(c *Cluster) *rollout.Revision {
	return &rollout.Revision{Recover: c.Helm.Recover, Change: func(ctx context.Context) (release.Change, error) {
		chart, err := r.live.Chart(ctx, c.Context, c.Helm.ChartVersion)
		if err != nil {
			return release.Change{}, err
		}
		description := "forget " + strings.Join(r.draft.Gone, ", ")
		if c.Leaves {
			description = "leave the mesh"
		}
		return release.Change{
			Namespace: cilium.Namespace, Seen: c.seen.Release.Revision, Chart: chart, Values: c.wanted, Description: description,
		}, nil
	}}
}

// readyStep waits for what a revision restarts. Without kube-proxy's part in
// it, nothing restarts as a rule, and it is over at once. A trust bundle goes
// only after it, waited for or not.
func (r *run) readyStep(c *Cluster) *plan.Step {
	restores := c.Leaves && r.draft.wish.RestoreKubeProxy && c.Helm.Needed
	waits := c.Bundle && len(c.seen.Nodes) > 0 || r.live.Wait && c.Helm.Needed && c.hadAgents()
	if !restores && !waits {
		return nil
	}
	return &plan.Step{
		ID: stepReady, Action: plan.Wait, Object: "Cilium", Summary: "wait until every part of Cilium is ready",
		Needs: []string{id(c.Context, stepHelm)},
		Do: func(ctx context.Context, say func(string)) error {
			if c.Leaves || !c.hasAPIServer() {
				return rollout.ReadyAlone(ctx, r.cluster(c), say)
			}
			if err := rollout.Ready(ctx, r.cluster(c), say); err != nil {
				return err
			}
			if r.draft.waitsFor(c) {
				r.sessions.Expect(c.Name)
			}
			return nil
		},
	}
}

func (r *run) forgottenStep(c *Cluster) *plan.Step {
	if !r.live.Wait || !r.draft.waitsFor(c) {
		return nil
	}
	gone := strings.Join(r.draft.Gone, " or ")
	step := &plan.Step{
		ID: stepForgotten, Action: plan.Wait, Object: "mesh", Summary: "wait until no agent knows " + gone + " any more",
		Needs: []string{id(c.Context, stepHelm), id(c.Context, stepReady)},
		Do: func(ctx context.Context, say func(string)) error {
			defer r.sessions.Tell(c.Name, "") // whatever comes: nobody waits for this cluster's word any longer
			view := rollout.View{Name: c.Name, Clusters: c.Sees, Gone: r.draft.Gone, Sessions: &r.sessions}
			return rollout.Connected(ctx, r.cluster(c), view, say)
		},
	}
	for i := range r.draft.Clusters {
		if other := &r.draft.Clusters[i]; !other.Leaves {
			step.After = append(step.After, id(other.Context, stepReady))
		}
	}
	if len(c.Sees) > 0 {
		step.Summary = fmt.Sprintf("wait until no agent knows %s any more, and all still see %s", gone, strings.Join(c.Sees, ", "))
	}
	return step
}

func (r *run) aloneStep(c *Cluster) *plan.Step {
	if !r.live.Wait || !c.hadAgents() {
		return nil
	}
	return &plan.Step{
		ID: stepAlone, Action: plan.Wait, Object: "mesh", Summary: "wait until no agent knows another cluster",
		Needs: []string{id(c.Context, stepHelm), id(c.Context, stepReady)},
		Do: func(ctx context.Context, say func(string)) error {
			return rollout.Connected(ctx, r.cluster(c), rollout.View{Name: c.Name, Gone: c.known()}, say)
		},
	}
}

// hadAgents is false if nobody runs who could be asked: a cluster whose nodes
// are all gone.
func (c *Cluster) hadAgents() bool { return len(c.seen.Agents) > 0 }

// hasAPIServer says whether a cluster has a clustermesh-apiserver to wait for.
func (c *Cluster) hasAPIServer() bool {
	for i := range c.seen.Workloads {
		if c.seen.Workloads[i].Name == cilium.MeshDeployment {
			return true
		}
	}
	return false
}

// waitsFor says whether the agents of a member are waited for.
func (d *Draft) waitsFor(c *Cluster) bool { return !c.Leaves && len(d.Gone) > 0 && c.hadAgents() }

// known are the names of all clusters that a cluster is told of or has heard of.
func (c *Cluster) known() []string {
	names := namesOf(peersOf(c.seen))
	for i := range c.seen.Agents {
		for j := range c.seen.Agents[i].Remotes {
			names = append(names, c.seen.Agents[i].Remotes[j].Name)
		}
	}
	return names
}
