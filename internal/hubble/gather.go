package hubble

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync"
)

// Edge is who talked to whom: all connections between two workloads to one port.
type Edge struct {
	From Workload `json:"from"`
	To   Workload `json:"to"`
	// Service is the global service, as "namespace/name", that the address
	// dialled belongs to; empty if it belongs to none.
	Service  string `json:"service,omitempty"`
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port,omitempty"` // 0 where the protocol has none
	// Connections counts connections, Dropped those of them that lost packets
	// to a policy or to an error.
	Connections int    `json:"connections"`
	Dropped     int    `json:"dropped,omitempty"`
	Reason      string `json:"reason,omitempty"` // of a drop
}

// Crosses says whether the edge leads from one cluster to another.
func (e *Edge) Crosses() bool { return e.From.Cluster != e.To.Cluster }

// maxConnections bounds what is kept in memory (about 300 bytes each).
const maxConnections = 200_000

// gatherer makes connections of flows. Both nodes of a connection see its
// packets, and each of them many: what tells connections apart is the pair of
// addresses and ports.
type gatherer struct {
	service func(netip.AddrPort) string

	mu          sync.Mutex
	connections map[pair]*connection
	// known is all that any flow has told of an end: a node does not always know
	// whom it sees.
	known map[place]*Workload
	// aside counts flows of who is no pod: nodes, health checks, the world.
	aside int
	full  bool // there were more than maxConnections
}

func newGatherer(service func(netip.AddrPort) string) *gatherer {
	return &gatherer{service: service, connections: map[pair]*connection{}, known: map[place]*Workload{}}
}

// add takes a flow that a node of a cluster saw.
func (g *gatherer) add(cluster string, f *Flow) {
	if f.Kind != KindPacket || f.Protocol == "" || !f.Source.Address.Addr().IsValid() || !f.Destination.Address.Addr().IsValid() {
		return
	}
	from, to := f.Source, f.Destination
	if f.Reply == IsReply {
		from, to = to, from
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if from.Workload.Namespace == "" || to.Workload.Namespace == "" {
		g.aside++
		return
	}
	c, turned := g.connection(pair{f.Protocol, from.Address, to.Address}, f.Reply != ReplyUnknown)
	if c == nil {
		return
	}
	if turned {
		from, to = to, from
	}
	g.learn(&c.from, &from)
	g.learn(&c.to, &to)
	c.seenBy = cmp.Or(c.seenBy, cluster)
	if f.Verdict == Dropped {
		c.dropped = true
		c.reason = cmp.Or(c.reason, dropReasons()[f.DropReason])
	}
}

// edges sums the connections up: those between clusters first, then by count.
func (g *gatherer) edges() []Edge {
	g.mu.Lock()
	defer g.mu.Unlock()
	type line struct {
		from, to          [3]string
		service, protocol string
		port              uint16
	}
	sums := map[line]*Edge{}
	for key, c := range g.connections {
		service := g.service(key.to)
		from, to := g.best(c.from, key.from.Addr(), c.seenBy), g.best(c.to, key.to.Addr(), c.seenBy)
		at := line{from.key(), to.key(), service, key.protocol, key.to.Port()}
		e := sums[at]
		if e == nil {
			e = &Edge{From: from, To: to, Service: service, Protocol: key.protocol, Port: key.to.Port()}
			sums[at] = e
		}
		e.Connections++
		if c.dropped {
			e.Dropped++
			// The least of all reasons, as maps have no order.
			if e.Reason == "" || c.reason != "" && c.reason < e.Reason {
				e.Reason = c.reason
			}
		}
	}
	list := make([]Edge, 0, len(sums))
	for _, e := range slices.SortedFunc(maps.Values(sums), compareEdges) {
		list = append(list, *e)
	}
	return list
}

func (w *Workload) key() [3]string { return [3]string{w.Cluster, w.Namespace, w.Name} }

func compareEdges(a, b *Edge) int {
	crossing := func(e *Edge) int {
		if e.Crosses() {
			return 0
		}
		return 1
	}
	fromA, toA, fromB, toB := a.From.key(), a.To.key(), b.From.key(), b.To.key()
	return cmp.Or(
		cmp.Compare(crossing(a), crossing(b)),
		cmp.Compare(b.Connections, a.Connections),
		slices.Compare(fromA[:], fromB[:]),
		slices.Compare(toA[:], toB[:]),
		cmp.Compare(a.Service, b.Service),
		cmp.Compare(a.Protocol, b.Protocol),
		cmp.Compare(a.Port, b.Port),
	)
}
