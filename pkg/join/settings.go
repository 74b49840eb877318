package join

import (
	"cmp"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// changesAgents says whether running agents get settings that they read only
// when they start. New peers are no such settings.
func (d *Draft) changesAgents(running *mesh.Config) bool {
	return running.ClusterID == 0 || !running.KubeProxyReplacement || encapsulationOf(running) != d.encapsulation() ||
		d.wish.MTU != 0 && d.wish.MTU != running.MTU ||
		d.wish.Encryption != "" && d.wish.Encryption != running.Encryption
}

// agentsMayLag says whether kube-proxy goes though agents may run that were
// started before Cilium was told to replace it. Only a first revision of join's
// leaves no doubt; later ones, of upgrade too, may have told them so and left them
// running.
func (c *Cluster) agentsMayLag() bool {
	release := c.seen.Release
	installed := release != nil && release.Ours && release.Revision == 1
	return c.KubeProxy.Needed && !installed
}

// encapsulation is what is asked for, else what the mesh's members run.
func (d *Draft) encapsulation() string {
	if d.wish.Encapsulation != "" {
		return d.wish.Encapsulation
	}
	for i := range d.Clusters {
		if running := d.Clusters[i].seen.Config; running != nil {
			return encapsulationOf(running)
		}
	}
	return values.VXLAN
}

func encapsulationOf(running *mesh.Config) string {
	if running.RoutingMode == values.Native {
		return values.Native
	}
	return running.TunnelProtocol
}

// chartVersion is what a cluster without Cilium gets: what is asked for, else
// what the mesh's members run, else the default.
func (d *Draft) chartVersion() string {
	if d.wish.ChartVersion != "" {
		return d.wish.ChartVersion
	}
	newest := ""
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if c.seen.Config != nil && c.seen.Release != nil && newer(c.seen.Release.ChartVersion, newest) {
			newest = c.seen.Release.ChartVersion
		}
	}
	return cmp.Or(newest, chart.DefaultVersion)
}

func newer(a, b string) bool {
	versionA, errA := semver.NewVersion(a)
	versionB, errB := semver.NewVersion(b)
	return errA == nil && (errB != nil || versionA.GreaterThan(versionB))
}

// encryption is what is asked for, else what the mesh's members run.
func (d *Draft) encryption() string { return cmp.Or(d.wish.Encryption, d.runningEncryption()) }

// nativeRoutingCIDR is the range that is routed without encapsulation: what is
// asked for by a flag or a value, else what the cluster has, else what another
// member has.
func (d *Draft) nativeRoutingCIDR(c *Cluster) string {
	if d.wish.NativeRoutingCIDR.IsValid() {
		return d.wish.NativeRoutingCIDR.String()
	}
	for _, user := range []values.Values{d.wish.Values[c.Context], d.wish.Values[""]} {
		if cidr, ok := user["ipv4NativeRoutingCIDR"].(string); ok {
			return cidr
		}
	}
	if own := nativeRange(c.seen); own != "" {
		return own
	}
	for i := range d.Clusters {
		if cidr := nativeRange(d.Clusters[i].seen); cidr != "" {
			return cidr
		}
	}
	return ""
}

// nativeRangeKey is what cilium-config calls the range.
const nativeRangeKey = "ipv4-native-routing-cidr"

// nativeRange is the range that a cluster routes without encapsulation; empty if
// it says none.
func nativeRange(f *mesh.Facts) string {
	if f.Config == nil {
		return ""
	}
	return f.Config.Raw[nativeRangeKey]
}

func (d *Draft) runningEncryption() string {
	for i := range d.Clusters {
		if running := d.Clusters[i].seen.Config; running != nil {
			return running.Encryption
		}
	}
	return values.NoEncryption
}

// keepsAPIServer is true if Cilium already runs without kube-proxy's help:
// then it reaches the API server, and how is not join's to change.
func (c *Cluster) keepsAPIServer() bool {
	if c.seen.Release == nil {
		return false
	}
	host, _ := c.seen.Release.Values["k8sServiceHost"].(string)
	return host != ""
}

// keepsLBIPAM says whether who gives LoadBalancer Services their addresses is
// somebody else's to say: whoever made pools for Cilium, or may have where they
// could not be read, or chose by a value.
func (c *Cluster) keepsLBIPAM() bool {
	unread := slices.ContainsFunc(c.seen.Problems, func(p mesh.Problem) bool { return p.Section == mesh.SectionLBPools })
	chosen := c.seen.Release != nil && values.Has(c.seen.Release.Values, "defaultLBServiceIPAM")
	return unread || chosen || len(c.seen.LBPools) > 0
}

// apiServer is the API server as nodes reach it. Azure tells; without Azure
// the kubeconfig's server is the best guess.
func apiServer(f *mesh.Facts) (host string, port int) {
	const https = 443
	switch {
	case f.Azure != nil && f.Azure.PrivateFQDN != "":
		return f.Azure.PrivateFQDN, https
	case f.Azure != nil && f.Azure.FQDN != "":
		return f.Azure.FQDN, https
	default:
		return f.Kubernetes.Host, f.Kubernetes.Port
	}
}
