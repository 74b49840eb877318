package policies

import (
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// readCilium reads a spec of a CiliumNetworkPolicy or of a
// CiliumClusterwideNetworkPolicy; nothing if it is about nodes. A direction
// without any rule is not ruled, whatever enableDefaultDeny says
// (pkg/policy/utils.RulesToPolicyEntries).
func (c *Cluster) readCilium(p *mesh.Policy, spec map[string]any, d Direction) Rules {
	r := Rules{Policy: p}
	if spec["endpointSelector"] == nil {
		return r
	}
	allow, deny := objects(spec[string(d)]), objects(spec[string(d)+"Deny"])
	// The policy's namespace takes the place of another one.
	r.Subject = ReadSelector(spec["endpointSelector"])
	if p.Namespace != "" {
		r.Subject = inNamespace(p, ReadSelector(spec["endpointSelector"], "k8s:"+namespaceLabel))
	}
	r.Allow, r.Deny = ciliumRules(p, allow, d), ciliumRules(p, deny, d)
	r.Denies = len(allow)+len(deny) > 0
	how, _ := spec["enableDefaultDeny"].(map[string]any)
	if set, ok := how[string(d)].(bool); ok && c.setting("enable-non-default-deny-policies") != "false" {
		r.Denies = r.Denies && set
	}
	return r
}

func ciliumRules(p *mesh.Policy, list []map[string]any, d Direction) []Rule {
	var all []Rule
	for _, raw := range list {
		if len(items(raw["icmps"])) == 0 {
			all = append(all, ciliumRule(p, raw, d.peers()))
		}
	}
	return all
}

// ciliumRule reads one rule. One that names neither peers nor ports allows
// nothing; one with ports alone means all peers; an empty list of peers means
// none. A group of ports that lists none means none, but a rule without groups
// means all.
func ciliumRule(p *mesh.Policy, raw map[string]any, peers string) Rule {
	rule := Rule{ports: readPortGroups(raw["toPorts"])}
	named := false
	for key, value := range raw {
		what, ok := strings.CutPrefix(key, peers)
		if !ok || key == "toPorts" || value == nil {
			continue
		}
		// Some empty lists mean nobody, and others count as none.
		named = named || len(items(value)) > 0 || !slices.Contains([]string{"FQDNs", "Groups", "Requires", "Services"}, what)
		rule.mean(p, what, value)
	}
	if !named && len(rule.ports) > 0 {
		rule.Everybody = Yes
	}
	authentication, _ := raw["authentication"].(map[string]any)
	rule.asksMore = rule.asksMore || authentication != nil && authentication["mode"] != "disabled"
	return rule
}

// mean takes in one list of peers. CIDRs, names, nodes and groups are not pods,
// and what services come to is not known.
func (r *Rule) mean(p *mesh.Policy, what string, list any) {
	switch what {
	case "Endpoints":
		for _, raw := range objects(list) {
			r.Peers = append(r.Peers, ciliumPeer(p, raw))
		}
	case "Entities":
		for _, entity := range items(list) {
			r.local = r.local || entity == "cluster"
			if entity == "all" || entity == "cluster-mesh" {
				r.Everybody = Yes
			}
		}
	case "Services", "Requires": // the latter narrows all that is meant, before Cilium 1.19
		if len(items(list)) > 0 {
			r.Everybody = max(r.Everybody, Maybe)
			r.asksMore = r.asksMore || what == "Requires"
		}
	}
}

// ciliumPeer reads one selector, which means pods of the policy's own namespace,
// and cluster, where it names none. One that asks for a reserved label means all
// (pkg/k8s/apis/cilium.io/utils.getEndpointSelector).
func ciliumPeer(p *mesh.Policy, raw map[string]any) Peer {
	s := ReadSelector(raw)
	peer := Peer{Pods: s, Named: s.reserved() || s.asks(ofCluster), raw: raw}
	if !s.reserved() && !s.asks(ofNamespace) && !s.asks(ofNamespaceLabels) {
		peer.Pods = inNamespace(p, s)
	}
	return peer
}
