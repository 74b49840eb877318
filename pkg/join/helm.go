package join

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/addressing"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// HelmChange is the one revision that a cluster gets.
type HelmChange struct {
	Needed       bool
	Install      bool   // there is no release yet
	Recover      bool   // an earlier join was killed in the middle of a revision
	ChartVersion string // semver without "v"
	Diff         []string
}

// addressLater stands in the plan for the address that a Service will get.
const addressLater = "(given by Azure during the join)"

// helm drafts the revision of every cluster, with the addresses known so far.
func (d *Draft) helm() error {
	addresses := map[string][]string{}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		addresses[c.Context] = d.plannedAddresses(c)
	}
	for i := range d.Clusters {
		if err := d.draftHelm(&d.Clusters[i], addresses); err != nil {
			return fmt.Errorf("context %q: %w", d.Clusters[i].Context, err)
		}
	}
	return nil
}

// plannedAddresses are those that a cluster's peers will have been told at the
// end, as far as that is known. What a GitOps controller owns gets none by a join.
func (d *Draft) plannedAddresses(c *Cluster) []string {
	if len(c.Service.Addresses) > 0 || c.GitOps != "" {
		return c.Service.Addresses
	}
	if known := d.knownAddresses(c); len(known) > 0 {
		return known
	}
	return []string{addressLater}
}

func (d *Draft) draftHelm(c *Cluster, addresses map[string][]string) error {
	c.Helm.ChartVersion = d.chartVersion()
	release := c.seen.Release
	if release != nil {
		c.Helm.ChartVersion = release.ChartVersion
	}
	wanted, err := d.Values(c, addresses)
	if err != nil {
		return err
	}
	var has values.Values
	if release != nil {
		// What is left of a CA's move is ended by a revision of its own.
		has = values.WithoutTrustBundle(release.Values)
	}
	c.Helm.Diff = values.Diff(has, wanted)
	c.Helm.Install = release == nil
	c.Helm.Recover = release != nil && release.Ours && strings.HasPrefix(release.Status, "pending-")
	// A new CA signs nothing until the chart is rendered again.
	c.Helm.Needed = release == nil || release.Status != rollout.Deployed || !values.Equal(has, wanted) ||
		c.CA.Action != KeepCA || stale(c.seen) || d.moving
	if c.GitOps != "" && d.committed(c) {
		c.Helm.Needed = false
	}
	if c.Helm.Needed && c.GitOps != "" {
		c.note(c.GitOps + " owns Cilium, so join writes nothing here: commit the values that the same command prints with -o values")
	}
	return nil
}

// committed says whether a cluster that a GitOps controller renders, so that its
// values are not to be read, runs as a member of the mesh.
func (d *Draft) committed(c *Cluster) bool {
	running := c.seen.Config
	if c.seen.Release.Values != nil || running == nil || running.ClusterName != c.Name || running.ClusterID != c.ID {
		return false
	}
	for i := range d.Clusters {
		name := d.Clusters[i].Name
		if name != c.Name && !slices.ContainsFunc(c.seen.Peers, func(p mesh.Peer) bool { return p.Name == name }) {
			return false
		}
	}
	return true
}

// ToCommit are the contexts of clusters whose values must be committed, because
// a GitOps controller owns Cilium there.
func (d *Draft) ToCommit() []string {
	var contexts []string
	for i := range d.Clusters {
		if c := &d.Clusters[i]; c.GitOps != "" && c.Helm.Needed {
			contexts = append(contexts, c.Context)
		}
	}
	return contexts
}

// Values are the Helm values of a cluster: what its release has, what the
// mesh needs, what the user gave, each over the one before. addresses are
// those of the mesh Services by context; a cluster without one is left out.
func (d *Draft) Values(c *Cluster, addresses map[string][]string) (values.Values, error) {
	return d.valuesTrusting(c, addresses, nil)
}

// valuesTrusting are the values of a cluster while it trusts the CAs of a
// bundle (PEM), or its own CA alone.
func (d *Draft) valuesTrusting(c *Cluster, addresses map[string][]string, bundle []byte) (values.Values, error) {
	wish := d.chartWish(c)
	if wish.TrustBundle = bundle; c.seen.Release != nil {
		wish.OwnBundle = values.OwnBundle(c.seen.Release.Values)
	}
	for i := range d.Clusters {
		peer := &d.Clusters[i]
		if found := addresses[peer.Context]; len(found) > 0 {
			wish.Peers = append(wish.Peers, mesh.Peer{Name: peer.Name, Addresses: found, Port: cilium.MeshPort})
		}
	}
	ours, err := values.For(wish)
	if err != nil {
		return nil, err
	}
	user := values.Merge(nil, d.wish.Values[""], d.wish.Values[c.Context])
	var release values.Values
	if c.seen.Release != nil {
		release = values.WithoutTrustBundle(c.seen.Release.Values)
	}
	return values.Merge(release, ours, user), nil
}

// chartWish is what the chart is asked for. What runs is kept: defaults are
// for new clusters, and flags say what else shall change.
func (d *Draft) chartWish(c *Cluster) values.Wish {
	wish := values.Wish{
		ChartVersion: c.Helm.ChartVersion, ClusterName: c.Name, ClusterID: c.ID,
		AKS: c.seen.Kubernetes.AKS, KubeProxyReplacement: true,
		Encapsulation: d.encapsulation(), NativeRoutingCIDR: d.nativeRoutingCIDR(c), Encryption: d.wish.Encryption, MTU: d.wish.MTU,
		Service: d.serviceWish(c), LBIPAM: c.keepsLBIPAM(),
		HubbleRelay: d.wish.HubbleRelay, HubbleUI: d.wish.HubbleUI,
	}
	if c.seen.Release != nil {
		wish.TLSMethod = values.TLSMethod(c.seen.Release.Values)
	}
	if !c.keepsAPIServer() {
		wish.APIServerHost, wish.APIServerPort = apiServer(c.seen)
	}
	if c.seen.Config == nil {
		d.chartWishNew(c, &wish)
	} else {
		wish.RollOut = d.changesAgents(c.seen.Config) || c.agentsMayLag()
		keepSame(c.seen.Config, &wish)
	}
	return wish
}

// keepSame takes out of the wish what runs so already, however the release
// spells it: by values of its own, or by the chart's defaults.
func keepSame(running *mesh.Config, wish *values.Wish) {
	if wish.MTU == running.MTU {
		wish.MTU = 0
	}
	if wish.Encryption == running.Encryption {
		wish.Encryption = ""
	}
}

// chartWishNew adds what can only be chosen before Cilium runs.
func (d *Draft) chartWishNew(c *Cluster, wish *values.Wish) {
	for _, prefix := range c.PodCIDRs {
		wish.PodCIDRs = append(wish.PodCIDRs, prefix.String())
	}
	wish.PodCIDRMaskSize = addressing.NodeBits
	if limit := d.maxConnected(); limit != config.DefaultMaxClusters {
		wish.MaxConnectedClusters = limit
	}
	wish.Encryption = d.encryption()
	if len(c.seen.Nodes) == 1 {
		// The chart's second operator must not share a node with the first.
		wish.OperatorReplicas = 1
	}
}

// ChartVersions are the versions of the charts that revisions need, by context.
func (d *Draft) ChartVersions() map[string]string {
	versions := map[string]string{}
	for i := range d.Clusters {
		if c := &d.Clusters[i]; c.Helm.Needed && c.GitOps == "" {
			versions[c.Context] = c.Helm.ChartVersion
		}
	}
	return versions
}

func (d *Draft) find(context string) *Cluster {
	for i := range d.Clusters {
		if d.Clusters[i].Context == context {
			return &d.Clusters[i]
		}
	}
	return nil
}
