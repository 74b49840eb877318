package policies

import (
	"math"
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// anyProtocol is Cilium's word for TCP, UDP and SCTP.
const anyProtocol = "ANY"

// ports are some of the ports that a rule is about.
type ports struct {
	list []port
	// more is true if what is in the connection decides, too.
	more bool
}

// port is a port of either kind of policy: a number, a range, a name or all.
type port struct {
	protocol string
	from, to int32
	named    bool // it is known to the pod alone which port that is
}

// readPorts reads a list of ports; fallback is the protocol if none is named.
func readPorts(raw any, fallback string) ports {
	var all ports
	for _, p := range objects(raw) {
		one := port{protocol: fallback, to: math.MaxInt32}
		if protocol, _ := p["protocol"].(string); protocol != "" {
			one.protocol = protocol
		}
		from, numeric := number(p["port"])
		switch {
		case p["port"] == nil, numeric && from == 0: // all
		case numeric:
			to, _ := number(p["endPort"])
			one.from, one.to = from, max(from, to)
		default:
			one.named = true
		}
		all.list = append(all.list, one)
	}
	return all
}

// readPortGroups reads what a rule of Cilium's says of ports.
func readPortGroups(raw any) []ports {
	var all []ports
	for _, group := range objects(raw) {
		one := readPorts(group["ports"], anyProtocol)
		for _, key := range []string{"rules", "listener", "serverNames", "terminatingTLS", "originatingTLS"} {
			one.more = one.more || group[key] != nil
		}
		all = append(all, one)
	}
	return all
}

// number reads a number of plain data, or one in a text.
func number(raw any) (int32, bool) {
	switch v := raw.(type) {
	case int64:
		return int32(v), int64(int32(v)) == v
	case float64:
		return int32(v), float64(int32(v)) == v
	case string:
		n, err := strconv.ParseInt(v, 10, 32)
		return int32(n), err == nil
	}
	return 0, false
}

func (p *port) match(to mesh.EndpointPort) Answer {
	switch {
	case !strings.EqualFold(p.protocol, anyProtocol) && !strings.EqualFold(p.protocol, to.Protocol):
		return No
	case p.named:
		return Maybe
	}
	return answer(p.from <= to.Port && to.Port <= p.to)
}

// Ports says whether the rule is about connections to a port, whatever else it
// asks of them. Without any ports it is about all.
func (r *Rule) Ports(to mesh.EndpointPort) Answer { return r.matchPorts(to, false) }

// matchPorts says, for requests, whether all of them are meant.
func (r *Rule) matchPorts(to mesh.EndpointPort, requests bool) Answer {
	most := answer(len(r.ports) == 0)
	for i := range r.ports {
		for j := range r.ports[i].list {
			one := r.ports[i].list[j].match(to)
			if requests && r.ports[i].more {
				one = min(one, Maybe)
			}
			most = max(most, one)
		}
	}
	return most
}
