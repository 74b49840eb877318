package collect

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	// maxDials is how many remotes of a cluster that are not connected are gone
	// through. Where more are not, they have a cause in common.
	maxDials = 16
	// maxTries is how many of those that are said to be connected are. Each is
	// an exec, and ends soon if it is true.
	maxTries = 64
)

// dials has the connections to other clusters gone through step by step: those
// that are not there, and then those that are said to be. An etcd client whose
// packets are lost still said "connected" nine minutes later (seen on the lab
// with TCP 2379 dropped), so what is said is tried.
func (l *look) dials(ctx context.Context) {
	lost, said := wantedDials(l.facts.Agents, l.facts.KVStore)
	tier := l.facts.AgentTier
	lost, tier.NotDialled = atMost(maxDials, lost)
	said, tier.NotTried = atMost(maxTries, after(l.facts.Config.ClusterName, said))
	dials := slices.Concat(lost, said)
	var group errgroup.Group
	group.SetLimit(execAtOnce)
	for i := range dials {
		group.Go(func() error { l.dial(ctx, &dials[i], len(l.facts.KVStore) > 0); return nil })
	}
	_ = group.Wait() // errors are part of the entries
	tier.Dials = dials
}

// atMost parts the first dials from the remotes of the rest.
func atMost(n int, all []mesh.Dial) (first []mesh.Dial, rest []string) {
	n = min(n, len(all))
	for i := range all[n:] {
		rest = append(rest, all[n+i].Remote)
	}
	return all[:n], rest
}

// after sorts dials by whom they lead to, and begins with who comes after the
// dialling cluster: where not all can be tried, each cluster tries others.
func after(own string, all []mesh.Dial) []mesh.Dial {
	slices.SortFunc(all, func(a, b mesh.Dial) int { return cmp.Compare(a.Remote, b.Remote) })
	next, _ := slices.BinarySearchFunc(all, own, func(d mesh.Dial, own string) int { return cmp.Compare(d.Remote, own) })
	return slices.Concat(all[next:], all[:next])
}

// wantedDials are one dial for each remote that somebody is not connected to,
// and one for each that all say they are connected to. With kvstoremesh the
// agents dial their own cluster for all remotes, so one of them is enough, and
// only if it is not connected: what it reads there is tried by kvstoremesh.
func wantedDials(agents, kvstores []mesh.Agent) (lost, said []mesh.Dial) {
	// Whom a dial leads to: a remote, or for all remotes the own cluster, which
	// has no name here. A thousand agents may name a hundred remotes each.
	known := map[string]bool{}
	add := func(asked []mesh.Agent, own, connected bool, to *[]mesh.Dial) {
		for i := range asked {
			for j := range asked[i].Remotes {
				r := &asked[i].Remotes[j]
				whom := r.Name
				if own {
					whom = ""
				}
				if r.Connected == connected && !known[whom] {
					known[whom] = true
					*to = append(*to, mesh.Dial{Pod: asked[i].Pod, Remote: r.Name, Own: own})
				}
			}
		}
	}
	diallers, readers := kvstores, agents
	if len(kvstores) == 0 {
		diallers, readers = agents, nil
	}
	add(diallers, false, false, &lost)
	add(readers, true, false, &lost)
	add(diallers, false, true, &said)
	return lost, said
}

func (l *look) dial(ctx context.Context, d *mesh.Dial, kvstore bool) {
	container, command := cilium.AgentContainer, agent.TroubleshootCommand(d.Remote)
	if kvstore && !d.Own {
		container, command = cilium.KVStoreContainer, agent.KVStoreTroubleshootCommand(d.Remote)
	}
	err := ask(ctx, l.cluster, d.Pod, container, command, func(out []byte) (err error) {
		d.Steps, err = agent.ParseTroubleshoot(out, d.Remote)
		return err
	})
	if err != nil {
		d.Error = plain(err)
	}
}
