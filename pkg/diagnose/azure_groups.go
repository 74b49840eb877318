package diagnose

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Azure's words in security rules; they compare regardless of case.
const (
	inbound  = "Inbound"
	outbound = "Outbound"
)

// securityGroup is a network security group, made ready for many packets.
type securityGroup struct {
	id    string
	place string                    // as options of az
	rules map[string][]securityRule // by direction, the first to ask first
	cuts  []netip.Prefix            // that rules name: packets on two sides of one may fare differently
}

type securityRule struct {
	*mesh.SecurityRule
	allows                        bool
	protocol                      string // as in flow; empty for all
	sources, destinations         addressSet
	sourcePorts, destinationPorts portSet
}

func newSecurityGroup(g *mesh.SecurityGroup) *securityGroup {
	out := &securityGroup{id: g.ID, place: inGroup(g.ID) + " --nsg-name " + quote(last(g.ID)), rules: map[string][]securityRule{}}
	for i := range g.Rules {
		r := securityRule{
			SecurityRule:     &g.Rules[i],
			allows:           strings.EqualFold(g.Rules[i].Access, "Allow"),
			protocol:         protocolOf(g.Rules[i].Protocol),
			sources:          parseAddresses(g.Rules[i].Sources, g.Rules[i].SourceGroups),
			destinations:     parseAddresses(g.Rules[i].Destinations, g.Rules[i].DestinationGroups),
			sourcePorts:      parsePorts(g.Rules[i].SourcePorts),
			destinationPorts: parsePorts(g.Rules[i].DestinationPorts),
		}
		direction := inbound
		if strings.EqualFold(r.Direction, outbound) {
			direction = outbound
		}
		out.rules[direction] = append(out.rules[direction], r)
		out.cuts = append(append(out.cuts, r.sources.prefixes...), r.destinations.prefixes...)
	}
	for _, rules := range out.rules {
		slices.SortStableFunc(rules, func(a, b securityRule) int { return cmp.Compare(a.Priority, b.Priority) })
	}
	return out
}

// protocolOf is a rule's protocol as flows have it: Azure's first letter is a
// capital, but people also write TCP.
func protocolOf(text string) string {
	if text == "*" || text == "" || strings.EqualFold(text, "Any") {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.ToLower(text[1:])
}

// matches says whether the rule is about the packet.
func (r *securityRule) matches(p *packet, tags tagger) truth {
	if r.protocol != "" && r.protocol != p.protocol {
		return never
	}
	out := min(r.destinationPorts.has(portRange{p.port, p.port}), r.sourcePorts.has(p.source))
	if out == never {
		return never
	}
	if out = min(out, r.sources.has(p.from, tags)); out == never {
		return never
	}
	return min(out, r.destinations.has(p.to, tags))
}

// decision is what a security group makes of a packet.
type decision struct {
	passes truth
	// rule is the one that decides, or the first that may; nil if there is none.
	rule *securityRule
}

// decide asks the rules of a direction in the order of their priorities: the
// first that matches decides. Where it cannot be told whether one matches, the
// packet's fate is known only if those after it come to the same.
func (g *securityGroup) decide(direction string, p *packet, tags tagger) decision {
	var first *securityRule
	rules := g.rules[direction]
	for i := range rules {
		r := &rules[i]
		match := r.matches(p, tags)
		switch {
		case match == never:
		case first != nil && first.allows != r.allows:
			return decision{perhaps, first}
		case match == surely && r.allows:
			return decision{surely, r}
		case match == surely:
			return decision{never, r}
		case first == nil:
			first = r
		}
	}
	return decision{perhaps, first} // the default rules, which match everything, were not shown
}
