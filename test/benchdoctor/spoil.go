package main

import "github.com/aksmesh/kubectl-aksmesh/internal/mesh"

// spoil has the cluster's security groups deny the tunnel, and gives its
// services ports of their own. With agents that are ill, each pair of clusters
// then has several findings.
func spoil(f *mesh.Facts) {
	for i := range f.Azure.Network.NSGs {
		g := &f.Azure.Network.NSGs[i]
		g.Rules = append(g.Rules, mesh.SecurityRule{
			Name: "no-tunnel", Priority: 100, Direction: "Inbound", Access: "Deny", Protocol: "Udp", Sources: []string{"*"}, Destinations: []string{"*"},
			SourcePorts: []string{"*"}, DestinationPorts: []string{"8472"},
		})
	}
	for i := range f.Services.Items {
		f.Services.Items[i].Ports[0].Name = f.Context
	}
}

// walk looks once at every fact there are many of, and counts what is not as
// it is in a healthy mesh: what judging cannot take less than.
func walk(s mesh.Snapshot) int {
	odd := 0
	count := func(is bool) {
		if is {
			odd++
		}
	}
	for i := range s.Clusters {
		f := &s.Clusters[i]
		for j := range f.Nodes {
			count(!f.Nodes[j].Ready)
		}
		for j := range f.Agents {
			for k := range f.Agents[j].Remotes {
				r := &f.Agents[j].Remotes[k]
				count(!r.Connected || !r.Ready || !r.Synced || r.Name == "")
			}
		}
		for j := range f.AgentTier.Health {
			for k := range f.AgentTier.Health[j].Paths {
				p := &f.AgentTier.Health[j].Paths[k]
				count(p.Host.TCP != mesh.Reached || p.Endpoint.TCP != mesh.Reached)
			}
		}
		for j := range f.Services.Items {
			g := &f.Services.Items[j]
			count(!g.Global() || g.Count(mesh.Ready) != len(g.Endpoints))
		}
	}
	return odd
}
