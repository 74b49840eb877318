package main

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/aksmesh/kubectl-aksmesh/internal/hubble"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// namesByContext are the clusters' names in the mesh.
func namesByContext(s mesh.Snapshot) map[string]string {
	names := make(map[string]string, len(s.Clusters))
	for i := range s.Clusters {
		names[s.Clusters[i].Context] = nameOf(&s.Clusters[i])
	}
	return names
}

// servicesByAddress names the global service that an endpoint belongs to. Pods
// talk to endpoints: the ClusterIP is translated before a packet leaves the
// client.
func servicesByAddress(s mesh.Snapshot) func(netip.AddrPort) string {
	names := map[netip.AddrPort]string{}
	for i := range s.Clusters {
		services := s.Clusters[i].Services
		if services == nil {
			continue
		}
		for j := range services.Items {
			if service := &services.Items[j]; service.Global() {
				addEndpoints(names, service)
			}
		}
	}
	return func(a netip.AddrPort) string { return names[a] }
}

func addEndpoints(names map[netip.AddrPort]string, service *mesh.GlobalService) {
	for i := range service.Endpoints {
		address, err := netip.ParseAddr(service.Endpoints[i].Address)
		if err != nil {
			continue // it can be no endpoint of a packet
		}
		for _, port := range service.Endpoints[i].Ports {
			names[netip.AddrPortFrom(address, uint16(port.Port))] = service.Key() //nolint:gosec // a port
		}
	}
}

// writeFlows shows who talked to whom below the matrix.
func writeFlows(w io.Writer, style ui.Style, r *hubble.Report) error {
	if r == nil {
		return nil
	}
	fmt.Fprintf(w, "\nflows of pods in %.0f s:\n", r.Seconds)
	if len(r.Edges) == 0 {
		fmt.Fprintln(w, "none was seen")
	} else {
		table := ui.Table{Header: []string{"FROM", "TO", "SERVICE", "PORT", "CONNECTIONS", "DROPPED"}}
		for i := range r.Edges {
			e := &r.Edges[i]
			row := ui.Cells(placeOf(e.From), placeOf(e.To), dash(e.Service), edgePort(e), fmt.Sprint(e.Connections), droppedOf(e))
			if e.Dropped > 0 {
				row[len(row)-1].Tone = ui.Bad
			}
			table.Rows = append(table.Rows, row)
		}
		if err := table.Write(w, style); err != nil {
			return err
		}
	}
	for i := range r.Sources {
		source := &r.Sources[i]
		fmt.Fprintln(w, style.Paint(ui.Dim, clean(source.Context+": "+sourceText(source))))
	}
	for _, note := range flowNotes(r) {
		fmt.Fprintln(w, style.Paint(ui.Dim, note))
	}
	return nil
}

func placeOf(w hubble.Workload) string {
	return dash(w.Cluster) + "/" + w.Namespace + "/" + dash(w.Name)
}

func edgePort(e *hubble.Edge) string {
	if e.Port == 0 {
		return e.Protocol
	}
	return fmt.Sprintf("%s %d", e.Protocol, e.Port)
}

func droppedOf(e *hubble.Edge) string {
	if e.Dropped > 0 && e.Reason != "" {
		return fmt.Sprintf("%d (%s)", e.Dropped, e.Reason)
	}
	return fmt.Sprint(e.Dropped)
}

// sourceText says how the reading of one cluster's flows went.
func sourceText(s *hubble.Source) string {
	text := count(s.Flows, "flow") + " read"
	if s.Through != "" {
		text += " through the relay of " + s.Through
	}
	switch {
	case s.Error != "" && s.Flows > 0:
		text += ", then: " + s.Error
	case s.Error != "":
		text = "no flows: " + s.Error
	}
	if s.Lost > 0 {
		text += fmt.Sprintf("; Hubble lost %d more", s.Lost)
	}
	if len(s.Unread) > 0 {
		text += "; relay cannot read from " + some(s.Unread)
	}
	return text
}

func flowNotes(r *hubble.Report) []string {
	var notes []string
	if r.Aside > 0 {
		notes = append(notes, count(r.Aside, "flow")+" of nodes, health checks and the world outside left out")
	}
	if r.Incomplete {
		notes = append(notes, "there were more connections than are counted: listen for a shorter time")
	}
	return notes
}
