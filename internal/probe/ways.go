package probe

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// way is one way that is measured.
type way struct {
	seen     mesh.ProbeWay
	to       *side
	stream   uint32
	cut      uint32 // stream of the fragments; 0 if there are none
	bulk     uint32 // stream of the bytes over TCP; 0 if there are none
	sent     bool
	cutPacks int
}

type dial struct{ seen mesh.ProbeDial }

// wireGuardPort is the one that Cilium's WireGuard has. Source: Cilium,
// pkg/wireguard/types.
const wireGuardPort = 51871

// encapsulation is what packets between nodes are wrapped into, and the port
// that they go to; without a port, why there is none that could be measured.
func encapsulation(c *mesh.Config) (shape string, port int, why string) {
	switch {
	case c == nil:
		return "", 0, "Cilium's configuration is not known"
	case c.Encryption == "wireguard":
		return "wireguard", wireGuardPort, ""
	case c.Encryption == "ipsec":
		return "", 0, "IPsec's packets have no port"
	case c.RoutingMode != "tunnel" || c.TunnelPort == 0:
		return "", 0, "packets are not encapsulated"
	}
	return c.TunnelProtocol, c.TunnelPort, ""
}

// assign decides who sends what, once it is known who listens where. Each
// begins with the one that comes after it, so that they do not all send to the
// same one at once: what a listener is too slow for would look like a loss.
func (p *probing) assign() {
	n := len(p.sites)
	for i, from := range p.sites {
		for k := 1; k < n; k++ {
			to := p.sites[(i+k)%n]
			p.nodeWays(from, to)
			p.podWay(from, to)
			p.dialWays(from, to)
		}
	}
}

// begin makes a way and says whether it can be measured.
func (p *probing) begin(from, to *site, kind mesh.WayKind, source, target *side) (*way, bool) {
	w := &way{seen: mesh.ProbeWay{From: from.seen.Context, To: to.seen.Context, Kind: kind}, to: target}
	p.ways = append(p.ways, w)
	for _, one := range []*side{source, target} {
		if !one.works() {
			w.seen.Error = one.err.Error()
			return w, false
		}
	}
	return w, true
}

// nodeWays are those between nodes: to a free port, and to the tunnel's.
func (p *probing) nodeWays(from, to *site) {
	plain, ok := p.begin(from, to, mesh.NodeWay, &from.node, &to.node)
	if ok {
		listens := to.node.listener.said()
		address := net.JoinHostPort(to.node.listener.address, strconv.Itoa(listens.UDP))
		plain.seen.Port, plain.stream, plain.cut = listens.UDP, p.stream(), p.stream()
		from.node.add(wire.Task{Stream: plain.stream, Kind: wire.Sweep, To: address, PastRoute: true}, plain.swept, plain.lost)
		from.node.add(wire.Task{Stream: plain.cut, Kind: wire.Fragments, To: address}, plain.fragments, plain.lost)
	}
	tunnel, ok := p.begin(from, to, mesh.TunnelWay, &from.node, &to.node)
	if !ok {
		return
	}
	shape, port, why := encapsulation(to.facts.Config)
	tunnel.seen.Port = port
	if a, err := netip.ParseAddr(to.node.listener.address); why == "" && err == nil && !a.Unmap().Is4() {
		why = "only packets of IPv4 can be watched" // what came would count as lost
	}
	if watched := to.node.listener.said(); why == "" && port != 0 && watched.Watched != port {
		why = watched.WatchError
	}
	if why != "" {
		tunnel.seen.Error = why
		return
	}
	tunnel.stream = p.stream()
	from.node.add(wire.Task{
		Stream: tunnel.stream, Kind: wire.Sweep, Encapsulation: shape, PastRoute: true,
		To: net.JoinHostPort(to.node.listener.address, strconv.Itoa(port)),
	}, tunnel.swept, tunnel.lost)
}

func (p *probing) podWay(from, to *site) {
	w, ok := p.begin(from, to, mesh.PodWay, &from.pod, &to.pod)
	if !ok {
		return
	}
	listens := to.pod.listener.said()
	at := func(port int) string { return net.JoinHostPort(to.pod.listener.address, strconv.Itoa(port)) }
	w.seen.Port, w.stream, w.bulk = listens.UDP, p.stream(), p.stream()
	from.pod.add(wire.Task{Stream: w.stream, Kind: wire.Sweep, To: at(listens.UDP)}, w.swept, w.lost)
	from.pod.add(wire.Task{Stream: w.bulk, Kind: wire.Bulk, To: at(listens.TCP)}, w.bytes, w.lost)
}

// dialWays are the connections to a cluster's mesh addresses.
func (p *probing) dialWays(from, to *site) {
	if to.facts.Service == nil {
		return
	}
	for _, address := range to.facts.Service.Addresses {
		for _, pod := range []bool{false, true} {
			source := &from.node
			if pod {
				source = &from.pod
			}
			d := &dial{mesh.ProbeDial{
				From: from.seen.Context, To: to.seen.Context, FromPod: pod,
				Address: net.JoinHostPort(address, strconv.Itoa(to.facts.Service.Port)),
			}}
			p.dials = append(p.dials, d)
			if !source.works() {
				d.seen.Unknown = source.err.Error()
				continue
			}
			source.add(wire.Task{Kind: wire.Dial, To: d.seen.Address}, d.done, func(err error) { d.seen.Unknown = err.Error() })
		}
	}
}

func (w *way) lost(err error) { w.seen.Error = err.Error() }

func (w *way) swept(s wire.Sent) {
	w.sent = true
	w.seen.Packets, w.seen.Sent, w.seen.TooLarge, w.seen.Route, w.seen.Refused = s.Packets, s.Largest, s.TooLarge, s.Route, s.Error
	for _, t := range s.Told {
		w.seen.Told = append(w.seen.Told, mesh.ProbeTold(t))
	}
}

func (w *way) fragments(s wire.Sent) { w.cutPacks = s.Packets }

func (w *way) bytes(s wire.Sent) {
	w.seen.Bulk = &mesh.ProbeBulk{Connected: s.Connected, Out: s.Out, Back: s.Back, Error: s.Error}
}

func (d *dial) done(s wire.Sent) {
	d.seen.Error, d.seen.Micros = s.Error, s.Micros
	if s.TLS != nil {
		d.seen.TLS = &mesh.ProbeTLS{
			Error: s.TLS.Error, Subject: s.TLS.Subject, Issuer: s.TLS.Issuer, SANs: s.TLS.SANs,
			NotBefore: s.TLS.NotBefore, NotAfter: s.TLS.NotAfter,
		}
	}
}

// result joins what left with what came.
func (p *probing) result() *mesh.Probes {
	result := &mesh.Probes{}
	for _, w := range p.ways {
		w.join()
		result.Ways = append(result.Ways, w.seen)
	}
	for _, d := range p.dials {
		result.Dials = append(result.Dials, d.seen)
	}
	at := map[string]int{} // in the order that the clusters were given
	for i, s := range p.sites {
		at[s.seen.Context] = i
	}
	slices.SortStableFunc(result.Ways, func(a, b mesh.ProbeWay) int {
		return cmp.Or(cmp.Compare(at[a.From], at[b.From]), cmp.Compare(at[a.To], at[b.To]))
	})
	slices.SortStableFunc(result.Dials, func(a, b mesh.ProbeDial) int {
		return cmp.Or(cmp.Compare(at[a.From], at[b.From]), cmp.Compare(at[a.To], at[b.To]))
	})
	return result
}

func (w *way) join() {
	switch {
	case w.seen.Error != "" || !w.sent:
		w.forget(w.seen.Error)
		return
	case w.to.err != nil: // it listened, and could not tell what came
		w.forget(w.to.err.Error())
		return
	}
	came := w.to.listener.arrived(w.stream)
	w.seen.Arrived = came.Packets
	for _, r := range came.Sizes {
		w.seen.Came = max(w.seen.Came, r[1])
	}
	if w.cut != 0 && w.cutPacks > 0 {
		w.seen.Fragments = &mesh.ProbeCount{Packets: w.cutPacks, Arrived: w.to.listener.arrived(w.cut).Packets}
	}
	if w.seen.Bulk != nil {
		w.seen.Bulk.Arrived = w.to.listener.arrived(w.bulk).Bytes
	}
}

// forget leaves of a way only why it was not measured.
func (w *way) forget(why string) {
	s := &w.seen
	w.seen = mesh.ProbeWay{From: s.From, To: s.To, Kind: s.Kind, Port: s.Port, Error: why}
}
