package network

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// apply turns the fabric from one state into another.
func apply(old, state State) error {
	return Do(Namespace, func() error {
		link, err := netlink.LinkByName(bridge)
		if err != nil {
			return err
		}
		if err := applyRoutes(link, tableRoutes(old), tableRoutes(state)); err != nil {
			return err
		}
		if err := applyRules(rules(old.Faults), rules(state.Faults)); err != nil {
			return err
		}
		return nft(ruleset(state.Faults))
	})
}

// tableRoute is a route of one routing table.
type tableRoute struct {
	table int
	to    netip.Prefix
	via   []netip.Addr // none: the range is on the bridge itself
	mtu   int          // 0: that of the link
}

// tableRoutes are all routes that a state needs. A lower MTU for one direction
// lives in a table of its own, which rules choose by source and destination;
// the table repeats the main table's routes below its destination.
func tableRoutes(s State) []tableRoute {
	var all []tableRoute
	for _, r := range s.Routes {
		all = append(all, tableRoute{table: unix.RT_TABLE_MAIN, to: r.To, via: r.Via})
	}
	for d, mtu := range lowered(s.Faults) {
		all = append(all, tableRoute{table: d.table(), to: d.to.VNet(), mtu: mtu})
		for _, r := range s.Routes {
			if d.to.VNet().Overlaps(r.To) {
				all = append(all, tableRoute{table: d.table(), to: r.To, via: r.Via, mtu: mtu})
			}
		}
	}
	return all
}

// lowered gives the smallest MTU that faults leave for each direction.
func lowered(faults []Fault) map[direction]int {
	mtu := map[direction]int{}
	for i := range faults {
		if faults[i].Kind != LowerMTU {
			continue
		}
		for _, d := range faults[i].directions() {
			if had, ok := mtu[d]; !ok || faults[i].MTU < had {
				mtu[d] = faults[i].MTU
			}
		}
	}
	return mtu
}

// table numbers the routing table of a direction: 1012 from cluster 1 to 2.
func (d direction) table() int { return 1000 + 10*int(d.from) + int(d.to) }

func applyRoutes(link netlink.Link, old, routes []tableRoute) error {
	for _, r := range routes {
		if err := netlink.RouteReplace(r.netlink(link.Attrs().Index)); err != nil {
			return fmt.Errorf("cannot route %s: %w", r.to, err)
		}
	}
	for _, o := range old {
		keep := slices.ContainsFunc(routes, func(r tableRoute) bool { return r.table == o.table && r.to == o.to })
		if keep {
			continue
		}
		route := &netlink.Route{Dst: ipNet(o.to), Table: o.table}
		if err := netlink.RouteDel(route); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("cannot remove the route to %s: %w", o.to, err)
		}
	}
	return nil
}

func (r tableRoute) netlink(index int) *netlink.Route {
	// A locked MTU holds for forwarded packets whatever else the kernel learnt.
	route := &netlink.Route{Dst: ipNet(r.to), Table: r.table, MTU: r.mtu, MTULock: r.mtu != 0}
	switch len(r.via) {
	case 0:
		route.LinkIndex, route.Scope = index, netlink.SCOPE_LINK
	case 1:
		route.LinkIndex, route.Gw = index, r.via[0].AsSlice()
	default:
		for _, v := range r.via {
			route.MultiPath = append(route.MultiPath, &netlink.NexthopInfo{LinkIndex: index, Gw: v.AsSlice()})
		}
	}
	return route
}

func rules(faults []Fault) []direction {
	var all []direction
	for d := range lowered(faults) {
		all = append(all, d)
	}
	return all
}

func applyRules(old, now []direction) error {
	rule := func(d direction) *netlink.Rule {
		r := netlink.NewRule()
		r.Family, r.Src, r.Dst, r.Table, r.Priority = netlink.FAMILY_V4, ipNet(d.from.VNet()), ipNet(d.to.VNet()), d.table(), d.table()
		return r
	}
	for _, d := range old {
		if !slices.Contains(now, d) {
			if err := netlink.RuleDel(rule(d)); err != nil && !errors.Is(err, syscall.ENOENT) {
				return fmt.Errorf("cannot remove the rule from %s to %s: %w", d.from.Name(), d.to.Name(), err)
			}
		}
	}
	for _, d := range now {
		if err := netlink.RuleAdd(rule(d)); err != nil && !errors.Is(err, syscall.EEXIST) {
			return fmt.Errorf("cannot add a rule from %s to %s: %w", d.from.Name(), d.to.Name(), err)
		}
	}
	return nil
}

// nft gives a program to nftables, which takes all of it or nothing. A process
// started from a thread inside a namespace runs in that namespace.
func nft(program string) error {
	cmd := exec.Command("nft", "-f", "-") //nolint:noctx // takes milliseconds, and half a rule set is worse than a late one
	cmd.Stdin = strings.NewReader(program)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return nil
}
