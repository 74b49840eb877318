package join

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Draft is what join would do, as plain data, made purely from a snapshot and
// a wish.
type Draft struct {
	Clusters []Cluster
	wish     Wish
	moving   bool // clusters that are connected get another CA
}

// Cluster is what join would do to one cluster.
type Cluster struct {
	Context  string
	Name     string         // in the mesh
	ID       int            // in the mesh
	PodCIDRs []netip.Prefix // of its Cilium
	// New is true if the cluster has no Cilium yet.
	New bool
	// GitOps names the controller that owns Cilium there; join then writes
	// nothing to the cluster.
	GitOps string

	CA        CAChange
	Move      MoveChange
	IPsec     SecretChange
	Service   ServiceChange
	Helm      HelmChange
	KubeProxy KubeProxyChange
	// Notes are what the plan leaves out, and why: one plain line each.
	Notes []string

	seen *mesh.Facts
}

// CAChange says what happens to Secret cilium-ca.
type CAChange struct {
	Action CAAction
	// From is the context whose CA is copied; empty for a new one.
	From string
}

// CAAction is one way to come to the shared CA.
type CAAction string

// Ways to come to the shared CA.
const (
	KeepCA    CAAction = ""
	MakeCA    CAAction = "make"    // none exists in any cluster
	CopyCA    CAAction = "copy"    // this cluster has none
	ReplaceCA CAAction = "replace" // this cluster has another one, and --ca-from was given
	AdoptCA   CAAction = "adopt"   // the right one, but Helm would refuse it
)

// SecretChange says where a shared secret comes from.
type SecretChange struct {
	Needed bool
	From   string // context; empty for a new one
}

// ServiceChange says whether Service clustermesh-apiserver is made or mended
// before Helm runs, so that its address is known early.
type ServiceChange struct {
	Needed    bool
	Exists    bool
	Addresses []string // that it has, and keeps
	// Before are the addresses that it still has, though Azure will give it
	// others, or was asked to.
	Before []string
}

// KubeProxyChange says whether kube-proxy is switched off through Azure.
type KubeProxyChange struct {
	Needed  bool
	AzureID string
	// AfterCilium is true if pods may run already: Cilium must have taken over
	// the services before kube-proxy goes.
	AfterCilium bool
}

// Make drafts the join. The error joins everything in the wish that cannot be
// had, one plain line each.
func Make(s mesh.Snapshot, w Wish) (*Draft, error) {
	d := &Draft{wish: w, Clusters: make([]Cluster, len(s.Clusters))}
	for i := range s.Clusters {
		facts := &s.Clusters[i]
		d.Clusters[i] = Cluster{Context: facts.Context, New: facts.Config == nil && facts.Release == nil, seen: facts}
		if facts.Release != nil {
			d.Clusters[i].GitOps = facts.Release.Owner
		}
	}
	if err := errors.Join(d.rotated(), d.checkMaxConnected(), d.number(), d.address()); err != nil {
		return nil, err
	}
	d.shareCA()
	if err := d.checkCA(); err != nil {
		return nil, err
	}
	d.shareIPsec()
	for i := range d.Clusters {
		d.kubeProxy(&d.Clusters[i])
		d.service(&d.Clusters[i])
	}
	if err := d.helm(); err != nil {
		return nil, err
	}
	return d, nil
}

// kubeProxy decides whether kube-proxy goes, and when.
func (d *Draft) kubeProxy(c *Cluster) {
	f := c.seen
	enabled := f.KubeProxy != nil && f.KubeProxy.Present
	if f.Azure != nil {
		// The DaemonSet can lag behind: Azure puts a deleted one back.
		enabled = enabled || f.Azure.KubeProxy == "enabled"
	}
	switch {
	case !enabled:
	case c.GitOps != "":
		if f.Kubernetes.AKS && !d.wish.SkipKubeProxy {
			c.note("kube-proxy stays until Cilium runs with the values to commit; then switch it off: " + strings.Join(kubeProxyCommands(f), " && "))
		}
	case !f.Kubernetes.AKS:
		c.note("kube-proxy stays: this is not an AKS cluster, so join has no Azure API to switch it off with; Cilium replaces it beside it")
	case d.wish.SkipKubeProxy:
		c.note("kube-proxy stays, as --skip-kube-proxy says; Cilium replaces it beside it")
	case f.Azure != nil:
		c.KubeProxy = KubeProxyChange{Needed: true, AzureID: f.Azure.ID, AfterCilium: servedBesideCilium(f)}
	}
}

// servedBesideCilium says whether kube-proxy may be what serves until Cilium is
// ready. What Cilium's settings say does not count: its agents read them when
// they start, and a join can die between the one and the other. Without a CNI no
// node is ready: one that is has another, or a Cilium elsewhere, which can make
// Helm fail.
func servedBesideCilium(f *mesh.Facts) bool {
	return f.Config != nil || slices.ContainsFunc(f.Nodes, func(n mesh.Node) bool { return n.Ready })
}

func (c *Cluster) note(text string) { c.Notes = append(c.Notes, text) }

// service decides whether Service clustermesh-apiserver is made before Helm.
func (d *Draft) service(c *Cluster) {
	s := c.seen.Service
	if s != nil {
		c.Service.Exists, c.Service.Addresses = true, s.Addresses
	}
	if c.GitOps != "" {
		return
	}
	ready := s != nil && s.Type == "LoadBalancer" && s.PublishNotReady && s.HelmOwned && holds(s.Annotations, d.serviceWish(c).Annotations())
	c.Service.Needed = !ready
	if s != nil && len(s.Addresses) > 0 && d.readdresses(c) {
		c.Service.Addresses, c.Service.Before = nil, s.Addresses
	}
}

// readdresses says whether Azure gives a Service that has an address another
// one. It may have been asked to already, by a join that was killed; that is
// seen only where the address is wished for. Clouds other than Azure do not know
// the annotations.
func (d *Draft) readdresses(c *Cluster) bool {
	s := c.seen.Service
	if ip := d.wishedIP(c); ip != "" {
		return !slices.Contains(s.Addresses, ip)
	}
	return c.seen.Kubernetes.AKS && !holds(s.Annotations, d.serviceWish(c).Annotations())
}

// wishedIP is the address that Azure is asked for; empty if it may choose.
func (d *Draft) wishedIP(c *Cluster) string {
	if !c.seen.Kubernetes.AKS {
		return ""
	}
	return d.serviceWish(c).IPv4
}

// serviceWish is what the chart and the Service before it are told alike.
func (d *Draft) serviceWish(c *Cluster) values.Service {
	wish := values.Service{Subnet: d.wish.MeshSubnets[c.Context]}
	if ip := d.wish.MeshIPs[c.Context]; ip.IsValid() {
		wish.IPv4 = ip.String()
	}
	return wish
}

// peers are the clusters that a cluster is configured to connect to. Where a
// join was killed before Cilium ran, the release that it began has all of them;
// of the Secrets that agents and kvstoremesh read some may be missing, and what
// agents dial need not be the peers' addresses.
func peers(f *mesh.Facts) []mesh.Peer {
	if f.Config == nil && f.Release != nil {
		return values.Peers(f.Release.Values)
	}
	return f.Peers
}
