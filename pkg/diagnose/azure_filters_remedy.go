package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Priorities that rules of one's own may have.
const (
	firstPriority = 100
	lastPriority  = 4096
)

// remedy is the command that adds a rule before the one that denies.
func (d *denial) remedy() string {
	target := d.group.place
	priority := d.freePriority()
	if priority == 0 {
		return fmt.Sprintf("az network nsg rule show %s --name %s; no priority before it is free, so change that rule itself", target, quote(d.rule.Name))
	}
	ports := "'*'"
	if d.packet.port != 0 {
		ports = fmt.Sprint(d.packet.port)
	}
	return fmt.Sprintf("az network nsg rule create %s --name %s --priority %d --direction %s --access Allow --protocol %s"+
		" --source-address-prefixes %s --destination-address-prefixes %s --destination-port-ranges %s",
		target, d.ruleName(), priority, d.direction, d.packet.protocol,
		d.subnetOf(d.packet.from), d.subnetOf(d.packet.to), ports)
}

// ruleName is a name for the new rule, of the characters that Azure allows.
func (d *denial) ruleName() string {
	name := fmt.Sprintf("aksmesh-%s-%s-%s-%s", d.packet.protocol, d.packet.from, d.packet.to, d.direction)
	if d.packet.port != 0 {
		name = fmt.Sprintf("%s-%d", name, d.packet.port)
	}
	return strings.ReplaceAll(strings.ToLower(name), ":", "-")
}

// freePriority is a number before the denying rule's that no rule of the
// direction has; 0 if there is none. Kinds of packets get different ones, so
// that the commands of several findings can be run one after the other.
func (d *denial) freePriority() int {
	free, skip := 0, d.packet.slot()
	used := func(n int) bool {
		return slices.ContainsFunc(d.group.rules[d.direction], func(r securityRule) bool { return r.Priority == n })
	}
	for n := min(d.rule.Priority-1, lastPriority); n >= firstPriority; n-- {
		if used(n) {
			continue
		}
		if free = n; skip == 0 {
			break
		}
		skip--
	}
	return free
}

// slot is how many free priorities a kind of packets leaves to the others.
func (f *flow) slot() int {
	switch {
	case f.port == healthPort:
		return 3
	case f.protocol == "Tcp":
		return 2
	case f.protocol == "Icmp":
		return 4
	case f.protocol == "Esp" || f.port == wireGuardPort:
		return 1
	}
	return 0
}

// subnetOf is what a rule should name for an address: its subnet, so that nodes
// to come are let through as well, or the address alone.
func (d *denial) subnetOf(a netip.Addr) string {
	for _, n := range []*azureNet{d.from, d.to} {
		for i := range n.subnets {
			for _, p := range n.subnets[i].prefixes {
				if p.Contains(a) {
					return p.String()
				}
			}
		}
	}
	return a.String()
}
