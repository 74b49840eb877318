package join

import (
	"errors"
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// sectionsToPlan are those without which nothing can be planned.
var sectionsToPlan = map[string]bool{
	mesh.SectionAPI: true, mesh.SectionIdentity: true, mesh.SectionNodes: true, mesh.SectionSecrets: true, mesh.SectionConfig: true,
	mesh.SectionRelease: true, mesh.SectionWorkloads: true, mesh.SectionService: true, mesh.SectionServiceCIDRs: true,
	mesh.SectionCA: true, mesh.SectionIPsec: true, mesh.SectionPeers: true,
}

// Unreadable says whether some cluster could not be read well enough to plan.
func Unreadable(s mesh.Snapshot) bool {
	for i := range s.Clusters {
		for _, problem := range s.Clusters[i].Problems {
			if sectionsToPlan[problem.Section] {
				return true
			}
		}
	}
	return false
}

// AllConnected says whether every agent and every kvstoremesh of every cluster
// sees all others. Clusters without agents are not connected.
func AllConnected(clusters []mesh.Facts, d *Draft) bool {
	for i := range clusters {
		c := &d.Clusters[i]
		if c.GitOps != "" {
			continue // it is told of its peers by a commit
		}
		if len(clusters[i].Agents) == 0 {
			return false
		}
		agents := append(append([]mesh.Agent{}, clusters[i].Agents...), clusters[i].KVStore...)
		if mesh.Unconnected(agents, d.others(c)) != "" {
			return false
		}
	}
	return len(mesh.DeadSessions(clusters)) == 0
}

// others are the names of the clusters that a cluster sees when all is done.
func (d *Draft) others(c *Cluster) []string {
	var names []string
	for i := range d.Clusters {
		other := &d.Clusters[i]
		if other.Name != c.Name && (other.GitOps == "" || d.inMesh(other)) {
			names = append(names, other.Name)
		}
	}
	return names
}

// AzureNeed is a cluster where kube-proxy runs and Azure would not switch it off.
type AzureNeed struct {
	Context string
	Why     string // to be read behind "and"
	// Commands are what someone with the rights has to type, a line each.
	Commands []string
}

// NeedsAzure lists the clusters that cannot be joined as things are in Azure.
func (d *Draft) NeedsAzure() []AzureNeed {
	var needs []AzureNeed
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if why := d.azureLacks(c); why != "" {
			needs = append(needs, AzureNeed{Context: c.Context, Why: why, Commands: kubeProxyCommands(c.seen)})
		}
	}
	return needs
}

// azureLacks says why Azure would not switch kube-proxy of a cluster off; empty if
// it would, as far as is known, or need not.
func (d *Draft) azureLacks(c *Cluster) string {
	f := c.seen
	switch {
	case c.GitOps != "" || d.wish.SkipKubeProxy || !f.Kubernetes.AKS:
		return ""
	case f.Azure == nil && f.KubeProxy != nil && f.KubeProxy.Present:
		return "Azure could not be asked to switch it off: " + unasked(f)
	case !c.KubeProxy.Needed:
		return ""
	case f.Azure.KubeProxy == string(azure.KubeProxyUnknown):
		return "the API version of Azure in use has no kubeProxyConfig to switch it off with: name a preview version with --aks-api-version"
	case f.Azure.MayWrite != nil && !*f.Azure.MayWrite:
		return "this login may not switch it off: it lacks Microsoft.ContainerService/managedClusters/write on " + f.Azure.ID
	}
	return ""
}

// unasked is what Azure, or the way to it, said.
func unasked(f *mesh.Facts) string {
	for _, problem := range f.Problems {
		if problem.Section == mesh.SectionAzure {
			return problem.Message
		}
	}
	return "no answer"
}

// MissingMembers is an error if a cluster is configured to connect to members
// that were neither named nor found: their configuration must grow too.
func (d *Draft) MissingMembers() error {
	var errs []error
	for _, name := range d.strangers() {
		errs = append(errs, fmt.Errorf("cluster %q is a member of this mesh and must be told of the new one, but no context reaches it: add its --context", name))
	}
	return errors.Join(errs...)
}

// kubeProxyCommands are the az commands that switch kube-proxy off.
func kubeProxyCommands(f *mesh.Facts) []string {
	return []string{
		`echo '{"enabled": false}' > kube-proxy.json`,
		"az extension add --upgrade --name aks-preview",
		"az aks update --ids " + findCluster(f) + " --kube-proxy-config kube-proxy.json",
	}
}

// findCluster is what gives a cluster's ARM id in a shell: where it is not known,
// az finds it by the nodes' resource group.
func findCluster(f *mesh.Facts) string {
	if f.Azure != nil {
		return f.Azure.ID
	}
	for i := range f.Nodes {
		if subscription, group, err := azure.ParseProviderID(f.Nodes[i].ProviderID); err == nil {
			return fmt.Sprintf(`$(az aks list --subscription %s --query "[?nodeResourceGroup=='%s'].id" -o tsv)`, subscription, group)
		}
	}
	return "RESOURCE-ID"
}
