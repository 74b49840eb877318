package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// writeCIDRs shows whose ranges are where, and what clashes.
func writeCIDRs(w io.Writer, style ui.Style, s *mesh.Snapshot, r *diagnose.Report) error {
	table := ui.Table{Header: []string{"CLUSTER", "PODS", "NODES' PODS", "SERVICES", "NODES", "VNETS"}}
	for i := range s.Clusters {
		f := &s.Clusters[i]
		var pods, services, vnets []string
		if f.Config != nil {
			pods = f.Config.PodCIDRs
		}
		if f.Kubernetes != nil {
			services = f.Kubernetes.ServiceCIDRs
		}
		if f.Azure != nil {
			for j := range f.Azure.Subnets {
				for _, space := range f.Azure.Subnets[j].VNetSpace {
					if !slices.Contains(vnets, space) {
						vnets = append(vnets, space)
					}
				}
			}
		}
		table.Rows = append(table.Rows, ui.Cells(f.Context, some(pods), some(nodesPods(f)), some(services), some(nodeAddresses(f)), some(vnets)))
	}
	if err := table.Write(w, style); err != nil {
		return err
	}
	fmt.Fprintln(w)
	clashes := 0
	for _, f := range r.Findings {
		if f.Status == diagnose.Fail && f.Code.Family() == diagnose.Addressing {
			clashes++
			writeFinding(w, style, string(f.Severity), toneOf(f.Severity), &f)
		}
	}
	if clashes == 0 {
		fmt.Fprintln(w, "no range clashes with another")
	}
	return nil
}

// some shows a few of a list.
func some(list []string) string {
	const most = 3
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ","), len(list)-most)
	}
	return dash(strings.Join(list, ","))
}

func nodesPods(f *mesh.Facts) []string {
	var all []string
	for i := range f.Nodes {
		all = append(all, f.Nodes[i].PodCIDRs...)
	}
	return all
}

func nodeAddresses(f *mesh.Facts) []string {
	var all []string
	for i := range f.Nodes {
		all = append(all, f.Nodes[i].InternalIPs...)
	}
	return all
}

// writeMTUs shows, for each cluster, how large packets may be: what the nodes'
// devices carry, what is configured, and what Cilium makes of the two.
func writeMTUs(w io.Writer, style ui.Style, s *mesh.Snapshot) error {
	table := ui.Table{Header: []string{"CLUSTER", "DEVICES", "CONFIGURED", "PODS TO OTHER NODES", "ENCAPSULATION", "ENCRYPTION"}}
	for i := range s.Clusters {
		f := &s.Clusters[i]
		devices, routes := map[string]bool{}, map[string]bool{}
		if f.AgentTier != nil {
			for j := range f.AgentTier.Health {
				m := f.AgentTier.Health[j].MTU
				if m == nil {
					continue
				}
				for _, d := range m.Devices {
					devices[fmt.Sprintf("%s %d", d.Name, d.MTU)] = true
				}
				routes[fmt.Sprint(m.Route)] = true
			}
		}
		configured, encapsulation, encryption := "automatic", "-", "-"
		if f.Config != nil {
			if f.Config.MTU != 0 {
				configured = fmt.Sprint(f.Config.MTU)
			}
			encapsulation, encryption = dash(f.Config.TunnelProtocol), dash(f.Config.Encryption)
		}
		table.Rows = append(table.Rows, ui.Cells(f.Context, some(sortedNames(devices)), configured, some(sortedNames(routes)), encapsulation, encryption))
	}
	if err := table.Write(w, style); err != nil {
		return err
	}
	if s.Probes == nil {
		_, err := fmt.Fprintln(w, "\nwhat passes between clusters was not measured: --probe does")
		return err
	}
	fmt.Fprintln(w)
	return writeMeasuredMTUs(w, style, s.Probes)
}

// writeMeasuredMTUs shows, for each way, the largest packets that passed.
func writeMeasuredMTUs(w io.Writer, style ui.Style, p *mesh.Probes) error {
	type pair struct{ from, to string }
	kinds := []mesh.WayKind{mesh.NodeWay, mesh.TunnelWay, mesh.PodWay}
	cells := map[pair]map[mesh.WayKind]ui.Cell{}
	var order []pair
	for i := range p.Ways {
		way := &p.Ways[i]
		at := pair{way.From, way.To}
		if cells[at] == nil {
			cells[at] = map[mesh.WayKind]ui.Cell{}
			order = append(order, at)
		}
		cells[at][way.Kind] = measuredCell(way)
	}
	table := ui.Table{Header: []string{"FROM", "TO", "NODE TO NODE", "TUNNEL'S PORT", "POD TO POD"}}
	for _, at := range order {
		row := ui.Cells(at.from, at.to)
		for _, kind := range kinds {
			row = append(row, cells[at][kind])
		}
		table.Rows = append(table.Rows, row)
	}
	if err := table.Write(w, style); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "bytes of the largest IP packet with don't-fragment that arrived, of the largest that left")
	return err
}

func measuredCell(way *mesh.ProbeWay) ui.Cell {
	switch {
	case way.Error != "":
		return ui.Cell{Text: "?", Tone: ui.Warn}
	case way.Came == 0:
		return ui.Cell{Text: fmt.Sprintf("none of %d", way.Sent), Tone: ui.Bad}
	case way.Came < way.Sent:
		return ui.Cell{Text: fmt.Sprintf("%d of %d", way.Came, way.Sent), Tone: ui.Warn}
	}
	return ui.Cell{Text: fmt.Sprint(way.Came), Tone: ui.Good}
}
