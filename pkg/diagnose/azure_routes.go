package diagnose

import (
	"fmt"
	"net/netip"
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
		for i := range a.subnets {
			s := &a.subnets[i]
			if f, ok := a.astray(b, s); ok {
				return one(f)
			}
			if s.unrouted != "" {
				out = append(out, unknown(ofCluster(from), "context %q: where routes lead is not known: %s could not be read", from.Context, s.unrouted).
					forWantOf(from))
			}
		}
		return out
	})
}

// astray is the worst that routes of the subnet do to packets for the other cluster.
func (n *azureNet) astray(to *azureNet, s *azureSubnet) (Finding, bool) {
	var worst Finding
	for j := range to.subnets {
		for _, dst := range append(to.subnets[j].samples(s.cuts), meshAddresses(to.cluster)...) {
			r := n.hop(s, dst)
			if r == nil || n.cluster == to.cluster {
				continue
			}
			f, bad := n.follow(to, r, dst)
			f = f.seen(r.String()+", on subnet "+last(s.id), fmt.Sprintf("packets to %s take it", dst))
			if bad && (worst.Status == "" || severityOrder(f.Severity) < severityOrder(worst.Severity)) {
				worst = f
			}
		}
	}
	return worst, worst.Status != ""
}

// follow says where a route leads.
func (n *azureNet) follow(to *azureNet, r *userRoute, dst netip.Addr) (Finding, bool) {
	from, far := n.cluster, to.cluster
	remove := "az network route-table route delete " + inGroup(r.table) + " --route-table-name " + quote(last(r.table)) + " --name " + quote(r.Name)
	subject := ofPair(from, far)
	switch strings.ToLower(r.NextHop) {
	case "none":
		return failed(subject, "a route of context %q drops all packets to nodes of %q", from.Context, far.Context).as(Error).mend("%s", remove), true
	case "internet":
		if public(dst) {
			return Finding{}, false
		}
		return failed(subject, "a route of context %q sends packets for private addresses of %q to the internet, which does not know them", from.Context, far.Context).
			as(Error).mend("%s", remove), true
	case "virtualappliance", "virtualnetworkgateway":
		f := failed(subject, "packets of context %q to nodes of %q pass an appliance or a gateway, which must allow them and send answers back the same way", from.Context, far.Context).
			as(Info).mend("allow there, both ways between the nodes' subnets: %s", n.needs(to))
		if linkOf(n, to).kind == peered && !to.routesTo(n) {
			f.Message = fmt.Sprintf("packets of context %q to nodes of %q pass an appliance or a gateway, and those back do not, so what remembers connections drops them", from.Context, far.Context)
			f = f.as(Warning).mend("send both ways through it, or remove the route: %s", remove)
		}
		return f, true
	}
	return Finding{}, false
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
