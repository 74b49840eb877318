package diagnose

import (
	"net/netip"
	"strconv"
	"strings"
)

// truth is a three-valued answer: what Azure shows, or a way between clusters,
// does not always tell.
type truth int

// Answers, in the order in which the least sure of several is found.
const (
	never truth = iota
	perhaps
	surely
)

// packet is one that a node sends to another cluster.
type packet struct {
	from, to netip.Addr
	flow
}

// flow is a kind of packets.
type flow struct {
	name     string    // as "VXLAN (UDP 8472)"
	protocol string    // as security rules have it: Tcp, Udp, Icmp or Esp
	source   portRange // that senders use
	port     int       // of the receiver; 0 if the protocol has none
}

type portRange struct{ first, last int }

// ephemeral are the ports that senders choose from who do not care.
func ephemeral() portRange { return portRange{1024, 65535} }

// within says whether ports of the range are in the other.
func (p portRange) within(o portRange) truth {
	switch {
	case o.first <= p.first && p.last <= o.last:
		return surely
	case p.last < o.first || o.last < p.first:
		return never
	}
	return perhaps
}

// portSet are the ports of a security rule.
type portSet struct {
	any    bool
	ranges []portRange
	odd    bool // holds what cannot be understood
}

func parsePorts(list []string) portSet {
	s := portSet{odd: len(list) == 0}
	for _, text := range list {
		first, last, isRange := strings.Cut(text, "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.Atoi(strings.TrimSpace(first))
		b, errB := strconv.Atoi(strings.TrimSpace(last))
		switch {
		case text == "*", errA == nil && errB == nil && a <= 1 && b >= 65535:
			s.any = true
		case errA != nil || errB != nil || a > b:
			s.odd = true
		default:
			s.ranges = append(s.ranges, portRange{a, b})
		}
	}
	return s
}

// has says whether all (surely) or some (perhaps) of the ports are in the set.
// Rules for single ports are not about protocols that have none.
func (s *portSet) has(p portRange) truth {
	if s.any {
		return surely
	}
	out := never
	if s.odd {
		out = perhaps
	}
	if p == (portRange{}) {
		return out
	}
	for _, r := range s.ranges {
		out = max(out, p.within(r))
	}
	return out
}

// addressSet are the sources or the destinations of a security rule.
type addressSet struct {
	any      bool
	prefixes []netip.Prefix
	tags     []string
	// groups is true if application security groups are named: who is in one
	// is known by the machines only.
	groups bool
}

func parseAddresses(list, groups []string) addressSet {
	s := addressSet{groups: len(groups) > 0}
	for _, text := range list {
		if text == "*" || strings.EqualFold(text, "Any") {
			s.any = true
			continue
		}
		if p, err := netip.ParsePrefix(text); err == nil {
			s.prefixes = append(s.prefixes, p.Masked())
		} else if a, err := netip.ParseAddr(text); err == nil {
			s.prefixes = append(s.prefixes, single(a, "").prefix)
		} else {
			s.tags = append(s.tags, tagOf(text))
		}
	}
	return s
}

// Service tags that are understood.
const (
	tagVirtualNetwork = "VirtualNetwork"
	tagLoadBalancer   = "AzureLoadBalancer"
	tagInternet       = "Internet"
)

// tagOf is a tag in the case that Azure writes it, where it is understood.
func tagOf(text string) string {
	for _, tag := range []string{tagVirtualNetwork, tagLoadBalancer, tagInternet} {
		if strings.EqualFold(tag, text) {
			return tag
		}
	}
	return text
}

// tagger says whether an address belongs to a service tag.
type tagger func(tag string, a netip.Addr) truth

func (s *addressSet) has(a netip.Addr, tags tagger) truth {
	if s.any {
		return surely
	}
	for _, p := range s.prefixes {
		if p.Contains(a) {
			return surely
		}
	}
	out := never
	if s.groups {
		out = perhaps
	}
	for _, tag := range s.tags {
		out = max(out, tags(tag, a))
	}
	return out
}
