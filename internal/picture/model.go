// Package picture draws a mesh: as a page of HTML, as SVG, and as text for
// Mermaid and Graphviz. It is pure: the same [Mesh] gives the same bytes.
package picture

import (
	"cmp"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// Mesh is all that a picture shows. It is plain data that others fill in.
type Mesh struct {
	Taken time.Time
	// Ready is true if every cluster sees every other one; Summary says so, or
	// why not, in one line.
	Ready    bool
	Summary  string
	Clusters []Cluster
	// Sights are who sees whom, in both directions. A name that no cluster has
	// is a member that was not looked at.
	Sights   []Sight
	Services []Service
	// ServicesUnread says why services are not shown; empty if they are.
	ServicesUnread string
	Doctor         *Doctor // nil if nothing was judged
	Flows          *Flows  // nil if none were read
	Maker          string  // program and version that drew the picture
}

// Cluster is one that was looked at.
type Cluster struct {
	Name    string // as sights name it: Cilium's, or the context's without a mesh
	Context string
	ID      int // Cilium's; 0 without a mesh

	Cilium, Kubernetes                  string // versions; empty if not known
	PodCIDRs, ServiceCIDRs, MeshAddress []string
	KubeProxy                           string // absent, present or unknown
	Encapsulation, Encryption           string // "vxlan", "wireguard"; empty if not known
	MTU                                 MTU
	Nodes                               []Node
	Problems                            []string // what could not be read
	// Unreachable is true if nothing at all could be read.
	Unreachable bool
}

// MTU is how large packets may be, in bytes: several if nodes differ, with the
// names of devices.
type MTU struct {
	Devices    []string // "eth0 1500"
	Configured string   // "automatic" or a number
	Pods       []string // what pods may send to other nodes
}

// Node is a node of a cluster.
type Node struct {
	Name      string
	Addresses []string
	PodCIDRs  []string
	Ready     bool
}

// Sight is what one cluster sees of another.
type Sight struct {
	From, To string
	State    ui.Sight
	// Agents and Mesh count the agents and the kvstoremesh pods that see it,
	// and all of them.
	Agents, Mesh Count
	Reasons      []string
}

// Count is so many of all.
type Count struct{ Ready, Of int }

// Service is a global service in all clusters.
type Service struct {
	Name string // "namespace/name"
	Rows []ServiceRow
}

// ServiceRow is a service in one cluster.
type ServiceRow struct {
	Context   string
	Present   bool
	Global    bool
	Shared    bool
	Affinity  string
	Endpoints string // "2", or "1/3" where one of three is ready
	// Answers says who answers clients there: "aks-1 50%, aks-2 50%".
	Answers string
	Health  Health
	Remarks []string
}

// Doctor is what the doctor found, in short.
type Doctor struct {
	Errors, Warnings, Infos, Unknown, Passed int
	// Causes are the worst findings that no other one explains, worst first.
	Causes []Finding
	// More counts the causes that are not in Causes.
	More int
}

// Finding is one of the doctor's.
type Finding struct {
	Code, Severity, Subject, Message, Remedy string
	Health                                   Health
}

// Flows are connections that Hubble saw.
type Flows struct {
	Seconds float64
	// Sources say for each cluster how the reading went.
	Sources []FlowSource
	Edges   []FlowEdge // the most important first
	Notes   []string
}

// FlowSource is the reading of one cluster.
type FlowSource struct {
	Context string
	Text    string
	Health  Health
}

// FlowEdge is who talked to whom.
type FlowEdge struct {
	From, To             FlowEnd
	Port                 string // "TCP 80"
	Connections, Dropped int
	Reason               string
}

// FlowEnd is a workload, or a service as those who ask see it.
type FlowEnd struct {
	Cluster, Namespace, Name string
	Service                  string // "namespace/name"; empty if it is none
}

// Health is how well something does. It is always shown as a symbol and as
// words too, never by colour alone.
type Health string

// Values of [Health]; they are also the names of classes in pictures.
const (
	Good    Health = "good"
	Warn    Health = "warn"
	Bad     Health = "bad"
	Unknown Health = "unknown"
	Off     Health = "off" // not there, and not expected to be
)

// Symbol is one character; all are in the fonts that every system has.
func (h Health) Symbol() string {
	switch h {
	case Good:
		return "✓"
	case Warn:
		return "~"
	case Bad:
		return "×"
	case Off:
		return "–"
	default:
		return "?"
	}
}

// Health is how good a sight is.
func (s *Sight) Health() Health {
	switch s.State {
	case ui.Connected:
		return Good
	case ui.Degraded:
		return Warn
	case ui.Down:
		return Bad
	case ui.NotConfigured:
		return Off
	default:
		return Unknown
	}
}

// Standing is a cluster's health, with the words for it.
func (m *Mesh) Standing(c *Cluster) (Health, string) {
	seen, all := 0, 0
	worst := Good
	for i := range m.Sights {
		s := &m.Sights[i]
		if s.From != c.Name {
			continue
		}
		all++
		switch h := s.Health(); h {
		case Good:
			seen++
		case Off:
			worst = worse(worst, Warn)
		default:
			worst = worse(worst, h)
		}
	}
	unready := 0
	for i := range c.Nodes {
		if !c.Nodes[i].Ready {
			unready++
		}
	}
	switch {
	case c.Unreachable:
		return Unknown, "cannot be reached"
	case all == 0:
		return Off, "has no other cluster"
	case c.ID == 0:
		return Off, "is in no mesh"
	case seen < all:
		return worst, "sees " + counted(seen, all)
	case unready > 0:
		return Warn, plural(unready, "node") + " not ready"
	default:
		return Good, "sees " + counted(seen, all)
	}
}

func worse(a, b Health) Health {
	order := map[Health]int{Good: 0, Off: 1, Warn: 2, Unknown: 3, Bad: 4}
	if cmp.Less(order[a], order[b]) {
		return b
	}
	return a
}

// members are the names of all clusters: those that were looked at, then those
// that only others know.
func (m *Mesh) members() []string {
	var names []string
	known := map[string]bool{}
	add := func(name string) {
		if !known[name] {
			known[name] = true
			names = append(names, name)
		}
	}
	for i := range m.Clusters {
		add(m.Clusters[i].Name)
	}
	for i := range m.Sights {
		add(m.Sights[i].To)
	}
	return names
}

// cluster is the one of a name; nil if it was not looked at.
func (m *Mesh) cluster(name string) *Cluster {
	for i := range m.Clusters {
		if m.Clusters[i].Name == name {
			return &m.Clusters[i]
		}
	}
	return nil
}

// way is a pair of names, from and to.
type way struct{ from, to string }

func (m *Mesh) sights() map[way]*Sight {
	all := make(map[way]*Sight, len(m.Sights))
	for i := range m.Sights {
		s := &m.Sights[i]
		all[way{s.From, s.To}] = s
	}
	return all
}
