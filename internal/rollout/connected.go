package rollout

import (
	"context"
	"slices"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Agents are asked soon, because they connect within seconds once the pods are
// ready, and then more and more rarely: each question is one exec in each.
const (
	firstInterval = 2 * time.Second
	lastInterval  = 15 * time.Second
)

// View is what all agents and kvstoremeshes of one cluster shall see.
type View struct {
	// Name is the cluster's own, in the mesh.
	Name string
	// Clusters are the names of those to be connected to and synced with.
	Clusters []string
	// Gone are the names of those that nobody may know any more.
	Gone []string
	// Sessions are what the waits of the other clusters have learned; nil if
	// this one stands alone.
	Sessions *Sessions
}

// Connected waits until every agent and every kvstoremesh of a cluster has the
// view, of every other cluster as it is now. Agents cannot be watched, so they
// are asked again and again. A pod that has overlooked a cluster for good is
// replaced.
func Connected(ctx context.Context, c *mesh.Cluster, view View, say func(string)) error {
	lost := newOverlooked()
	if view.Sessions != nil {
		view.Sessions.askBy(view.Name, func(ctx context.Context) string {
			agents, kvstores, err := collect.Agents(ctx, c)
			if err != nil {
				return "" // what it said before counts
			}
			return mesh.OwnEtcd(agents, kvstores)
		})
	}
	for interval := firstInterval; ; interval = min(interval*3/2, lastInterval) {
		missing := view.missing(ctx, c, lost, say)
		if missing == "" {
			return nil
		}
		say(missing)
		if err := view.pause(ctx, interval); err != nil {
			return timedOut(err, "%s; see: kubectl --context %s -n %s exec ds/cilium -c cilium-agent -- cilium-dbg status --all-clusters", missing, c.Context, cilium.Namespace)
		}
	}
}

// pause waits before the agents are asked again: for the interval, or, where
// only the word of other clusters is missing, for that. Asking one's own agents
// brings nothing until then.
func (v *View) pause(ctx context.Context, interval time.Duration) error {
	if v.Sessions != nil {
		if waited, err := v.Sessions.await(ctx, v.Name); waited {
			return err
		}
	}
	select {
	case <-time.After(interval):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// missing asks the agents once, and says in one line what the view lacks.
func (v *View) missing(ctx context.Context, c *mesh.Cluster, lost *overlooked, say func(string)) string {
	agents, kvstores, err := collect.Agents(ctx, c)
	switch {
	case err != nil:
		return err.Error()
	case len(agents) == 0:
		return "no agent runs"
	}
	all := slices.Concat(agents, kvstores)
	if missing := mesh.Unconnected(all, v.Clusters); missing != "" {
		for kvstore, pods := range map[bool][]mesh.Agent{false: agents, true: kvstores} {
			if err := lost.heal(ctx, c, pods, kvstore, v.Clusters, say); err != nil {
				return err.Error()
			}
		}
		return missing
	}
	for i := range all {
		for _, name := range v.Gone {
			if all[i].Knows(name) {
				return all[i].Pod + " still knows " + name
			}
		}
	}
	if v.Sessions == nil {
		return ""
	}
	v.Sessions.Tell(v.Name, mesh.OwnEtcd(agents, kvstores))
	return v.Sessions.dead(ctx, c.Context, v.Name, kvstores)
}
