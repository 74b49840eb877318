package leave

import (
	"fmt"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

const (
	meshCertPrefix = "clustermesh-apiserver-" // of the Secrets with the mesh's certificates
	kubeProxy      = "kube-proxy"
)

// leaver drafts what a cluster takes off that leaves.
func (d *Draft) leaver(c *Cluster) error {
	release := c.seen.Release
	if release == nil {
		return nil
	}
	if c.GitOps != "" {
		if meshOn(c.seen) || len(peersOf(c.seen)) > 0 || c.seen.Service != nil {
			c.owesCommit = true
			c.note("%s owns Cilium, so leave writes nothing here: commit values with clustermesh.useAPIServer=false, clustermesh.config.enabled=false and no clustermesh.config.clusters", c.GitOps)
		}
		return nil
	}
	if debtors := d.owing(); len(debtors) > 0 {
		// A member that still knows a cluster sends it requests, which get lost
		// once that cluster has forgotten the way back.
		c.note("it keeps its mesh until %s has forgotten it: commit there, then run the same command again", strings.Join(debtors, " and "))
		return nil
	}
	wanted, distrusts := values.DistrustCAs(values.Alone(release.Values), d.notOwn(c))
	if d.wish.RestoreKubeProxy {
		wanted = values.WithKubeProxy(wanted)
	}
	c.wanted = wanted
	c.Bundle = c.dropsBundle()
	c.keepCerts = values.TLSMethod(release.Values) == values.MethodProvided
	c.Remove = c.objects()
	c.Helm.Diff = values.Diff(release.Values, wanted)
	c.Helm.Needed = !values.Equal(release.Values, wanted) || cut(release)
	c.Helm.Recover = pending(release)
	c.KeepCA = c.Helm.Needed && c.seen.CA != nil && c.seen.CA.HelmOwned && !values.MakesCA(wanted)
	if err := d.restoreKubeProxy(c); err != nil {
		return err
	}
	d.leaverNotes(c, distrusts)
	return nil
}

// restoreKubeProxy decides whether Azure has to start kube-proxy.
func (d *Draft) restoreKubeProxy(c *Cluster) error {
	if !d.wish.RestoreKubeProxy || c.kubeProxyRuns() {
		return nil
	}
	switch {
	case c.seen.Azure != nil:
		c.KubeProxy = KubeProxyChange{Needed: true, AzureID: c.seen.Azure.ID}
	case !c.seen.Kubernetes.AKS:
		return fmt.Errorf("--restore-kube-proxy: context %q is not an AKS cluster, so that Azure cannot start kube-proxy: start it yourself, then run the same command again", c.Context)
	}
	return nil // see NeedsAzure
}

// kubeProxyRuns is true if kube-proxy is ready on every node, and nobody is
// about to take it away.
func (c *Cluster) kubeProxyRuns() bool {
	k := c.seen.KubeProxy
	if k == nil || !k.Present || k.Desired == 0 || k.Ready < k.Desired {
		return false
	}
	return c.seen.Azure == nil || c.seen.Azure.KubeProxy == "enabled"
}

// objects are the mesh's that were seen in a cluster that leaves. Helm removes
// its own; the rest is for leave.
func (c *Cluster) objects() []string {
	var names []string
	add := func(kind, name string) { names = append(names, kind+" "+cilium.Namespace+"/"+name) }
	if c.seen.Service != nil {
		add("Service", cilium.MeshService)
	}
	for i := range c.seen.Workloads {
		if w := &c.seen.Workloads[i]; w.Name == cilium.MeshDeployment {
			add(w.Kind, w.Name)
		}
	}
	for i := range c.seen.Certs {
		if name := c.seen.Certs[i].Secret; strings.HasPrefix(name, meshCertPrefix) && !c.keepCerts {
			add("Secret", name)
		}
	}
	if len(c.seen.Peers) > 0 {
		add("Secret", cilium.PeersSecret)
		add("Secret", cilium.KVStorePeerSecret)
	}
	return names
}

func (d *Draft) leaverNotes(c *Cluster, distrusts bool) {
	if !c.Helm.Needed && len(c.Remove) == 0 {
		return
	}
	release := c.seen.Release
	switch {
	case d.wish.RestoreKubeProxy && c.Helm.Needed:
		c.note("agents restart: they read only when they start that services are kube-proxy's")
	case distrusts && len(values.BundledCAs(c.wanted)) == 0:
		c.note("agents restart, as the trust bundle (tls.caBundle) goes")
	case values.PeersInTemplate(release.Values, release.ChartVersion, namesOf(peersOf(c.seen))) == cilium.AgentDaemonSet:
		c.note("agents restart: without kvstoremesh, Cilium %s's chart has the addresses of peers in their template", release.ChartVersion)
	}
	if c.keepCerts {
		c.note("the Secrets %s*-cert stay: they are not made by the release", meshCertPrefix)
	}
	if shares := d.sharing(c); len(shares) > 0 {
		c.note("it keeps the mesh's certificate authority with its private key: kubectl aksmesh ca rotate --context %s ends that trust", strings.Join(shares, ","))
	}
}

// sharing are the contexts of clusters that stay and have the same CA.
func (d *Draft) sharing(c *Cluster) []string {
	var contexts []string
	for i := range d.Clusters {
		other := &d.Clusters[i]
		if !other.Leaves && c.seen.CA != nil && other.seen.CA != nil && other.seen.CA.Fingerprint == c.seen.CA.Fingerprint {
			contexts = append(contexts, other.Context)
		}
	}
	return contexts
}

// notOwn are the fingerprints of all other clusters' authorities.
func (d *Draft) notOwn(c *Cluster) []string {
	return d.authorities(func(other *Cluster) bool {
		return c.seen.CA == nil || other.seen.CA == nil || other.seen.CA.Fingerprint != c.seen.CA.Fingerprint
	})
}

// owing are the contexts of members that a commit has to make forget.
func (d *Draft) owing() []string {
	var contexts []string
	for i := range d.Clusters {
		if c := &d.Clusters[i]; c.owesCommit && !c.Leaves {
			contexts = append(contexts, c.Context)
		}
	}
	return contexts
}

func namesOf(peers []mesh.Peer) []string {
	names := make([]string, len(peers))
	for i := range peers {
		names[i] = peers[i].Name
	}
	return names
}
