package diagnose

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Needs of checks that are no section of their own.
const (
	ciliumVersionSection = "cilium-version"
	podCIDRSection       = "pod-cidrs"
	serviceCIDRSection   = "service-cidrs"
	// healthSection and mtuSection are parts of the agent tier.
	healthSection = "health"
	mtuSection    = "mtu"
	// azureNetSection is Azure.Network. Parts of it may be missing, which is
	// for the checks to see: one unreadable resource must not hide the rest.
	azureNetSection = "azure-net"
)

// problem is what went wrong with a need of a check, with what the need is
// read from, or with the cluster as a whole; nil if nothing did. Azure answers
// for clusters that do not.
func problem(c *mesh.Facts, need string) *mesh.Problem {
	from := sources(need)
	byAzure := c.Azure != nil && (need == mesh.SectionAzure || need == azureNetSection)
	for i := range c.Problems {
		if p := &c.Problems[i]; p.Section == mesh.SectionAPI && !byAzure || p.Section == need || slices.Contains(from, p.Section) {
			return p
		}
	}
	return nil
}

// sources are the further sections that a need is read from.
func sources(need string) []string {
	switch need {
	case mesh.SectionRelease, mesh.SectionCA, mesh.SectionIPsec, mesh.SectionCerts, mesh.SectionPeers:
		return []string{mesh.SectionSecrets}
	case mesh.SectionKubeProxy, ciliumVersionSection:
		return []string{mesh.SectionWorkloads}
	case mesh.SectionKVStore, mesh.SectionAgentTier, healthSection, mtuSection:
		return []string{mesh.SectionAgents}
	case podCIDRSection:
		return []string{mesh.SectionConfig, mesh.SectionCiliumNode}
	case azureNetSection:
		return []string{mesh.SectionAzure}
	}
	return nil
}

// lacks says why a check that needs the sections cannot judge the cluster:
// unknown if a section could not be read, skipped if it does not exist.
func lacks(c *mesh.Facts, sections []string) (Finding, bool) {
	for _, s := range sections {
		// The version has several sources, so one that cannot be read is no matter.
		if s == ciliumVersionSection && present(c, s) {
			continue
		}
		if p := problem(c, s); p != nil {
			f := unknown(ofCluster(c), "context %q: %s could not be read", c.Context, describe(s)).seen(p.Message)
			f.ExplainedBy = codeOf(p)
			return f, true
		}
	}
	for _, s := range sections {
		if blind(c, s) {
			return unknown(ofCluster(c), "context %q: %s is not known", c.Context, describe(s)), true
		}
		if !present(c, s) {
			return skipped(ofCluster(c), "context %q: %s", c.Context, absence(s)), true
		}
	}
	return Finding{}, false
}

// codeOf is the check that reports the problem itself.
func codeOf(p *mesh.Problem) Code {
	switch {
	case p.Section == mesh.SectionAPI || anonymous(p):
		return CodeAPI
	case p.Kind == mesh.Forbidden:
		return CodeRights
	default:
		return CodeUnreadable
	}
}

// blind says whether the section must exist, and was not seen.
func blind(c *mesh.Facts, section string) bool {
	switch section {
	case podCIDRSection:
		return c.Config != nil && !podCIDRsKnown(c)
	case serviceCIDRSection:
		return !serviceCIDRsKnown(c)
	case ciliumVersionSection:
		return (c.Config != nil || runs(c)) && ciliumVersion(c, Running) == nil
	}
	return false
}

func podCIDRsKnown(c *mesh.Facts) bool {
	return c.Config != nil && len(c.Config.PodCIDRs) > 0 ||
		slices.ContainsFunc(c.Nodes, func(n mesh.Node) bool { return len(n.PodCIDRs) > 0 })
}

func serviceCIDRsKnown(c *mesh.Facts) bool {
	return c.Kubernetes != nil && len(c.Kubernetes.ServiceCIDRs) > 0 ||
		c.Azure != nil && len(c.Azure.ServiceCIDRs) > 0
}

// present says whether the section was filled in.
func present(c *mesh.Facts, section string) bool {
	switch section {
	case mesh.SectionVersion:
		return c.Kubernetes != nil
	case mesh.SectionIdentity:
		return c.Kubernetes != nil && c.Kubernetes.UID != ""
	case ciliumVersionSection:
		return ciliumVersion(c, Running) != nil
	case podCIDRSection:
		return podCIDRsKnown(c)
	case serviceCIDRSection:
		return serviceCIDRsKnown(c)
	case mesh.SectionNodes:
		return len(c.Nodes) > 0
	case mesh.SectionKubeProxy:
		return c.KubeProxy != nil
	case mesh.SectionRelease:
		return c.Release != nil
	case mesh.SectionConfig:
		return c.Config != nil
	case mesh.SectionWorkloads:
		return len(c.Workloads) > 0
	case mesh.SectionCA:
		return c.CA != nil
	case mesh.SectionIPsec:
		return c.IPsecKey != nil
	case mesh.SectionCerts:
		return len(c.Certs) > 0
	case mesh.SectionService:
		return c.Service != nil
	case mesh.SectionAgents:
		return len(c.Agents) > 0
	case mesh.SectionKVStore:
		return len(c.KVStore) > 0
	case mesh.SectionAgentTier:
		return c.AgentTier != nil
	case healthSection:
		return measuresHealth(c)
	case mtuSection:
		return knowsMTU(c)
	case mesh.SectionAzure:
		return c.Azure != nil
	case azureNetSection:
		return c.Azure != nil && c.Azure.Network != nil
	case mesh.SectionServices:
		return c.Services != nil
	default: // lists that may well be empty
		return true
	}
}

// describe is a section in plain words.
func describe(section string) string {
	words := map[string]string{
		ciliumVersionSection:     "the version of Cilium",
		podCIDRSection:           "the pod CIDR",
		serviceCIDRSection:       "the service range",
		mesh.SectionAPI:          "the API server",
		mesh.SectionVersion:      "the API server's version",
		mesh.SectionIdentity:     "namespace kube-system",
		mesh.SectionAPIService:   "Service default/kubernetes",
		mesh.SectionRights:       "the user's rights",
		mesh.SectionNodes:        "the list of nodes",
		mesh.SectionKubeProxy:    "DaemonSet kube-system/kube-proxy",
		mesh.SectionRelease:      "the Helm release of Cilium",
		mesh.SectionConfig:       "ConfigMap kube-system/cilium-config",
		mesh.SectionWorkloads:    "Cilium's DaemonSets and Deployments",
		mesh.SectionCA:           "Secret kube-system/cilium-ca",
		mesh.SectionIPsec:        "Secret kube-system/cilium-ipsec-keys",
		mesh.SectionCerts:        "the mesh's certificates",
		mesh.SectionService:      "Service kube-system/clustermesh-apiserver",
		mesh.SectionPeers:        "the list of configured remote clusters",
		mesh.SectionAgents:       "the state of the Cilium agents",
		mesh.SectionKVStore:      "the state of kvstoremesh",
		mesh.SectionAgentTier:    "what Cilium's pods say",
		healthSection:            "what agents measure between nodes",
		mtuSection:               "the MTU of nodes",
		mesh.SectionAzure:        "what Azure says of the cluster",
		azureNetSection:          "Azure's network around the cluster",
		mesh.SectionAzureNetwork: "part of Azure's network around the cluster",
		mesh.SectionSecrets:      "the list of Secrets in namespace kube-system",
		mesh.SectionServiceCIDRs: "the list of ServiceCIDRs",
		mesh.SectionLBPools:      "the list of CiliumLoadBalancerIPPools",
		mesh.SectionCiliumNode:   "the list of CiliumNodes",
		mesh.SectionServices:     "the list of Services",
		mesh.SectionEndpoints:    "the list of EndpointSlices",
		mesh.SectionNamespaces:   "the list of Namespaces",
		mesh.SectionPolicies:     "the list of network policies",
		mesh.SectionPods:         "the list of pods",
	}
	if w, ok := words[section]; ok {
		return w
	}
	return "section " + section
}

// absence says what it means that a section does not exist.
func absence(section string) string {
	switch section {
	case mesh.SectionConfig, mesh.SectionWorkloads, ciliumVersionSection, podCIDRSection:
		return "Cilium is not installed"
	case mesh.SectionRelease:
		return "there is no Helm release of Cilium"
	case mesh.SectionAzure:
		return "Azure was not asked about it"
	case azureNetSection:
		return "Azure was not asked about its network"
	case mesh.SectionKubeProxy:
		return "kube-proxy was not looked at"
	case mesh.SectionServices:
		return "its services were not looked at"
	case mesh.SectionAgentTier, mtuSection:
		return "its agents were not asked for it, or do not say"
	case healthSection:
		return "its agents were not asked for it, or enable-health-checking is false in cilium-config"
	default:
		return describe(section) + " does not exist or was not looked at"
	}
}
