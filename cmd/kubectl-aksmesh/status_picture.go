package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/hubble"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/picture"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
	"github.com/aksmesh/kubectl-aksmesh/internal/version"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// Pictures, as values of --output.
const (
	outputHTML    = "html"
	outputSVG     = "svg"
	outputMermaid = "mermaid"
	outputDot     = "dot"
)

func pictureOutputs() []string { return []string{outputHTML, outputSVG, outputMermaid, outputDot} }

func draw(w io.Writer, format string, m *picture.Mesh) error {
	switch format {
	case outputHTML:
		return picture.HTML(w, m)
	case outputSVG:
		return picture.SVG(w, m)
	case outputMermaid:
		return picture.Mermaid(w, m)
	default:
		return picture.Dot(w, m)
	}
}

// pictureOf puts a look into a picture: what status says of clusters, what
// services says of services, what the doctor finds, and the flows.
func pictureOf(seen *statusSeen) *picture.Mesh {
	m := &picture.Mesh{Taken: seen.snapshot.Taken, Ready: seen.Ready, Maker: "kubectl aksmesh " + version.Get().Version}
	m.Summary = "every agent of every cluster sees every other cluster"
	if !seen.Ready {
		m.Summary = seen.reason()
	}
	for i := range seen.snapshot.Clusters {
		m.Clusters = append(m.Clusters, drawnCluster(&seen.snapshot.Clusters[i], &seen.Clusters[i]))
	}
	for i := range seen.Pairs {
		p := &seen.Pairs[i]
		m.Sights = append(m.Sights, picture.Sight{
			From: p.From, To: p.To, State: p.State, Reasons: p.Reasons,
			Agents: picture.Count(p.Agents), Mesh: picture.Count(p.KVStoreMesh),
		})
	}
	m.Services = drawnServices(globalsvc.Rows(seen.snapshot, probe.Labels()))
	m.ServicesUnread = servicesUnread(seen.snapshot)
	judged := diagnose.Judge(seen.snapshot, diagnose.Options{Phase: diagnose.Running})
	m.Doctor = drawnFindings(&judged)
	m.Flows = drawnFlows(seen.Flows)
	return m
}

func drawnCluster(f *mesh.Facts, status *clusterStatus) picture.Cluster {
	c := picture.Cluster{
		Name: nameOf(f), Context: f.Context, ID: status.ID, Cilium: status.Cilium, PodCIDRs: status.PodCIDRs,
		MeshAddress: status.MeshAddress, KubeProxy: status.KubeProxy, Problems: status.Problems,
		Unreachable: f.Kubernetes == nil, MTU: drawnMTU(f),
	}
	if f.Kubernetes != nil {
		c.Kubernetes, c.ServiceCIDRs = f.Kubernetes.Version, f.Kubernetes.ServiceCIDRs
	}
	if f.Config != nil {
		c.Encapsulation, c.Encryption = f.Config.TunnelProtocol, f.Config.Encryption
		if f.Config.RoutingMode == "native" {
			c.Encapsulation = "none (native routing)"
		}
	}
	for i := range f.Nodes {
		n := &f.Nodes[i]
		c.Nodes = append(c.Nodes, picture.Node{Name: n.Name, Addresses: n.InternalIPs, PodCIDRs: n.PodCIDRs, Ready: n.Ready})
	}
	return c
}

func drawnMTU(f *mesh.Facts) picture.MTU {
	var mtu picture.MTU
	if f.Config != nil {
		mtu.Configured = "automatic"
		if f.Config.MTU != 0 {
			mtu.Configured = fmt.Sprint(f.Config.MTU)
		}
	}
	devices, pods := nodesMTUs(f)
	mtu.Devices, mtu.Pods = sortedNames(devices), sortedNames(pods)
	return mtu
}

// nodesMTUs are the sizes that the nodes' devices carry, as "eth0 1500", and
// those that pods may send to other nodes.
func nodesMTUs(f *mesh.Facts) (devices, pods map[string]bool) {
	devices, pods = map[string]bool{}, map[string]bool{}
	if f.AgentTier == nil {
		return devices, pods
	}
	for i := range f.AgentTier.Health {
		m := f.AgentTier.Health[i].MTU
		if m == nil {
			continue
		}
		for _, d := range m.Devices {
			devices[fmt.Sprintf("%s %d", d.Name, d.MTU)] = true
		}
		pods[fmt.Sprint(m.Route)] = true
	}
	return devices, pods
}

// drawnServices groups the rows, which are sorted, by service.
func drawnServices(rows []globalsvc.Row) []picture.Service {
	var all []picture.Service
	for i := range rows {
		row := &rows[i]
		name := row.Namespace + "/" + row.Name
		if len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, picture.Service{Name: name})
		}
		last := &all[len(all)-1]
		last.Rows = append(last.Rows, picture.ServiceRow{
			Context: row.Context, Present: row.Present, Global: row.Global, Shared: row.Shared, Affinity: row.Affinity,
			Endpoints: endpointsText(row), Answers: row.Rules.Text(), Health: rowHealth(row), Remarks: remarks(row),
		})
	}
	return all
}

func rowHealth(row *globalsvc.Row) picture.Health {
	switch {
	case row.Rules.Unknown != "":
		return picture.Unknown
	case !row.Present:
		return picture.Off
	case row.Rules.Nobody != "":
		return picture.Bad
	case len(row.Tables) > 0 && !row.Agree:
		return picture.Warn
	}
	for i := range row.Rules.Shares {
		if row.Rules.Shares[i].Verdict != globalsvc.Allowed {
			return picture.Warn
		}
	}
	return picture.Good
}

// servicesUnread says that no cluster's services were read, if so.
func servicesUnread(s mesh.Snapshot) string {
	for i := range s.Clusters {
		if s.Clusters[i].Services != nil {
			return ""
		}
	}
	return "Services of no cluster could be read."
}

// mostCauses is how many findings a picture names; doctor names all.
const mostCauses = 8

func drawnFindings(r *diagnose.Report) *picture.Doctor {
	d := &picture.Doctor{
		Errors: r.Counts.Errors, Warnings: r.Counts.Warnings, Infos: r.Counts.Infos,
		Unknown: r.Counts.Unknown, Passed: r.Counts.Pass,
	}
	causes := r.Causes()
	for i := range causes[:min(len(causes), mostCauses)] {
		f := &causes[i]
		health := map[diagnose.Severity]picture.Health{diagnose.Error: picture.Bad, diagnose.Warning: picture.Warn, diagnose.Info: picture.Off}[f.Severity]
		d.Causes = append(d.Causes, picture.Finding{
			Code: string(f.Code), Severity: string(f.Severity), Subject: strings.Join(f.Subject.Names, " → "),
			Message: f.Message, Remedy: f.Remedy, Health: health,
		})
	}
	d.More = len(causes) - len(d.Causes)
	return d
}

func drawnFlows(r *hubble.Report) *picture.Flows {
	if r == nil {
		return nil
	}
	f := &picture.Flows{Seconds: r.Seconds, Notes: flowNotes(r)}
	for i := range r.Sources {
		s := &r.Sources[i]
		health := picture.Good
		switch {
		case s.Error != "":
			health = picture.Bad
		case s.Lost > 0 || len(s.Unread) > 0:
			health = picture.Warn
		}
		f.Sources = append(f.Sources, picture.FlowSource{Context: s.Context, Text: sourceText(s), Health: health})
	}
	for i := range r.Edges {
		e := &r.Edges[i]
		f.Edges = append(f.Edges, picture.FlowEdge{
			From: drawnEnd(e.From, ""), To: drawnEnd(e.To, e.Service),
			Port: edgePort(e), Connections: e.Connections, Dropped: e.Dropped, Reason: e.Reason,
		})
	}
	return f
}

func drawnEnd(w hubble.Workload, service string) picture.FlowEnd {
	return picture.FlowEnd{Cluster: w.Cluster, Namespace: w.Namespace, Name: w.Name, Service: service}
}
