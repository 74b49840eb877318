package agent

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// HealthCommand asks the agent, in container cilium-agent, what [ParseHealth]
// reads: the results of its latest round of measurements. Its hidden flag
// --probe gives the same: since Cilium 1.14 or earlier both answer from the
// cache (pkg/health/server, FetchStatusResponse), so what may have changed
// since then is measured with [ReachCommand].
func HealthCommand() []string { return []string{"cilium-health", "status", "-o", "json"} }

// Health is an agent's view of the ways to all nodes that it knows, of its
// own cluster and of others.
type Health struct {
	Probed time.Time // start of the latest round
	Nodes  []NodePaths
}

// NodePaths is what an agent measured towards one node.
type NodePaths struct {
	Cluster, Node string
	Host          PathResult
	Endpoint      PathResult
	fresh         bool // something was lost just now
}

// PathResult is one way with its address, which is not valid if there is none.
type PathResult struct {
	Address netip.Addr
	Path    mesh.Path
	Text    string // of the first loss, in the agent's words
	echo    string // of ICMP's loss, with its time, as it may be minutes old
}

// Shapes of the JSON, after api/v1/health/models of Cilium 1.20.
type (
	healthStatus struct {
		Local *struct {
			Name string `json:"name"`
		} `json:"local"`
		Nodes     []*nodeStatus `json:"nodes"`
		Timestamp string        `json:"timestamp"`
	}
	nodeStatus struct {
		Name     string     `json:"name"` // "cluster/node"; without a slash in cluster "default"
		Host     *pathGroup `json:"host"`
		Endpoint *pathGroup `json:"health-endpoint"`
	}
	pathGroup struct {
		Primary *pathStatus `json:"primary-address"`
	}
	pathStatus struct {
		IP   string   `json:"ip"`
		HTTP *outcome `json:"http"`
		ICMP *outcome `json:"icmp"`
	}
	outcome struct {
		Probed string `json:"lastProbed"`
		Status string `json:"status"` // empty if all is well
	}
)

// defaultCluster is the name of a cluster that has none.
const defaultCluster = "default"

// ParseHealth reads an agent's answer to [HealthCommand], without the agent's
// own node. The nodes are in the order of their clusters and names.
func ParseHealth(data []byte) (Health, error) {
	var s healthStatus
	if err := json.Unmarshal(data, &s); err != nil {
		return Health{}, fmt.Errorf("agent's health is not the JSON expected: %w", err)
	}
	if s.Local == nil && s.Timestamp == "" {
		return Health{}, errors.New(`agent's health has neither "local" nor "timestamp"`)
	}
	h := Health{}
	if t, err := time.Parse(time.RFC3339, s.Timestamp); err == nil && t.Year() > 1 {
		h.Probed = t.UTC()
	}
	for _, n := range s.Nodes {
		if n == nil || s.Local != nil && n.Name == s.Local.Name {
			continue
		}
		h.Nodes = append(h.Nodes, n.paths())
	}
	slices.SortFunc(h.Nodes, func(a, b NodePaths) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Node, b.Node))
	})
	return h, nil
}

func (n *nodeStatus) paths() NodePaths {
	cluster, name, ok := strings.Cut(n.Name, "/")
	if !ok {
		cluster, name = defaultCluster, n.Name
	}
	return NodePaths{Cluster: cluster, Node: name, Host: n.Host.result(), Endpoint: n.Endpoint.result()}
}

func (g *pathGroup) result() PathResult {
	if g == nil || g.Primary == nil {
		return PathResult{}
	}
	address, _ := netip.ParseAddr(g.Primary.IP) // an unreadable one is not measured anew
	r := PathResult{Address: address, Path: mesh.Path{ICMP: g.Primary.ICMP.outcome(), TCP: g.Primary.HTTP.outcome()}}
	if r.Path.ICMP == mesh.Lost {
		r.echo = fmt.Sprintf("ICMP: %s, measured at %s", oneLine(g.Primary.ICMP.Status), oneLine(g.Primary.ICMP.Probed))
		r.Text = r.echo
	}
	if r.Path.TCP == mesh.Lost {
		r.Text = oneLine(g.Primary.HTTP.Status)
	}
	return r
}

// outcome is empty before the first measurement.
func (o *outcome) outcome() mesh.Outcome {
	switch {
	case o == nil || o.Probed == "" && o.Status == "":
		return ""
	case o.Status == "":
		return mesh.Reached
	default:
		return mesh.Lost
	}
}

// oneLine bounds text that comes from a pod.
func oneLine(text string) string {
	const limit = 200 // bytes
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
