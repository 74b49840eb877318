package policies

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Kinds of policies in a snapshot.
const (
	Kubernetes  = "NetworkPolicy"
	Cilium      = "CiliumNetworkPolicy"
	Clusterwide = "CiliumClusterwideNetworkPolicy"
)

// Direction is the side of a connection that a rule is about.
type Direction string

// Directions.
const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)

// peers begins the names of peers in both kinds of policies.
func (d Direction) peers() string {
	if d == Ingress {
		return "from"
	}
	return "to"
}

// Rules are what one spec of a policy says of one direction.
type Rules struct {
	Policy *mesh.Policy
	// Subject selects the pods that they are about, by namespace, too.
	Subject     Selector
	Allow, Deny []Rule
	// Denies is true if what is not allowed is denied.
	Denies bool
}

// Rule is about connections with some pods to some ports. Rules about ICMP alone
// are left out.
type Rule struct {
	// Everybody says whether pods of all clusters are meant, whoever they are.
	Everybody Answer
	Peers     []Peer
	local     bool // pods of the own cluster are meant, whoever they are
	asksMore  bool // the other pod must prove who it is, or something else
	ports     []ports
}

// Peer selects pods at the other end, by the namespace that it means, too.
type Peer struct {
	Pods Selector
	// Named is true if it chooses clusters itself, or is about labels of which
	// Cilium does not ask for a cluster.
	Named bool
	raw   map[string]any
}

// Match says whether a policy of the cluster means requests to the port with
// the pod at the other end by this rule.
func (c *Cluster) Match(r *Rule, other *Pod, to mesh.EndpointPort) Answer {
	most := r.Everybody
	if r.local {
		most = max(most, answer(!c.foreign(other)))
	}
	for i := range r.Peers {
		p := &r.Peers[i]
		one := p.Pods.Match(other)
		if !p.Named && c.foreign(other) {
			one = min(one, Yes-c.Local) // Local is Yes, and it is none
		}
		most = max(most, one)
	}
	if r.asksMore {
		most = min(most, Maybe)
	}
	return min(most, r.matchPorts(to, true))
}

// String is the peer in words.
func (p *Peer) String() string {
	pods, namespaces := p.raw["podSelector"], p.raw["namespaceSelector"]
	switch {
	case pods == nil && namespaces == nil: // Cilium's, or nothing at all
		return ReadSelector(p.raw).String()
	case namespaces == nil:
		return ReadSelector(pods).String()
	}
	words := ReadSelector(pods).String()
	if s := ReadSelector(namespaces); len(s) > 0 {
		return words + " in namespaces " + s.String()
	}
	return words + " in every namespace"
}

// Rules are what the cluster's policies say of a direction, read once: of those
// that are enforced there, and select pods.
func (c *Cluster) Rules(d Direction) []Rules {
	if all, ok := c.rules[d]; ok || c.setting("enable-policy") == "never" {
		return all
	}
	off := map[string]string{
		Kubernetes:  "enable-k8s-networkpolicy",
		Cilium:      "enable-cilium-network-policy",
		Clusterwide: "enable-cilium-clusterwide-network-policy",
	}
	var all []Rules
	for i := range c.facts.Services.Policies {
		p := &c.facts.Services.Policies[i]
		if c.setting(off[p.Kind]) == "false" {
			continue
		}
		read := c.readCilium
		if p.Kind == Kubernetes {
			read = readKubernetes
		}
		for _, spec := range p.Rules {
			if r := read(p, spec, d); r.Denies || len(r.Allow)+len(r.Deny) > 0 {
				all = append(all, r)
			}
		}
	}
	if c.rules == nil {
		c.rules = map[Direction][]Rules{}
	}
	c.rules[d] = all
	return all
}

// readKubernetes follows Cilium, for which rules of a direction count even if
// policyTypes leaves it out (pkg/k8s.ParseNetworkPolicy).
func readKubernetes(p *mesh.Policy, spec map[string]any, d Direction) Rules {
	r := Rules{Policy: p, Subject: inNamespace(p, ReadSelector(spec["podSelector"], namespaceLabel))}
	for _, raw := range objects(spec[string(d)]) {
		peers := items(raw[d.peers()])
		rule := Rule{Everybody: answer(len(peers) == 0), Peers: make([]Peer, 0, len(peers))}
		if len(items(raw["ports"])) > 0 {
			rule.ports = []ports{readPorts(raw["ports"], "TCP")}
		}
		for _, peer := range objects(peers) {
			if peer["ipBlock"] == nil { // addresses are none of pods
				rule.Peers = append(rule.Peers, kubernetesPeer(p, peer))
			}
		}
		r.Allow = append(r.Allow, rule)
	}
	types := items(spec["policyTypes"])
	out := slices.Contains(types, any("Egress"))
	in := !out || slices.Contains(types, any("Ingress"))
	r.Denies = len(r.Allow) > 0 || d == Egress && out || d == Ingress && in
	return r
}

// kubernetesPeer reads a peer of a NetworkPolicy: its podSelector alone can name a
// cluster, and its namespaceSelector is about labels of namespaces.
func kubernetesPeer(p *mesh.Policy, raw map[string]any) Peer {
	peer := Peer{raw: raw}
	if raw["namespaceSelector"] == nil {
		peer.Pods = inNamespace(p, ReadSelector(raw["podSelector"], namespaceLabel))
	} else {
		peer.Pods = ReadSelector(raw["podSelector"])
		for _, r := range ReadSelector(raw["namespaceSelector"]) {
			r.key, r.from = namespaceLabels+r.key, ofNamespaceLabels
			peer.Pods = append(peer.Pods, r)
		}
	}
	peer.Named = peer.Pods.asks(ofCluster)
	return peer
}

// inNamespace is the selector for pods of the policy's own namespace.
func inNamespace(p *mesh.Policy, s Selector) Selector {
	if p.Namespace == "" {
		return s
	}
	return append(s, newRequirement(namespaceLabel, "In", p.Namespace))
}
