package meshfile

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// validate finds what the fields' types cannot tell to be wrong.
func (f *File) validate(c *checker) {
	s := &f.Spec
	if len(s.Clusters) == 0 {
		c.fail("spec", "names no clusters")
	}
	if s.Version != "" {
		if err := chart.Supported(s.Version); err != nil {
			c.fail("spec.version", "is refused: %v", err)
		}
	}
	oneOf(c, "spec.encapsulation", s.Encapsulation, values.VXLAN, values.Geneve, values.Native)
	oneOf(c, "spec.encryption", s.Encryption, values.NoEncryption, values.WireGuard, values.IPsec)
	oneOf(c, "spec.maxConnectedClusters", s.MaxConnectedClusters, config.DefaultMaxClusters, config.LargeMaxClusters)
	if s.MTU != 0 && (s.MTU < join.LeastMTU || s.MTU > join.MostMTU) {
		c.fail("spec.mtu", "%d is not between %d and %d bytes", s.MTU, join.LeastMTU, join.MostMTU)
	}
	network(c, "spec.podPool", s.PodPool)
	network(c, "spec.nativeRoutingCIDR", s.NativeRoutingCIDR)
	if s.CAFrom != "" && !slices.Contains(f.Contexts(), s.CAFrom) {
		c.fail("spec.caFrom", "%q is none of the clusters' contexts", s.CAFrom)
	}
	own(c, "spec.values", s.Values)
	for i := range s.Clusters {
		f.validateCluster(c, i)
	}
}

func (f *File) validateCluster(c *checker, i int) {
	cluster := &f.Spec.Clusters[i]
	at := fmt.Sprintf("spec.clusters[%d]", i)
	if cluster.Context == "" {
		c.fail(at, "has no context")
	}
	f.twice(c, i)
	if cluster.Name != "" {
		if err := config.ValidateClusterName(cluster.Name); err != nil {
			c.fail(at+".name", "is refused: %v", err)
		}
	}
	most := config.DefaultMaxClusters
	if f.Spec.MaxConnectedClusters == config.LargeMaxClusters {
		most = config.LargeMaxClusters
	}
	if c.lines[at+".id"] != 0 && config.ValidateClusterID(cluster.ID, most) != nil {
		c.fail(at+".id", "%d is not between 1 and %d", cluster.ID, most)
	}
	for j, prefix := range cluster.PodCIDRs {
		network(c, fmt.Sprintf("%s.podCIDRs[%d]", at, j), prefix)
	}
	if cluster.AzureID != "" {
		if _, err := azure.ParseID(cluster.AzureID); err != nil {
			c.fail(at+".azureID", "is refused: %v", err)
		}
	}
	own(c, at+".values", cluster.Values)
}

// twice refuses what an earlier cluster of the file has already.
func (f *File) twice(c *checker, i int) {
	cluster := &f.Spec.Clusters[i]
	at := fmt.Sprintf("spec.clusters[%d]", i)
	for j := range f.Spec.Clusters[:i] {
		other := &f.Spec.Clusters[j]
		if cluster.Context != "" && cluster.Context == other.Context {
			c.fail(at+".context", "%q is there twice", cluster.Context)
			continue
		}
		if cluster.Name != "" && cluster.Name == other.Name {
			c.fail(at+".name", "%q is that of context %q, too", cluster.Name, other.Context)
		}
		if cluster.ID != 0 && cluster.ID == other.ID {
			c.fail(at+".id", "%d is that of context %q, too", cluster.ID, other.Context)
		}
		overlapping(c, at, cluster, other)
	}
}

func overlapping(c *checker, at string, cluster, other *Cluster) {
	for k, prefix := range cluster.PodCIDRs {
		for _, theirs := range other.PodCIDRs {
			if prefix.Overlaps(theirs) {
				c.fail(fmt.Sprintf("%s.podCIDRs[%d]", at, k), "%s overlaps %s of context %q", prefix, theirs, other.Context)
			}
		}
	}
}

func oneOf[V comparable](c *checker, path string, value V, allowed ...V) {
	var none V
	if value != none && !slices.Contains(allowed, value) {
		c.fail(path, "%v is not one of %v", value, allowed)
	}
}

// network refuses a CIDR with bits behind its prefix. Whether it suits a new
// cluster is for the plan to say: one that runs may have any.
func network(c *checker, path string, prefix netip.Prefix) {
	if prefix.IsValid() && prefix != prefix.Masked() {
		c.fail(path, "%s has bits set behind its prefix; did you mean %s?", prefix, prefix.Masked())
	}
}

// own refuses Helm values that the file has fields for.
func own(c *checker, path string, given map[string]any) {
	if own := join.OwnValue(given); own != nil {
		field := map[string]string{
			"--cluster-name": "the field name", "--cluster-id": "the field id", "--pod-cidr": "the field podCIDRs", "--context": "the field clusters",
			"--max-connected-clusters": "the field maxConnectedClusters", "--encapsulation": "the field encapsulation",
			"--encryption": "the field encryption", "--mtu": "the field mtu", "--skip-kube-proxy": "skipKubeProxy: true", "--ca-from": "caFrom",
		}[own.Flag]
		c.fail(path, "has %s, which is join's own to set: %s", own.Key, own.Instead(field))
	}
}
