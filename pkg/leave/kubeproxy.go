package leave

import (
	"context"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// kubeProxyTimeout bounds Azure's update of a cluster, which takes minutes.
const kubeProxyTimeout = 20 * time.Minute

// kubeProxyStep has kube-proxy run before Cilium stops to serve in its place:
// side by side they do no harm, and without both no service answers.
func (r *run) kubeProxyStep(c *Cluster) *plan.Step {
	if !c.KubeProxy.Needed {
		return nil
	}
	return &plan.Step{
		ID: stepKubeProxy, Action: plan.Update, Object: "managedCluster " + c.KubeProxy.AzureID,
		Summary: "switch kube-proxy on through Azure, and wait until it is ready on every node",
		Diff:    []string{"- properties.networkProfile.kubeProxyConfig.enabled: false", "+ properties.networkProfile.kubeProxyConfig.enabled: true"},
		Do: func(ctx context.Context, say func(string)) error {
			ctx, cancel := context.WithTimeout(ctx, kubeProxyTimeout)
			defer cancel()
			return r.startKubeProxy(ctx, c, say)
		},
	}
}

func (r *run) startKubeProxy(ctx context.Context, c *Cluster, say func(string)) error {
	id, err := azure.ParseID(c.KubeProxy.AzureID)
	if err != nil {
		return err
	}
	if err := r.live.Azure.SetKubeProxy(ctx, id, true, say); err != nil {
		return err
	}
	return rollout.Everywhere(ctx, r.cluster(c), kubeProxy, say)
}

// AzureNeed is a cluster whose kube-proxy cannot be started, as Azure could not
// be asked.
type AzureNeed struct {
	Context string
	Why     string // what Azure, or the way to it, said
	// Command is what someone with the rights has to type.
	Command string
}

// NeedsAzure lists the clusters that cannot leave as wished without Azure.
func (d *Draft) NeedsAzure() []AzureNeed {
	var needs []AzureNeed
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if !d.wish.RestoreKubeProxy || !c.Leaves || c.wanted == nil || c.KubeProxy.Needed || c.kubeProxyRuns() {
			continue
		}
		need := AzureNeed{Context: c.Context, Why: "no answer", Command: kubeProxyCommand(c)}
		for _, problem := range c.seen.Problems {
			if problem.Section == mesh.SectionAzure {
				need.Why = problem.Message
			}
		}
		needs = append(needs, need)
	}
	return needs
}

// kubeProxyCommand finds the cluster by its nodes' resource group: its own ARM
// id is not known.
func kubeProxyCommand(c *Cluster) string {
	ids := "RESOURCE-ID"
	for i := range c.seen.Nodes {
		if subscription, group, err := azure.ParseProviderID(c.seen.Nodes[i].ProviderID); err == nil {
			ids = `$(az aks list --subscription ` + subscription + ` --query "[?nodeResourceGroup=='` + group + `'].id" -o tsv)`
			break
		}
	}
	return `echo '{"enabled": true}' > kube-proxy.json && az extension add --upgrade --name aks-preview && ` +
		`az aks update --ids ` + ids + ` --kube-proxy-config kube-proxy.json`
}
