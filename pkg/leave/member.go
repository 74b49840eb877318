package leave

import (
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// member drafts what a cluster that stays forgets.
func (d *Draft) member(c *Cluster) {
	c.Sees = d.sees(c)
	release := c.seen.Release
	if release == nil {
		return
	}
	told := d.configured(c)
	if c.GitOps != "" {
		if told {
			c.owesCommit = true
			c.note("%s owns Cilium, so leave writes nothing here: commit values without %s in clustermesh.config.clusters", c.GitOps, strings.Join(d.Gone, " and "))
		}
		return
	}
	foreign := d.onlyOfGone()
	without := values.RemovePeers(release.Values, d.Gone...)
	wanted, distrusts := values.DistrustCAs(without, foreign)
	c.wanted = wanted
	c.Bundle = c.dropsBundle()
	c.Helm.Diff = values.Diff(release.Values, wanted)
	// What the parts are told may lag behind the release, after a kill.
	lags := slices.ContainsFunc(c.seen.Peers, func(p mesh.Peer) bool { return slices.Contains(d.Gone, p.Name) })
	c.Helm.Needed = !values.Equal(release.Values, wanted) || lags || cut(release)
	c.Helm.Recover = pending(release)
	if !c.Helm.Needed {
		return
	}
	d.memberNotes(c, distrusts)
	d.bundleNotes(c, foreign)
}

func (d *Draft) memberNotes(c *Cluster, distrusts bool) {
	release := c.seen.Release
	if workload := values.PeersInTemplate(release.Values, release.ChartVersion, d.Gone); workload != "" {
		c.note("the pods of %s restart: Cilium %s's chart has the addresses of peers in their template (from 1.20 on, join has it leave them out)", workload, release.ChartVersion)
	}
	switch {
	case distrusts && len(values.BundledCAs(c.wanted)) == 0:
		c.note("agents and clustermesh-apiserver restart, as the trust bundle (tls.caBundle) goes: it has nothing but what leaves")
	case distrusts:
		c.note("clustermesh-apiserver restarts: it reads the certificate authorities that it trusts only when it starts")
	}
	if len(d.staying()) == 1 {
		c.note("it stays as it is, with no peer: its clustermesh-apiserver is ready for the next join")
	}
}

// bundleNotes tells what of the trust leave cannot judge or change.
func (d *Draft) bundleNotes(c *Cluster, foreign []string) {
	inValues := values.BundledCAs(c.seen.Release.Values)
	if c.seen.CA != nil {
		for _, ca := range foreign {
			if slices.Contains(c.seen.CA.Trusted, ca) && !slices.Contains(inValues, ca) {
				c.note("the trust bundle is kept outside of the release: take the certificate with SHA-256 %s out of it", ca)
			}
		}
	}
	if len(d.wish.Forget) == 0 {
		return
	}
	known := d.authorities(func(*Cluster) bool { return true })
	for _, ca := range inValues {
		if !slices.Contains(known, ca) {
			c.note("the trust bundle (tls.caBundle) has a certificate that is no living member's, SHA-256 %s: if it was that of %s, take it out", ca, strings.Join(d.wish.Forget, " or "))
		}
	}
}

// sees are the clusters that stay and that every agent of this one sees now:
// what must be so afterwards as well.
func (d *Draft) sees(c *Cluster) []string {
	if len(c.seen.Agents) == 0 {
		return nil
	}
	all := slices.Concat(c.seen.Agents, c.seen.KVStore)
	var names []string
	for _, peer := range peersOf(c.seen) {
		if !slices.Contains(d.Gone, peer.Name) && mesh.Unconnected(all, []string{peer.Name}) == "" {
			names = append(names, peer.Name)
		}
	}
	return names
}

// staying are the contexts of the clusters that remain.
func (d *Draft) staying() []string {
	var contexts []string
	for i := range d.Clusters {
		if c := &d.Clusters[i]; !c.Leaves {
			contexts = append(contexts, c.Context)
		}
	}
	return contexts
}

// onlyOfGone are the fingerprints of authorities that clusters which leave have
// and none that stays.
func (d *Draft) onlyOfGone() []string {
	kept := d.authorities(func(c *Cluster) bool { return !c.Leaves })
	leaving := d.authorities(func(c *Cluster) bool { return c.Leaves })
	return slices.DeleteFunc(leaving, func(ca string) bool { return slices.Contains(kept, ca) })
}

// authorities are the fingerprints of the CAs of some clusters, once each.
func (d *Draft) authorities(of func(*Cluster) bool) []string {
	var all []string
	for i := range d.Clusters {
		if c := &d.Clusters[i]; of(c) && c.seen.CA != nil && c.seen.CA.Fingerprint != "" && !slices.Contains(all, c.seen.CA.Fingerprint) {
			all = append(all, c.seen.CA.Fingerprint)
		}
	}
	return all
}
