package collect

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/agent"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// maxDials is how many remotes of a cluster are gone through. Where more are
// not connected, they have a cause in common.
const maxDials = 16

// dials has the connections to other clusters gone through step by step: those
// that are not there, and then those that are said to be. An etcd client whose
// packets are lost still said "connected" nine minutes later (seen on the lab
// with TCP 2379 dropped), so what is said is tried.
func (l *look) dials(ctx context.Context) {
	lost, said := wantedDials(l.facts.Agents, l.facts.KVStore)
	tier := l.facts.AgentTier
	for _, d := range lost[min(len(lost), maxDials):] {
		tier.NotDialled = append(tier.NotDialled, d.Remote)
	}
	dials := slices.Concat(lost, said)
	dials = dials[:min(len(dials), maxDials)]
	var group errgroup.Group
	group.SetLimit(execAtOnce)
	for i := range dials {
		group.Go(func() error { l.dial(ctx, &dials[i], len(l.facts.KVStore) > 0); return nil })
	}
	_ = group.Wait() // errors are part of the entries
	tier.Dials = dials
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
