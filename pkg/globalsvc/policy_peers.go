package globalsvc

import (
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// kubernetesPeers judges the peers of a NetworkPolicy's rule. Blocks of IPs do
// not match pods in Cilium.
func (d direction) kubernetesPeers(rule map[string]any) outcome {
	peers := objects(rule[d.peers])
	if len(peers) == 0 {
		return yes
	}
	most := no
	for _, peer := range peers {
		if peer["ipBlock"] == nil {
			most = max(most, d.kubernetesPeer(peer))
		}
	}
	return most
}

func (d direction) kubernetesPeer(peer map[string]any) outcome {
	pods, _ := newSelector(peer["podSelector"])
	if d.foreign() && !pods.asks(labelCluster) {
		return no
	}
	namespaces, ok := newSelector(peer["namespaceSelector"])
	if !ok && d.peer.namespace != d.selected.namespace {
		return no
	}
	return min(namespaces.below(labelNamespaceLabels).matches(d.peer), pods.matches(d.peer))
}

// foreign says whether the peer is of a cluster that a selector means only if
// it names it.
func (d direction) foreign() bool {
	return d.peer.facts.Context != d.selected.facts.Context && d.localOnly()
}

// ciliumPeers judges the peers of a rule of Cilium's. A rule that names
// neither peers nor ports allows nothing; one with ports alone means all
// peers; an empty list of peers means none.
func (d direction) ciliumPeers(p *mesh.Policy, rule map[string]any) outcome {
	most, named := no, false
	for key, value := range rule {
		switch {
		case key == "toPorts" || !strings.HasPrefix(key, d.peers):
			continue
		case key == d.peers+"Endpoints":
			for _, s := range objects(value) {
				most = max(most, d.ciliumPeer(p, s))
			}
		case key == d.peers+"Entities":
			most = max(most, d.entities(value))
		case key == "toServices", strings.HasSuffix(key, "Requires"):
			most = max(most, maybe)
		default: // CIDRs, names, nodes and groups are not pods
		}
		named = true
	}
	if !named && len(objects(rule["toPorts"])) > 0 {
		most = yes
	}
	if authentication, ok := rule["authentication"].(map[string]any); ok && authentication["mode"] != "disabled" {
		most = min(most, maybe)
	}
	return most
}

// ciliumPeer judges one selector, which means pods of the policy's own
// namespace, and cluster, where it names none. One that asks for a reserved
// label means both (pkg/k8s/apis/cilium.io/utils.getEndpointSelector).
func (d direction) ciliumPeer(p *mesh.Policy, raw map[string]any) outcome {
	s, _ := newSelector(raw)
	if s.reserved() {
		return s.matches(d.peer)
	}
	elsewhere := p.Kind != clusterwide && d.peer.namespace != p.Namespace
	if elsewhere && !s.asks(labelNamespace) && !s.asksBelow(labelNamespaceLabels) {
		return no
	}
	if d.foreign() && !s.asks(labelCluster) {
		return no
	}
	return s.matches(d.peer)
}

func (d direction) entities(value any) outcome {
	list, _ := value.([]any)
	for _, entity := range list {
		switch entity {
		case "all", "cluster-mesh":
			return yes
		case "cluster":
			if d.peer.facts.Context == d.selected.facts.Context {
				return yes
			}
		}
	}
	return no
}

func objects(value any) []map[string]any {
	list, _ := value.([]any)
	var all []map[string]any
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			all = append(all, object)
		}
	}
	return all
}
