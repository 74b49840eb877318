package collect

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

var errNotComplete = errors.New("the answer is not complete")

// maxTargets is how many nodes of a cluster are asked about the dials of one
// other cluster that failed.
const maxTargets = 2

// directions asks nodes that others just failed to reach whether the others'
// dials arrived: if so, only the way back is blocked. It must follow within a
// minute, which is how long a node remembers them. Where all is well it asks
// nobody.
func directions(ctx context.Context, looks []*look) {
	byName := map[string]*look{}
	for _, l := range looks {
		if l.facts.Config != nil && l.facts.AgentTier != nil {
			byName[l.facts.Config.ClusterName] = l
		}
	}
	type target struct {
		look   *look
		health *mesh.NodeHealth
	}
	var targets []target
	for _, from := range byName {
		for cluster, nodes := range unreached(from.facts.AgentTier.Health) {
			to := byName[cluster]
			if to == nil {
				continue
			}
			for _, node := range nodes {
				at := slices.IndexFunc(to.facts.AgentTier.Health, func(h mesh.NodeHealth) bool { return h.Node == node && h.Error == "" })
				if at < 0 {
					continue
				}
				t := target{to, &to.facts.AgentTier.Health[at]}
				if !slices.Contains(targets, t) {
					targets = append(targets, t)
				}
			}
		}
	}
	var group errgroup.Group
	group.SetLimit(execAtOnce)
	for _, t := range targets {
		group.Go(func() error { t.health.Arrivals = t.look.arrivals(ctx, t.health.Pod); return nil })
	}
	_ = group.Wait() // without an error: what is not known stays nil
}

// unreached are nodes, by the names of their clusters, to which dials failed.
func unreached(health []mesh.NodeHealth) map[string][]string {
	nodes := map[string][]string{}
	for i := range health {
		for j := range health[i].Paths {
			p := &health[i].Paths[j]
			if p.Host.TCP != mesh.Lost && p.Endpoint.TCP != mesh.Lost {
				continue
			}
			for _, e := range p.Examples {
				if e.Dialled && len(nodes[p.Cluster]) < maxTargets && !slices.Contains(nodes[p.Cluster], e.Node) {
					nodes[p.Cluster] = append(nodes[p.Cluster], e.Node)
				}
			}
		}
	}
	return nodes
}

func (l *look) arrivals(ctx context.Context, pod string) *[]mesh.Arrival {
	var found []mesh.Arrival
	err := ask(ctx, l.cluster, pod, cilium.AgentContainer, agent.ArrivalsCommand(), func(out []byte) error {
		var complete bool
		if found, complete = agent.ParseArrivals(out); !complete {
			return errNotComplete
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return &found
}
