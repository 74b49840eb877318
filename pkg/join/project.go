package join

import (
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/addressing"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// Projected is the snapshot as it would be after the join, for the preflight
// to judge. It shares nothing that it changes with the snapshot it came from.
func (d *Draft) Projected(s mesh.Snapshot) mesh.Snapshot {
	projected := s
	projected.Clusters = make([]mesh.Facts, len(s.Clusters))
	for i := range s.Clusters {
		projected.Clusters[i] = d.project(&d.Clusters[i])
	}
	return projected
}

func (d *Draft) project(c *Cluster) mesh.Facts {
	facts := *c.seen
	planned := mesh.Config{IPv4: true, MaxConnectedClusters: d.maxConnected(), Encryption: d.encryption()}
	if facts.Config != nil {
		planned = *facts.Config
	} else {
		for _, prefix := range c.PodCIDRs {
			planned.PodCIDRs = append(planned.PodCIDRs, prefix.String())
		}
		planned.PodCIDRMaskSize = addressing.NodeBits
	}
	planned.KubeProxyReplacement = true
	if d.wish.Encryption != "" {
		planned.Encryption = d.wish.Encryption
	}
	if facts.Config == nil || d.wish.Encapsulation != "" && c.GitOps == "" {
		d.projectNetwork(&planned)
	}
	if planned.RoutingMode == values.Native && planned.Raw != nil && c.GitOps == "" {
		planned.Raw = maps.Clone(planned.Raw)
		planned.Raw[nativeRangeKey] = d.nativeRoutingCIDR(c)
	}
	planned.ClusterName, planned.ClusterID = c.Name, c.ID
	if d.wish.MTU != 0 {
		planned.MTU = d.wish.MTU
	}
	facts.Config = &planned
	d.projectRelease(c, &facts)
	d.projectService(c, &facts)
	if source := d.find(c.CA.From); source != nil && c.CA.Action != KeepCA {
		facts.CA = d.projectCA(c, source.seen.CA)
	}
	if source := d.find(c.IPsec.From); source != nil && c.IPsec.Needed {
		facts.IPsecKey = source.seen.IPsecKey
	}
	return facts
}

// projectCA is a CA of another cluster's as a cluster takes it over. Whom the
// other one trusts besides is in its release's values, and does not come along.
func (d *Draft) projectCA(c *Cluster, source *mesh.CA) *mesh.CA {
	own, err := d.Values(c, nil)
	if source == nil || err != nil || values.ForeignBundle(own) {
		return source // what a bundle has that values only name is not known
	}
	taken := *source
	taken.Trusted = []string{source.Fingerprint}
	if values.OwnBundle(own) != "" {
		taken.Trusted = append(taken.Trusted, values.BundledCAs(own)...)
	}
	return &taken
}

// projectService gives a cluster the Service that join would make of its own, as
// far as its address is known.
func (d *Draft) projectService(c *Cluster, facts *mesh.Facts) {
	known := d.knownAddresses(c)
	if c.GitOps != "" || facts.Service == nil && len(known) == 0 {
		return
	}
	planned := mesh.Service{Type: string(corev1.ServiceTypeLoadBalancer), Port: cilium.MeshPort, HelmOwned: true, PublishNotReady: true, Addresses: known}
	planned.Annotations = map[string]string{}
	if facts.Service != nil {
		planned.ClusterIP = facts.Service.ClusterIP
		maps.Copy(planned.Annotations, facts.Service.Annotations)
	}
	maps.Copy(planned.Annotations, d.serviceWish(c).Annotations())
	facts.Service = &planned
}

func (d *Draft) projectNetwork(planned *mesh.Config) {
	mode := d.encapsulation()
	if mode == values.Native {
		planned.RoutingMode = values.Native
		return
	}
	if planned.TunnelProtocol != mode {
		planned.TunnelPort = config.DefaultTunnelPort(mode)
	}
	planned.RoutingMode, planned.TunnelProtocol = "tunnel", mode
}

// projectRelease gives a new cluster the release that it would have.
func (d *Draft) projectRelease(c *Cluster, facts *mesh.Facts) {
	release := mesh.Release{Name: cilium.ReleaseName, Namespace: cilium.Namespace, Status: rollout.Deployed, ChartVersion: c.Helm.ChartVersion}
	if facts.Release != nil {
		release = *facts.Release
	}
	release.Values = maps.Clone(release.Values)
	if release.Values == nil {
		release.Values = map[string]any{}
	}
	if !c.keepsAPIServer() {
		release.Values["k8sServiceHost"], _ = apiServer(facts)
	}
	for _, user := range []map[string]any{d.wish.Values[""], d.wish.Values[c.Context]} {
		if host, ok := user["k8sServiceHost"]; ok {
			release.Values["k8sServiceHost"] = host
		}
	}
	facts.Release = &release
}
