package network

import (
	"fmt"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// Kind is what a [Fault] does to packets on their way.
type Kind string

// Kinds of faults. Addresses and ports are those of nodes, as a security group
// or a firewall in Azure's network sees them: the outside of a tunnel.
const (
	DropUDP       Kind = "udp"           // to a port
	DropTCP       Kind = "tcp"           // to a port
	DropICMP      Kind = "icmp"          // all of it that is not inside a tunnel
	DropFragments Kind = "fragments"     // every fragment, those that the fabric makes included
	LowerMTU      Kind = "mtu"           // as an honest router: ICMP answer if DF is set, else fragments
	BlackholeMTU  Kind = "mtu-blackhole" // what is bigger vanishes, no answer, DF or not
)

// Kinds returns all kinds, in the order to show them.
func Kinds() []Kind {
	return []Kind{DropUDP, DropTCP, DropICMP, DropFragments, LowerMTU, BlackholeMTU}
}

// Fault is something wrong with the path between two clusters' networks.
type Fault struct {
	ID   int           `json:"id"`
	Kind Kind          `json:"kind"`
	From shape.Cluster `json:"from"`
	To   shape.Cluster `json:"to"`
	// OneWay leaves packets alone that go from To to From.
	OneWay bool `json:"oneWay,omitempty"`
	// Port is the destination port of DropUDP and DropTCP.
	Port uint16 `json:"port,omitempty"`
	// MTU is the biggest IP packet that passes, in bytes, for LowerMTU and
	// BlackholeMTU.
	MTU int `json:"mtu,omitempty"`
}

// Validate says what is wrong with a fault.
func (f *Fault) Validate() error {
	needsPort := f.Kind == DropUDP || f.Kind == DropTCP
	needsMTU := f.Kind == LowerMTU || f.Kind == BlackholeMTU
	switch {
	case !needsPort && !needsMTU && f.Kind != DropICMP && f.Kind != DropFragments:
		return fmt.Errorf("no fault %q: choose one of %v", f.Kind, Kinds())
	case f.From == f.To:
		return fmt.Errorf("a fault lies between two clusters, not inside %s", f.From.Name())
	case needsPort != (f.Port != 0):
		return fmt.Errorf("fault %s: a port belongs to udp and tcp, and only to these", f.Kind)
	case needsMTU != (f.MTU != 0):
		return fmt.Errorf("fault %s: a size belongs to mtu and mtu-blackhole, and only to these", f.Kind)
	case needsMTU && (f.MTU < 576 || f.MTU >= MTU):
		return fmt.Errorf("fault %s: size %d is not between 576 and %d", f.Kind, f.MTU, MTU-1)
	}
	return nil
}

// String describes the fault in one line.
func (f *Fault) String() string {
	arrow := "<->"
	if f.OneWay {
		arrow = "->"
	}
	what := string(f.Kind)
	switch {
	case f.Port != 0:
		what = fmt.Sprintf("%s port %d dropped", f.Kind, f.Port)
	case f.Kind == LowerMTU:
		what = fmt.Sprintf("mtu %d, ICMP frag-needed sent, fragments made", f.MTU)
	case f.Kind == BlackholeMTU:
		what = fmt.Sprintf("mtu %d, bigger packets black-holed", f.MTU)
	default:
		what += " dropped"
	}
	return fmt.Sprintf("%s %s %s: %s", f.From.Name(), arrow, f.To.Name(), what)
}

// direction is one way of a path.
type direction struct{ from, to shape.Cluster }

func (f *Fault) directions() []direction {
	d := []direction{{f.From, f.To}}
	if !f.OneWay {
		d = append(d, direction{f.To, f.From})
	}
	return d
}

// ruleset is the fabric's nftables program for the faults. Its hook sees every
// frame that the router sends to a node after it was fragmented, and nothing
// that the machine itself or other namespaces send.
func ruleset(faults []Fault) string {
	var b strings.Builder
	b.WriteString("table bridge aksmesh\ndelete table bridge aksmesh\ntable bridge aksmesh {\n")
	b.WriteString("  chain to_nodes {\n    type filter hook output priority 0; policy accept;\n")
	for i := range faults {
		match := faults[i].match()
		if match == "" {
			continue
		}
		for _, d := range faults[i].directions() {
			fmt.Fprintf(&b, "    ip saddr %s ip daddr %s %s counter drop comment \"fault %d\"\n",
				d.from.VNet(), d.to.VNet(), match, faults[i].ID)
		}
	}
	b.WriteString("  }\n}\n")
	return b.String()
}

// match is the nftables expression for packets that a fault drops; empty if
// routes do the work.
func (f *Fault) match() string {
	switch f.Kind {
	case DropUDP, DropTCP:
		return fmt.Sprintf("%s dport %d", f.Kind, f.Port)
	case DropICMP:
		return "ip protocol icmp"
	case DropFragments:
		// More-fragments flag or an offset: all but whole packets.
		return "ip frag-off & 0x3fff != 0"
	case BlackholeMTU:
		return fmt.Sprintf("ip length > %d", f.MTU)
	}
	return ""
}
