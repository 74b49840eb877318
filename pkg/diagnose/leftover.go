package diagnose

import (
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgeLeftover finds clusters that one cluster still keeps and that have
// left. What only one knows of two has been forgotten; what two know of each
// other alone may be wanted, so a cluster that is connected is none.
func judgeLeftover() func(*View) []Finding {
	return eachCluster([]string{mesh.SectionConfig, mesh.SectionPeers}, func(v *View, c *mesh.Facts) []Finding {
		var out []Finding
		for i := range c.Peers {
			name := c.Peers[i].Name
			gone, unread := v.gone(c, name)
			if !gone {
				continue
			}
			connected, known := v.connects(c, name)
			if connected {
				continue
			}
			if known && unread != nil {
				f := unknown(v.between(c, name), "context %q: nothing answers for %s, and whether context %q still knows it could not be read", c.Context, v.call(name), unread.Context)
				p := problem(unread, mesh.SectionPeers)
				f.ExplainedBy = codeOf(p)
				out = append(out, f.seen(p.Message))
				continue
			}
			if !known {
				out = append(out, unknown(v.between(c, name), "context %q: whether %s still answers is not known, and no other cluster knows it", c.Context, v.call(name)))
				continue
			}
			subject, leave := ofCluster(c), fmt.Sprintf("--forget %s --context %s", quote(name), quote(c.Context))
			if left := v.named(name); left != nil {
				subject = ofCluster(left) // it explains whatever is about that one
				leave = fmt.Sprintf("--context %s --stay %s", quote(left.Context), quote(c.Context))
			}
			out = append(out, failed(subject, "context %q is still configured to connect to %s, which no other cluster knows and nothing answers for", c.Context, v.call(name)).
				seen(fmt.Sprintf("configured in context %q: %s", c.Context, peerLine(&c.Peers[i]))).
				mend("if it has left for good: kubectl aksmesh leave %s; if it is to stay a member: kubectl aksmesh join with its context", leave))
		}
		for _, name := range v.kept(c) {
			if v.named(name) != nil {
				continue // AKSM510 judges whether they should know each other
			}
			out = append(out, failed(v.between(c, name), "context %q is no longer configured to connect to %s, and its agents still keep what they know of it", c.Context, v.call(name)).as(Warning).
				mend("wait two minutes for agents to notice; if it stays: %s --namespace kube-system rollout restart deployment/%s", kubectl(c), meshService))
		}
		return out
	})
}

func peerLine(p *mesh.Peer) string {
	if len(p.Addresses) == 0 {
		return p.Name
	}
	return fmt.Sprintf("%s at %s", p.Name, p.Addresses[0])
}

// gone says whether all that is seen of a remote cluster says that it is no
// member any more: it has no mesh, or is not in sight and unknown to the rest.
// unread is one of the rest that may know it, as its peers could not be read.
func (v *View) gone(c *mesh.Facts, name string) (gone bool, unread *mesh.Facts) {
	if other := v.named(name); other != nil {
		return other.Config != nil && problem(other, mesh.SectionPeers) == nil && problem(other, mesh.SectionService) == nil &&
			len(other.Peers) == 0 && other.Service == nil, nil
	}
	others := 0
	for _, other := range v.clusters {
		switch {
		case other == c:
		case peer(other, name) != nil:
			return false, nil
		case problem(other, mesh.SectionPeers) != nil:
			unread = other
		case len(other.Peers) > 0:
			others++
		}
	}
	return others > 0, unread
}

// connects says whether anybody in the cluster is connected to the remote one;
// known is false if nobody could be asked.
func (v *View) connects(c *mesh.Facts, name string) (connected, known bool) {
	if len(c.KVStore) == 0 {
		return v.sights[c].connected(name), v.sights[c].answering > 0
	}
	for i := range c.KVStore {
		known = known || c.KVStore[i].Error == ""
		connected = connected || slices.ContainsFunc(c.KVStore[i].Remotes, func(r mesh.Remote) bool { return r.Name == name && r.Connected })
	}
	return connected, known
}

// kept are remotes that are not configured and that somebody still has.
func (v *View) kept(c *mesh.Facts) []string {
	var names []string
	add := func(name string) {
		if peer(c, name) == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i := range c.KVStore {
		for j := range c.KVStore[i].Remotes {
			add(c.KVStore[i].Remotes[j].Name)
		}
	}
	for _, s := range v.sights[c].all {
		add(s.name)
	}
	return names
}

// judgeKVStoreSides: a mesh works with kvstoremesh in some clusters, and is
// harder to understand.
func judgeKVStoreSides() func(*View) []Finding {
	return eachPair([]string{mesh.SectionConfig, mesh.SectionAgents, mesh.SectionService}, func(_ *View, a, b *mesh.Facts) []Finding {
		if (len(a.KVStore) > 0) == (len(b.KVStore) > 0) {
			return nil
		}
		with, without := a, b
		if len(b.KVStore) > 0 {
			with, without = b, a
		}
		return one(failed(ofPair(with, without), "context %q uses kvstoremesh and %q does not", with.Context, without.Context).
			mend("set clustermesh.apiserver.kvstoremesh.enabled=true in the Helm values of context %s", quote(without.Context)))
	})
}

// judgeDeadSession: kvstoremesh can take itself for connected with an etcd
// that the remote cluster has no more.
func judgeDeadSession() func(*View) []Finding {
	silentOnes := eachCluster([]string{mesh.SectionConfig, mesh.SectionAgents, mesh.SectionKVStore}, func(_ *View, c *mesh.Facts) []Finding {
		return silent(c, c.KVStore, "kvstoremesh")
	})
	return both(silentOnes, eachDirection([]string{mesh.SectionConfig, mesh.SectionAgents, mesh.SectionKVStore}, func(v *View, from, to *mesh.Facts) []Finding {
		own := v.etcds[to]
		var lines []string
		for i := range from.KVStore {
			for j := range from.KVStore[i].Remotes {
				if r := &from.KVStore[i].Remotes[j]; r.Name == to.Config.ClusterName && r.Stale(own) {
					lines = append(lines, fmt.Sprintf("%s: connected with etcd %s; %q has %s now", from.KVStore[i].Pod, r.EtcdID, to.Context, own))
				}
			}
		}
		if len(lines) == 0 {
			return nil
		}
		return one(failed(ofPair(from, to), "context %q listens to a mesh API server of %q that is no more, so nothing new comes through", from.Context, to.Context).
			seen(lines...).
			mend("wait two minutes for it to notice; if it stays: %s --namespace kube-system rollout restart deployment/%s", kubectl(from), meshService))
	}))
}
