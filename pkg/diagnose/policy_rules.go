package diagnose

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// ingress is what one rule set of a policy says about being reached.
type ingress struct {
	policy  *mesh.Policy
	subject selector // the endpoints that it is about
	denies  bool     // what it does not allow is denied
	implied []string // peers without a cluster, in words
	open    bool     // some endpoints of other clusters are allowed
}

// peer takes in a selector of sources. What it says of pods is not weighed:
// one that lets in any pod of another cluster counts as open.
func (in *ingress) peer(s selector, words, own string) {
	switch {
	case !s.namesCluster():
		in.implied = append(in.implied, words)
	case s.admits(own):
		in.open = true
	}
}

// readNetworkPolicy reads the spec of a NetworkPolicy. Only its podSelector
// can name a cluster: keys of a namespaceSelector are labels of namespaces.
func readNetworkPolicy(spec map[string]any, own string) (ingress, bool) {
	in := ingress{subject: readSelector(spec["podSelector"])}
	rules := items(spec["ingress"])
	types := items(spec["policyTypes"])
	in.denies = len(rules) > 0 || slices.Contains(types, any("Ingress")) || !slices.Contains(types, any("Egress"))
	for _, raw := range rules {
		rule, _ := raw.(map[string]any)
		from := items(rule["from"])
		in.open = in.open || len(from) == 0
		for _, p := range from {
			peer, _ := p.(map[string]any)
			if peer["ipBlock"] != nil {
				continue // addresses outside of all clusters
			}
			in.peer(readSelector(peer["podSelector"]), peerWords(peer), own)
		}
	}
	return in, in.denies
}

// peerWords is a peer of a NetworkPolicy in words.
func peerWords(raw map[string]any) string {
	words := readSelector(raw["podSelector"]).String()
	if raw["namespaceSelector"] == nil {
		return words
	}
	namespaces := readSelector(raw["namespaceSelector"])
	if len(namespaces) == 0 {
		return words + " in every namespace"
	}
	return words + " in namespaces " + namespaces.String()
}

// readCiliumPolicy reads a spec of a CiliumNetworkPolicy or of a
// CiliumClusterwideNetworkPolicy; false if it is about nodes, or not about ingress.
func readCiliumPolicy(spec map[string]any, own string) (ingress, bool) {
	if spec["endpointSelector"] == nil {
		return ingress{}, false
	}
	in := ingress{subject: readSelector(spec["endpointSelector"])}
	rules := items(spec["ingress"])
	in.denies = defaultDeny(spec, "ingress", len(rules)+len(items(spec["ingressDeny"])) > 0)
	for _, raw := range rules {
		rule, _ := raw.(map[string]any)
		in.ciliumRule(rule, own)
	}
	return in, in.denies || in.open
}

// defaultDeny says whether what a policy of Cilium's does not allow is denied: so
// in a direction that it rules, unless it says otherwise.
func defaultDeny(spec map[string]any, direction string, ruled bool) bool {
	how, _ := spec["enableDefaultDeny"].(map[string]any)
	if deny, ok := how[direction].(bool); ok {
		return ruled && deny
	}
	return ruled
}

func (in *ingress) ciliumRule(rule map[string]any, own string) {
	sources := false
	for _, key := range []string{
		"fromEndpoints", "fromRequires", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes",
	} {
		sources = sources || rule[key] != nil
	}
	// Without sources, ports are open to all; a rule of nothing allows nothing.
	in.open = in.open || !sources && len(items(rule["toPorts"]))+len(items(rule["icmps"])) > 0
	for _, p := range items(rule["fromEndpoints"]) {
		s := readSelector(p)
		in.peer(s, s.String(), own)
	}
	for _, entity := range items(rule["fromEntities"]) {
		in.open = in.open || entity == "all" || entity == "cluster-mesh"
	}
}
