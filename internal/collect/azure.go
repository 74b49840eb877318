package collect

import (
	"context"
	"errors"
	"net/http"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// azure asks Azure Resource Manager about the cluster. A cluster that is not
// AKS has no such section.
func (l *look) azure(ctx context.Context) error {
	id := l.options.AzureIDs[l.cluster.Context]
	if l.options.Azure == nil || !l.onAKS() && id == "" {
		return nil
	}
	found, err := l.options.Azure.Find(ctx, l.hint(id))
	if err != nil {
		return err
	}
	read := l.options.Azure.ManagedCluster
	if l.networks != nil {
		read = l.networks.ManagedCluster
	}
	cluster, err := read(ctx, found)
	if err != nil {
		return err
	}
	facts := cluster.Facts()
	if l.networks != nil {
		facts.Network = l.network(ctx, cluster)
	}
	kubeProxy := l.facts.KubeProxy != nil && l.facts.KubeProxy.Present || cluster.KubeProxy() == azure.KubeProxyEnabled
	if l.options.AzureRights && kubeProxy {
		facts.MayWrite = l.options.Azure.MayWrite(ctx, found)
	}
	l.facts.Azure = &facts
	if l.facts.Kubernetes != nil {
		l.facts.Kubernetes.AKS = true // its nodes may not show it
	}
	return nil
}

// onAKS says whether the cluster is known to be AKS. Of one that does not answer
// only the API server's name tells.
func (l *look) onAKS() bool {
	if l.facts.Kubernetes != nil {
		return l.facts.Kubernetes.AKS
	}
	host, _ := hostPort(l.cluster.Config.Host)
	return aksHost(host)
}

// networks starts a look at networks if one is wanted.
func (o *Options) networks() *azure.Networks {
	if o.Azure == nil || !o.AzureNetwork {
		return nil
	}
	return o.Azure.Networks()
}

// network reads the network around the cluster. What the login may not read is
// a problem of its own and hides nothing else.
func (l *look) network(ctx context.Context, cluster *azure.ManagedCluster) *mesh.AzureNetwork {
	network, errs := l.networks.Read(ctx, cluster)
	for _, err := range errs {
		p := mesh.Problem{Section: mesh.SectionAzureNetwork, Kind: kindOf(err), Message: plain(err)}
		var refused *azure.Error
		if errors.As(err, &refused) && refused.Status == http.StatusForbidden {
			p.Kind = mesh.Forbidden
		}
		l.mu.Lock()
		l.facts.Problems = append(l.facts.Problems, p)
		l.mu.Unlock()
	}
	return network
}

// hint is what the cluster itself tells about its ARM resource.
func (l *look) hint(id string) azure.Hint {
	host, _ := hostPort(l.cluster.Config.Host)
	hint := azure.Hint{ID: id, Host: host}
	for i := range l.facts.Nodes {
		hint.ProviderIDs = append(hint.ProviderIDs, l.facts.Nodes[i].ProviderID)
		if hint.ClusterLabel == "" {
			hint.ClusterLabel = l.facts.Nodes[i].AzureResourceGroup
		}
	}
	return hint
}
