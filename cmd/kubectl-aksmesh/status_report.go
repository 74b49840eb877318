package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/hubble"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// statusReport is what status shows.
type statusReport struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Ready      bool            `json:"ready"` // every expected pair is
	Clusters   []clusterStatus `json:"clusters"`
	Pairs      []pairStatus    `json:"pairs"`
	// Flows are what Hubble saw; nil if nobody asked.
	Flows *hubble.Report `json:"flows,omitempty"`
}

type clusterStatus struct {
	Context     string   `json:"context"`
	Name        string   `json:"name,omitempty"`
	ID          int      `json:"id,omitempty"`
	Cilium      string   `json:"ciliumVersion,omitempty"`
	PodCIDRs    []string `json:"podCIDRs,omitempty"`
	KubeProxy   string   `json:"kubeProxy"` // absent, present or unknown
	MeshAddress []string `json:"meshAddress,omitempty"`
	Agents      int      `json:"agents"`
	Problems    []string `json:"problems,omitempty"`
}

// pairStatus is what one cluster sees of another.
type pairStatus struct {
	From  string `json:"from"` // cluster names
	To    string `json:"to"`
	Ready bool   `json:"ready"`
	// Agents and KVStoreMesh count those that are connected and synced, and all.
	Agents      seenBy   `json:"agents"`
	KVStoreMesh seenBy   `json:"kvstoremesh"`
	State       ui.Sight `json:"state"`
	Reasons     []string `json:"reasons,omitempty"`
}

type seenBy struct {
	Ready int `json:"ready"`
	Of    int `json:"of"`
}

func newStatusReport(s mesh.Snapshot) *statusReport {
	report := &statusReport{APIVersion: plan.APIVersion, Kind: "MeshStatus", Ready: true, Clusters: []clusterStatus{}, Pairs: []pairStatus{}}
	for i := range s.Clusters {
		report.Clusters = append(report.Clusters, newClusterStatus(&s.Clusters[i]))
	}
	// Those that are configured and could not be looked at are expected, too.
	strangers := join.Strangers(s.Clusters)
	slices.Sort(strangers)
	members := append(namesOf(report.Clusters), strangers...)
	dead := mesh.DeadSessions(s.Clusters)
	for i := range s.Clusters {
		for _, to := range members {
			if to == nameOf(&s.Clusters[i]) {
				continue
			}
			pair := newPairStatus(&s.Clusters[i], to)
			pair.heed(s.Clusters[i].Context, dead)
			report.Ready = report.Ready && pair.Ready
			report.Pairs = append(report.Pairs, pair)
		}
	}
	for _, from := range strangers {
		report.addStranger(from, members)
	}
	report.Ready = report.Ready && len(report.Pairs) > 0
	return report
}

// noContext is why nobody knows what a member sees.
const noContext = "no context reaches it"

// addStranger adds what a member that was not looked at should see.
func (r *statusReport) addStranger(from string, members []string) {
	r.Ready = false
	for _, to := range members {
		if to != from {
			r.Pairs = append(r.Pairs, pairStatus{From: from, To: to, State: ui.Unknown, Reasons: []string{noContext}})
		}
	}
}

// namesOf are the names of clusters, or their contexts where they have none.
func namesOf(clusters []clusterStatus) []string {
	var names []string
	for i := range clusters {
		names = append(names, cmp.Or(clusters[i].Name, clusters[i].Context))
	}
	return names
}

func nameOf(f *mesh.Facts) string {
	if f.Config != nil && f.Config.ClusterID != 0 {
		return f.Config.ClusterName
	}
	return f.Context
}

func newClusterStatus(f *mesh.Facts) clusterStatus {
	status := clusterStatus{Context: f.Context, KubeProxy: "unknown", Agents: len(f.Agents), Problems: problemsOf(f)}
	if f.Config != nil {
		status.Name, status.ID, status.PodCIDRs = nameOf(f), f.Config.ClusterID, f.Config.PodCIDRs
	}
	if f.Release != nil {
		status.Cilium = f.Release.ChartVersion
	}
	for i := range f.Agents {
		if f.Agents[i].Version != "" {
			status.Cilium = f.Agents[i].Version
		}
	}
	if f.KubeProxy != nil {
		status.KubeProxy = "absent"
		if f.KubeProxy.Present {
			status.KubeProxy = "present"
		}
	}
	if f.Service != nil {
		status.MeshAddress = f.Service.Addresses
	}
	return status
}

func newPairStatus(from *mesh.Facts, to string) pairStatus {
	pair := pairStatus{From: nameOf(from), To: to}
	reasons := map[string]bool{}
	pair.Agents = countSeen(from.Agents, to, reasons)
	pair.KVStoreMesh = countSeen(from.KVStore, to, reasons)
	pair.Reasons = sortedNames(reasons)
	configured := slices.ContainsFunc(from.Peers, func(p mesh.Peer) bool { return p.Name == to })
	all := pair.Agents.Ready + pair.KVStoreMesh.Ready
	of := pair.Agents.Of + pair.KVStoreMesh.Of
	switch {
	case pair.Agents.Of == 0 && from.Config != nil && configured:
		pair.State, pair.Reasons = ui.Unknown, append(pair.Reasons, "no agent could be asked")
	case pair.Agents.Of == 0 && from.Kubernetes == nil:
		pair.State, pair.Reasons = ui.Unknown, append(pair.Reasons, problemsOf(from)...)
	case !configured && all == 0:
		pair.State = ui.NotConfigured
	case all == of && pair.Agents.Of > 0:
		pair.State, pair.Ready = ui.Connected, true
	case pair.Agents.Ready > 0:
		pair.State = ui.Degraded
	default:
		pair.State = ui.Down
	}
	return pair
}

// heed takes connections that are dead, but that nobody has noticed, for what
// they are.
func (p *pairStatus) heed(context string, dead []mesh.DeadSession) {
	for i := range dead {
		if d := &dead[i]; d.Context == context && d.To == p.To && p.Ready {
			p.Ready, p.State, p.Reasons = false, ui.Degraded, append(p.Reasons, d.String())
			p.KVStoreMesh.Ready--
		}
	}
}

// countSeen counts who is connected to, and synced with, a cluster, and
// collects why others are not.
func countSeen(agents []mesh.Agent, to string, reasons map[string]bool) seenBy {
	seen := seenBy{Of: len(agents)}
	for i := range agents {
		agent := &agents[i]
		if agent.Sees(to) {
			seen.Ready++
			continue
		}
		if agent.Error != "" {
			reasons[agent.Pod+": "+agent.Error] = true
		}
		for j := range agent.Remotes {
			if agent.Remotes[j].Name == to && agent.Remotes[j].Status != "" {
				reasons[agent.Pod+": "+agent.Remotes[j].Status] = true
			}
		}
	}
	return seen
}

// reason says in a few words why the mesh is not ready.
func (r *statusReport) reason() string {
	if len(r.Pairs) == 0 {
		return "there is only one cluster"
	}
	var missing []string
	for i := range r.Pairs {
		p := &r.Pairs[i]
		switch {
		case p.Ready:
		case slices.Equal(p.Reasons, []string{noContext}):
			missing = append(missing, p.From+" was not looked at, because "+noContext)
		default:
			missing = append(missing, p.From+" does not see "+p.To)
		}
	}
	missing = slices.Compact(missing)
	const most = 4
	if len(missing) > most {
		missing = append(missing[:most], fmt.Sprintf("and %d more", len(missing)-most))
	}
	return strings.Join(missing, ", ")
}

// write draws the clusters and the matrix.
func (r *statusReport) write(w io.Writer, style ui.Style, width int) error {
	table := ui.Table{Header: []string{"CONTEXT", "NAME", "ID", "CILIUM", "PODS", "KUBE-PROXY", "MESH ADDRESS", "AGENTS"}}
	for i := range r.Clusters {
		c := &r.Clusters[i]
		id := ""
		if c.ID != 0 {
			id = fmt.Sprint(c.ID)
		}
		table.Rows = append(table.Rows, ui.Cells(c.Context, dash(c.Name), dash(id), dash(c.Cilium), dash(strings.Join(c.PodCIDRs, ",")),
			c.KubeProxy, dash(strings.Join(c.MeshAddress, ",")), fmt.Sprint(c.Agents)))
	}
	if err := table.Write(w, style); err != nil {
		return err
	}
	for i := range r.Clusters {
		for _, problem := range r.Clusters[i].Problems {
			fmt.Fprintf(w, "%s: %s\n", clean(r.Clusters[i].Context), clean(problem))
		}
	}
	if len(r.Pairs) == 0 {
		return writeFlows(w, style, r.Flows)
	}
	fmt.Fprintf(w, "\nwho sees whom (row sees column; every agent and %s):\n", cilium.KVStoreContainer)
	if err := r.matrix().Write(w, style, width); err != nil {
		return err
	}
	return writeFlows(w, style, r.Flows)
}

func (r *statusReport) matrix() *ui.Matrix {
	m := &ui.Matrix{}
	at := map[string]int{}
	add := func(name string) {
		if _, ok := at[name]; !ok {
			at[name] = len(m.Names)
			m.Names = append(m.Names, name)
		}
	}
	for i := range r.Clusters {
		add(cmp.Or(r.Clusters[i].Name, r.Clusters[i].Context))
	}
	for i := range r.Pairs {
		add(r.Pairs[i].To)
	}
	m.Cell = make([][]ui.MatrixCell, len(m.Names))
	for i := range m.Cell {
		m.Cell[i] = make([]ui.MatrixCell, len(m.Names))
		for j := range m.Cell[i] {
			if i != j {
				m.Cell[i][j].State = ui.Unknown // of a member that was not looked at
			}
		}
	}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		m.Cell[at[p.From]][at[p.To]] = ui.MatrixCell{State: p.State, Text: strings.Join(p.Reasons, "; ")}
	}
	return m
}

func dash(text string) string { return cmp.Or(text, "-") }
