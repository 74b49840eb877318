package diagnose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// portTrouble is a way in which ports of two clusters do not fit, the worst first.
type portTrouble int

const (
	portsFit portTrouble = iota
	otherProtocol
	otherName
	severalForOne // one without a name against several
	otherNumber
)

// consequence is what clients notice, as the end of a sentence.
func (t portTrouble) consequence() string {
	switch t {
	case otherProtocol:
		return "by protocol, so clients of one cluster get no endpoint of the other"
	case otherName:
		return "by name, by which Cilium picks endpoints, so clients of one cluster get no endpoint of the other"
	case severalForOne:
		return "in number, and one without a name takes endpoints of all, so requests reach the wrong port"
	default:
		return "by number, so clients must use another number in each cluster"
	}
}

// judgePorts compares the ports of a name in every direction in which
// endpoints are given. A target port may differ, as an endpoint carries its own;
// it is told all the same, as it is seldom meant.
func judgePorts() func(*View) []Finding {
	return eachName(nil, func(_ *View, n *namesakes) []Finding {
		met := troublesOf(n.global)
		var out []Finding
		for _, t := range []portTrouble{otherProtocol, otherName, severalForOne, otherNumber} {
			if !met[t] {
				continue
			}
			seen, odd := groupPorts(n.global, listPorts)
			f := failed(ofKey(n.global[0].c, n.serviceKey), "ports of global service %s differ between clusters %s", n, t.consequence()).
				seen(seen...).
				mend("give the ports one name, number and protocol everywhere: %s edit service %s", inNamespace(odd, n.serviceKey), quote(n.name))
			if t == otherNumber {
				f = f.as(Warning)
			}
			out = append(out, f)
		}
		if len(out) > 0 || !targetsDiffer(n.global) {
			return out
		}
		seen, odd := groupPorts(n.global, listTargets)
		return one(failed(ofKey(n.global[0].c, n.serviceKey), "target ports of global service %s differ between clusters, which Cilium is fine with", n).
			as(Info).seen(seen...).
			mend("none is needed if pods listen so; else %s edit service %s", inNamespace(odd, n.serviceKey), quote(n.name)))
	})
}

// targetsDiffer says whether a port leads to another target port in one cluster
// than in another. Clients of a headless service do not come by its ports.
func targetsDiffer(in []place) bool {
	known := map[mesh.ServicePort]string{}
	for _, p := range in {
		if p.s.Headless {
			continue
		}
		for _, port := range p.s.Ports {
			key := mesh.ServicePort{Name: port.Name, Protocol: port.Protocol, Port: port.Port}
			if target, ok := known[key]; ok && target != port.TargetPort {
				return true
			}
			known[key] = port.TargetPort
		}
	}
	return false
}

// troublesOf compares each list of ports with each other one that gives
// endpoints: mostly all clusters have the same.
func troublesOf(in []place) map[portTrouble]bool {
	met := map[portTrouble]bool{}
	var takers, givers [][]mesh.ServicePort
	add := func(to *[][]mesh.ServicePort, ports []mesh.ServicePort) {
		if !slices.ContainsFunc(*to, func(known []mesh.ServicePort) bool { return slices.EqualFunc(known, ports, samePort) }) {
			*to = append(*to, ports)
		}
	}
	for _, p := range in {
		if p.s.Headless {
			continue // its clients choose an endpoint themselves
		}
		add(&takers, p.s.Ports)
		if p.s.Shared() {
			add(&givers, p.s.Ports)
		}
	}
	for _, own := range takers {
		for _, others := range givers {
			met[comparePorts(own, others)] = true
		}
	}
	return met
}

// groupPorts says in a line for each list of ports which clusters have it, and
// which cluster is the first to change: of those whose ports the fewest have.
func groupPorts(in []place, list func([]mesh.ServicePort) string) (seen []string, odd *mesh.Facts) {
	groups := map[string][]*mesh.Facts{}
	var order []string
	for _, p := range in {
		ports := list(p.s.Ports)
		if groups[ports] == nil {
			order = append(order, ports)
		}
		groups[ports] = append(groups[ports], p.c)
	}
	fewest := len(in) + 1
	for _, ports := range order {
		clusters := groups[ports]
		seen = append(seen, inWords(clusters)+": "+ports)
		if len(clusters) <= fewest {
			fewest, odd = len(clusters), clusters[0]
		}
	}
	return seen, odd
}

// comparePorts is the worst that clients of a cluster meet at another's endpoints.
func comparePorts(own, others []mesh.ServicePort) portTrouble {
	worst := portsFit
	if slices.EqualFunc(own, others, samePort) {
		return worst
	}
	for _, p := range own {
		if t := misfit(p, own, others); t != portsFit && (worst == portsFit || t < worst) {
			worst = t
		}
	}
	return worst
}

// misfit follows Cilium's choice: the protocol must be the same, and the name
// too, unless either of the two has none.
// own are all ports beside p.
func misfit(p mesh.ServicePort, own, others []mesh.ServicePort) portTrouble {
	protocolOnly := false
	var picked []mesh.ServicePort
	for _, o := range others {
		named := p.Name == "" || o.Name == "" || p.Name == o.Name
		switch {
		case o.Protocol == p.Protocol && named:
			picked = append(picked, o)
		case named && (o.Port == p.Port || p.Name != "" && o.Name == p.Name):
			protocolOnly = true
		}
	}
	switch {
	case len(picked) == 0 && protocolOnly:
		return otherProtocol
	case len(picked) == 0:
		return otherName
	case len(picked) > 1:
		return severalForOne
	case picked[0].Port == p.Port:
		return portsFit
	case picked[0].Name == "" && len(own) > 1:
		return severalForOne
	}
	return otherNumber
}

func samePort(a, b mesh.ServicePort) bool {
	return a.Name == b.Name && a.Port == b.Port && a.Protocol == b.Protocol
}

func listPorts(ports []mesh.ServicePort) string {
	return listed(ports, func(mesh.ServicePort) string { return "" })
}

func listTargets(ports []mesh.ServicePort) string {
	return listed(ports, func(p mesh.ServicePort) string { return " to " + p.TargetPort })
}

// listed names ports, each with what is to be said of it.
func listed(ports []mesh.ServicePort, more func(mesh.ServicePort) string) string {
	if len(ports) == 0 {
		return "none"
	}
	var out []string
	for _, p := range ports {
		text := strconv.Itoa(int(p.Port)) + "/" + p.Protocol + more(p)
		if p.Name != "" {
			text = p.Name + " " + text
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}
