package upgrade

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// Live is what a draft's steps act on.
type Live struct {
	Clusters map[string]*mesh.Cluster // all members, by context
	// Chart returns the chart of the draft's version, to be used up.
	Chart func(ctx context.Context) (*chart.Chart, error)
}

// IDs of steps, behind the cluster's context and a slash.
const (
	stepHelm      = "helm"
	stepReady     = "ready"
	stepAgents    = "agents"
	stepConnected = "connected"
)

const releaseObject = "Helm release " + cilium.Namespace + "/" + cilium.ReleaseName

func id(context, step string) string { return context + "/" + step }

// Run is one run of a draft: its plan, and what came of it.
type Run struct {
	Plan plan.Plan

	draft *Draft
	live  Live

	mu   sync.Mutex
	made map[string]int // revisions, by context
}

// Plan binds the draft to live clusters. Clusters come in batches: a batch
// begins when all clusters of the one before are connected again.
func (d *Draft) Plan(live Live) *Run {
	r := &Run{draft: d, live: live, made: map[string]int{}}
	var before []string // what the batch needs
	for _, batch := range d.batches() {
		agents, connected := ids(batch, stepAgents), ids(batch, stepConnected)
		for _, c := range batch {
			needs := before
			if c.Helm.Needed {
				r.add(c, r.helmStep(c, needs))
				needs = []string{id(c.Context, stepHelm)}
			}
			r.add(c, r.readyStep(c, needs))
			r.add(c, r.agentsStep(c))
			r.add(c, r.connectedStep(agents))
		}
		before = connected
	}
	return r
}

// batches are the clusters that are worked on at the same time. All that are
// unfinished come at once: none of them could wait for another to be well.
func (d *Draft) batches() [][]*Cluster {
	var batches [][]*Cluster
	var batch []*Cluster
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if !c.works() {
			continue
		}
		full := len(batch) == d.parallel() || len(batch) > 0 && batch[0].Unfinished
		if full && !c.Unfinished {
			batches, batch = append(batches, batch), nil
		}
		batch = append(batch, c)
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

func ids(clusters []*Cluster, step string) []string {
	var all []string
	for _, c := range clusters {
		all = append(all, id(c.Context, step))
	}
	return all
}

func (r *Run) add(c *Cluster, step plan.Step) {
	step.ID, step.Cluster = id(c.Context, step.ID), c.Context
	r.Plan.Steps = append(r.Plan.Steps, step)
}

func (r *Run) helmStep(c *Cluster, needs []string) plan.Step {
	step := plan.Step{
		ID: stepHelm, Action: plan.Update, Object: releaseObject, Needs: needs, Diff: c.Helm.Diff,
		Summary: fmt.Sprintf("upgrade Cilium from %s to %s", c.From, r.draft.wish.Version),
		Do:      func(ctx context.Context, say func(string)) error { return r.upgrade(ctx, c, say) },
	}
	switch {
	case c.Unfinished:
		step.Summary = "finish the upgrade, to Cilium " + r.draft.wish.Version
	case c.From == r.draft.wish.Version:
		step.Summary = "bring other values to Cilium " + c.From
	}
	if c.Helm.Recover {
		step.Summary += ", after an interrupted revision"
		return step // a dry run would only find the interrupted one
	}
	step.Check = func(ctx context.Context) error { return r.revision(c).DryRun(ctx, r.live.Clusters[c.Context]) }
	return step
}

func (r *Run) upgrade(ctx context.Context, c *Cluster, say func(string)) error {
	made, err := r.revision(c).Apply(ctx, r.live.Clusters[c.Context], say)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made[c.Context] = made.Revision
	return nil
}

func (r *Run) revision(c *Cluster) *rollout.Revision {
	return &rollout.Revision{Recover: c.Helm.Recover, Change: func(ctx context.Context) (release.Change, error) { return r.change(ctx, c) }}
}

func (r *Run) change(ctx context.Context, c *Cluster) (release.Change, error) {
	chart, err := r.live.Chart(ctx)
	if err != nil {
		return release.Change{}, err
	}
	return release.Change{
		Namespace: cilium.Namespace, Seen: c.Revision, Chart: chart, Values: c.move.Values(), Back: c.Back,
		Description: "upgrade to Cilium " + r.draft.wish.Version, Reissue: c.Helm.Reissue,
	}, nil
}

// Try renders every revision against its cluster, without writing anything, so
// that a chart which refuses a cluster's values stops the upgrade before it
// has begun.
func (r *Run) Try(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(plan.DefaultParallel)
	for i := range r.draft.Clusters {
		c := &r.draft.Clusters[i]
		if !c.Helm.Needed || c.Helm.Recover {
			continue
		}
		group.Go(func() error {
			change, err := r.change(ctx, c)
			if err == nil {
				err = release.Try(ctx, r.live.Clusters[c.Context].Config, change)
			}
			if err != nil {
				return fmt.Errorf("context %q: the chart of Cilium %s does not go with this cluster: %w", c.Context, r.draft.wish.Version, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (r *Run) readyStep(c *Cluster, needs []string) plan.Step {
	return plan.Step{
		ID: stepReady, Action: plan.Wait, Object: "Cilium", Summary: "wait until every part of Cilium is ready", Needs: needs,
		Do: func(ctx context.Context, say func(string)) error {
			return rollout.Ready(ctx, r.live.Clusters[c.Context], say)
		},
	}
}

func (r *Run) agentsStep(c *Cluster) plan.Step {
	summary := "read back what the agents run"
	if c.agent != "" {
		summary = "read back that the agents run " + c.agent
	}
	return plan.Step{
		ID: stepAgents, Action: plan.Wait, Object: "agents", Summary: summary, Needs: []string{id(c.Context, stepReady)},
		Do: func(ctx context.Context, say func(string)) error {
			return rollout.Runs(ctx, r.live.Clusters[c.Context], c.agent, say)
		},
	}
}

func (r *Run) connectedStep(agents []string) plan.Step {
	return plan.Step{
		ID: stepConnected, Action: plan.Wait, Object: "mesh", Summary: "wait until every agent of every cluster sees every other cluster", Needs: agents,
		Do: func(ctx context.Context, say func(string)) error { return r.connected(ctx, say) },
	}
}

// connected waits for all members, not only the upgraded one: its etcd is a
// new one, and the others must have found it.
func (r *Run) connected(ctx context.Context, say func(string)) error {
	var sessions rollout.Sessions
	for i := range r.draft.Clusters {
		sessions.Expect(r.draft.Clusters[i].Name)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range r.draft.Clusters {
		c := &r.draft.Clusters[i]
		view := rollout.View{Name: c.Name, Clusters: r.draft.others(c), Sessions: &sessions}
		group.Go(func() error {
			err := rollout.Connected(ctx, r.live.Clusters[c.Context], view, func(text string) { say(c.Context + ": " + text) })
			if err != nil {
				return fmt.Errorf("context %q: %w", c.Context, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (d *Draft) others(c *Cluster) []string {
	var names []string
	for i := range d.Clusters {
		if d.Clusters[i].Context != c.Context {
			names = append(names, d.Clusters[i].Name)
		}
	}
	return names
}
