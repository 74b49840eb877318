package hubble

import (
	"cmp"
	"net/netip"
)

type pair struct {
	protocol string
	from, to netip.AddrPort
}

// place is a pod and its address, which another pod may have had before.
type place struct {
	address        netip.Addr
	namespace, pod string
}

type connection struct {
	from, to Workload
	told     bool   // a packet has told who opened it
	seenBy   string // the cluster of the first relay that told of it
	dropped  bool
	reason   string
}

// learn takes what a flow tells of an end, for its connection and for others.
func (g *gatherer) learn(w *Workload, end *End) {
	w.learn(end.Workload)
	at := place{end.Address.Addr(), end.Workload.Namespace, end.Workload.Pod}
	if g.known[at] == nil {
		g.known[at] = &Workload{}
	}
	g.known[at].learn(end.Workload)
}

// best is an end by all that is known of it. A cluster that no agent names is
// taken for that of the first relay that told of the connection.
func (g *gatherer) best(w Workload, address netip.Addr, seenBy string) Workload {
	if known := g.known[place{address, w.Namespace, w.Pod}]; known != nil {
		w.learn(*known)
	}
	w.Cluster = cmp.Or(w.Cluster, seenBy)
	return w
}

// connection finds the connection of a packet, or makes it; nil if there are too
// many. told says whether it is known that the packet goes the connection's way;
// turned is true if it is known to go back. Drops never tell, nor do packets
// that an agent shows before it has looked the connection up.
func (g *gatherer) connection(key pair, told bool) (c *connection, turned bool) {
	back := pair{key.protocol, key.to, key.from}
	c, other := g.connections[key], g.connections[back]
	switch {
	case c != nil:
		c.told = c.told || told
		return c, false
	case other != nil && !told:
		return other, true
	case other != nil && !other.told:
		delete(g.connections, back)
		c = &connection{from: other.to, to: other.from, dropped: other.dropped, reason: other.reason, told: true, seenBy: other.seenBy}
	case len(g.connections) >= maxConnections:
		g.full = true
		return nil, false
	default:
		c = &connection{told: told}
	}
	g.connections[key] = c
	return c, false
}
