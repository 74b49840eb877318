package diagnose

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func (r *userRoute) String() string {
	hop := r.NextHop
	if r.NextHopIP != "" {
		hop += " " + r.NextHopIP
	}
	return fmt.Sprintf("route %s (%s to %s) of route table %s", r.Name, r.prefix, hop, last(r.table))
}

// judgeRoutes: a route of the user's own may lead packets to another cluster
// astray. What lies behind an appliance or a gateway cannot be seen.
func judgeRoutes() func(*View) []Finding {
	return eachDirection([]string{azureNetSection}, func(v *View, from, to *mesh.Facts) []Finding {
		a, b := v.azure[from], v.azure[to]
		var out []Finding
		var worst Finding
		for i := range a.subnets {
			s := &a.subnets[i]
			if s.unrouted != "" {
				out = append(out, unknown(ofCluster(from), "context %q: where routes lead is not known: %s could not be read", from.Context, s.unrouted).
					forWantOf(from))
			}
			if f, ok := v.astray(a, b, s); ok && worse(&f, &worst) {
				worst = f
			}
		}
		if worst.Status != "" {
			out = append(out, worst)
		}
		return out
	})
}

// astray is the worst that routes of the subnet do to packets for the other cluster.
func (v *View) astray(n, to *azureNet, s *azureSubnet) (Finding, bool) {
	var worst Finding
	for j := range to.subnets {
		for _, dst := range append(to.subnets[j].samples(s.cuts), meshAddresses(to.cluster)...) {
			r := n.hop(s, dst)
			if r == nil || n.cluster == to.cluster {
				continue
			}
			f, bad := v.follow(n, to, r, dst)
			if bad && worse(&f, &worst) {
				worst = f.seen(append([]string{r.String() + ", on subnet " + last(s.id), fmt.Sprintf("packets to %s take it", dst)}, f.Evidence...)...)
			}
		}
	}
	return worst, worst.Status != ""
}

// worse says whether a is worse than b, which may be none at all.
func worse(a, b *Finding) bool {
	return b.Status == "" || cmp.Or(cmp.Compare(statusOrder(a.Status), statusOrder(b.Status)), cmp.Compare(severityOrder(a.Severity), severityOrder(b.Severity))) < 0
}

// follow says where a route leads.
func (v *View) follow(n, to *azureNet, r *userRoute, dst netip.Addr) (Finding, bool) {
	from, far := n.cluster, to.cluster
	l := linkOf(n, to).kind
	switch strings.ToLower(r.NextHop) {
	case "none", "internet":
		if strings.EqualFold(r.NextHop, "Internet") && onInternet(far, dst) {
			return Finding{}, false
		}
		if n.beaten(to, r, l) {
			return v.inDoubt(n, to, l)
		}
		message := "a route of context %q drops all packets to nodes of %q"
		if strings.EqualFold(r.NextHop, "Internet") {
			message = "a route of context %q sends packets for private addresses of %q to the internet, which does not know them"
		}
		return failed(ofPair(from, far), message, from.Context, far.Context).as(Error).mend("%s", n.mendRoute(to, r)), true
	case "virtualappliance", "virtualnetworkgateway":
		if l == oneWAN && n.beaten(to, r, l) {
			return Finding{}, false // the hub's route is longer, as a rule
		}
		return n.through(to, r, l), true
	}
	return Finding{}, false
}

// inDoubt is about a route that would lose packets if they took it. Where AKSM903
// knows of no connection, or the network could not be read, that is said already.
func (v *View) inDoubt(n, to *azureNet, l linkKind) (Finding, bool) {
	from, far := n.cluster, to.cluster
	switch {
	case n.vnet == nil || slices.Contains([]linkKind{unpeered, oneWay, disconnected, unclear}, l):
		return skipped(ofPair(from, far), "a route of context %q leads elsewhere, and what connects it with %q is not known", from.Context, far.Context), true
	case v.meets(from, far):
		return Finding{}, false
	}
	return unknown(ofCluster(from), "context %q: whether a route of its own leads packets for other clusters astray is not known", from.Context).
		seen("what a hub or a gateway announces is not seen, and takes precedence where it is longer"), true
}

// through is about packets that something between the clusters must send on.
func (n *azureNet) through(to *azureNet, r *userRoute, l linkKind) Finding {
	from, far := n.cluster, to.cluster
	if l == peered && to.detour(n) == nil {
		return failed(ofPair(from, far), "packets of context %q to nodes of %q pass an appliance or a gateway, and those back do not, so what remembers connections drops them", from.Context, far.Context).
			as(Warning).mend("send both ways through it, or remove the route: %s", n.mendRoute(to, r))
	}
	return failed(ofPair(from, far), "packets of context %q to nodes of %q pass an appliance or a gateway, which must allow them and send answers back the same way", from.Context, far.Context).
		as(Info).mend("allow there, both ways between the nodes' subnets: %s", n.needs(to))
}

// needs is what a firewall between two clusters must let through.
func (n *azureNet) needs(to *azureNet) string {
	var out []string
	if n.cluster.Config != nil {
		for _, k := range encapsulation(n.cluster.Config) {
			out = append(out, k.name)
		}
	}
	port := 2379
	if to.cluster.Service != nil && to.cluster.Service.Port != 0 {
		port = to.cluster.Service.Port
	}
	return strings.Join(append(out, fmt.Sprintf("TCP %d to mesh addresses", port), fmt.Sprintf("TCP %d", healthPort), "ICMP"), ", ")
}
