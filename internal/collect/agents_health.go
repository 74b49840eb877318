package collect

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	// maxHealth is how many agents of a cluster are asked for their health.
	// Each measures the ways to all nodes, so these see every node, and the
	// answers (a kilobyte for each node) stay bounded in large meshes.
	maxHealth = 128
	// maxReach is how many addresses each of them measures anew.
	maxReach = 32
)

// health asks agents which nodes they reach, and with which MTU.
func (l *look) health(ctx context.Context, pods []corev1.Pod) {
	asked := spread(agentsOf(pods), maxHealth)
	health := make([]mesh.NodeHealth, len(asked))
	var group errgroup.Group
	group.SetLimit(execAtOnce)
	for i, p := range asked {
		group.Go(func() error { health[i] = l.nodeHealth(ctx, p, i); return nil })
	}
	_ = group.Wait() // errors are part of the entries
	mesh.SharePaths(health)
	l.facts.AgentTier.Health = health
}

func agentsOf(pods []corev1.Pod) []*corev1.Pod {
	var agents []*corev1.Pod
	for i := range pods {
		if isAgent(&pods[i]) {
			agents = append(agents, &pods[i])
		}
	}
	slices.SortFunc(agents, func(a, b *corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	return agents
}

// spread takes at most n elements, evenly.
func spread[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	out := make([]T, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}

// nodeHealth asks one agent. If it does not answer the first question, it is
// not asked the others, so that one that hangs costs one deadline.
func (l *look) nodeHealth(ctx context.Context, p *corev1.Pod, seed int) mesh.NodeHealth {
	health := mesh.NodeHealth{Pod: p.Name, Node: p.Spec.NodeName}
	if p.Status.Phase != corev1.PodRunning {
		health.Error = "pod is " + string(p.Status.Phase)
		return health
	}
	var group errgroup.Group
	group.Go(func() error { health.MTU = l.mtu(ctx, p.Name); return nil })
	var seen agent.Health
	err := ask(ctx, l.cluster, p.Name, cilium.AgentContainer, agent.HealthCommand(), func(out []byte) (err error) {
		seen, err = agent.ParseHealth(out)
		return err
	})
	if err == nil {
		l.renew(ctx, p.Name, &seen, seed)
		health.Probed, health.Paths = seen.Probed, seen.Groups()
	} else {
		health.Error = plain(err)
	}
	_ = group.Wait() // without an error
	return health
}

// renew measures some ways anew, as the agent's own results may be minutes
// old. If that fails the old ones stay.
func (l *look) renew(ctx context.Context, pod string, seen *agent.Health, seed int) {
	addresses := seen.Sample(seed, maxReach)
	if len(addresses) == 0 {
		return
	}
	_ = ask(ctx, l.cluster, pod, cilium.AgentContainer, agent.ReachCommand(addresses), func(out []byte) error {
		seen.Renew(agent.ParseReach(out, addresses))
		return nil
	})
}

// mtu is nil if the agent does not say.
func (l *look) mtu(ctx context.Context, pod string) *mesh.NodeMTU {
	var found *mesh.NodeMTU
	_ = ask(ctx, l.cluster, pod, cilium.AgentContainer, agent.MTUCommand(), func(out []byte) (err error) {
		found, err = agent.ParseMTU(out)
		return err
	})
	return found
}
