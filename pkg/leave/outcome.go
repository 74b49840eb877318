package leave

import "slices"

// Settled says whether no agent knows any more what it is to forget. Agents
// that cannot be asked do not count.
func (d *Draft) Settled() bool {
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if c.GitOps != "" {
			continue
		}
		for _, agent := range slices.Concat(c.seen.Agents, c.seen.KVStore) {
			if c.Leaves && c.wanted != nil && len(agent.Remotes) > 0 || !c.Leaves && slices.ContainsFunc(d.Gone, agent.Knows) {
				return false
			}
		}
	}
	return true
}

// Owed are the contexts of clusters that a GitOps controller owns and where a
// commit has to do what leave would have done.
func (d *Draft) Owed() []string {
	var contexts []string
	for i := range d.Clusters {
		if d.Clusters[i].owesCommit {
			contexts = append(contexts, d.Clusters[i].Context)
		}
	}
	return contexts
}

// Remaining are the contexts of the clusters that stay, in the draft's order.
func (d *Draft) Remaining() []string { return d.staying() }

// Values are the Helm values that a cluster gets; nil if leave does not touch it.
func (d *Draft) Values(context string) map[string]any {
	for i := range d.Clusters {
		if d.Clusters[i].Context == context {
			return d.Clusters[i].wanted
		}
	}
	return nil
}
