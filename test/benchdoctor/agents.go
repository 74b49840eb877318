package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// mostHealth is how many agents of a cluster doctor asks for their health.
const mostHealth = 128

// addAgents adds what every agent says of every other cluster, and what those
// that are asked for it measured towards all clusters, as doctor's collection
// leaves it: equal views are shared. Agents that are apart have each counted
// something else and say it in other words.
func addAgents(f *mesh.Facts, n size, c int, ill, apart bool) {
	remotes, paths := views(n, c, ill)
	f.AgentTier = &mesh.AgentTier{}
	for i := range n.nodes {
		own := remotes
		if apart {
			own = slices.Clone(remotes)
			for j := range own {
				own[j].Failures, own[j].LastFail = i%3, taken.Add(-time.Duration(i)*time.Second)
				own[j].Endpoints += i
				own[j].Status = fmt.Sprintf("%s, %d endpoints", own[j].Status, own[j].Endpoints)
			}
		}
		pod := fmt.Sprintf("cilium-%03d-%04d", c, i)
		f.Agents = append(f.Agents, mesh.Agent{Pod: pod, Node: nodeName(c, i), Version: "1.20.1", Remotes: own})
		if i < mostHealth {
			f.AgentTier.Health = append(f.AgentTier.Health, mesh.NodeHealth{
				Pod: pod, Node: nodeName(c, i), Probed: taken.Add(-time.Minute), Paths: paths,
				MTU: &mesh.NodeMTU{Devices: []mesh.DeviceMTU{{Name: "eth0", MTU: 1500}}, Device: 1500, Route: 1450},
			})
		}
	}
	if apart {
		mesh.ShareViews(f.Agents) // as collection does
	}
	kvstore := slices.Clone(remotes)
	for i := range kvstore {
		kvstore[i].EtcdID = "etcd-" + kvstore[i].Name
	}
	f.KVStore = []mesh.Agent{{Pod: "clustermesh-apiserver-" + f.Context, Node: nodeName(c, 0), Remotes: kvstore}}
}

// views are what one agent says and measures. In an ill mesh it is connected
// to nobody, and what goes through the tunnel is lost.
func views(n size, c int, ill bool) (remotes []mesh.Remote, paths []mesh.Paths) {
	well := mesh.Path{ICMP: mesh.Reached, TCP: mesh.Reached}
	for other := range n.clusters {
		p := mesh.Paths{Cluster: name(other), Nodes: n.nodes, Host: well, Endpoint: well}
		r := mesh.Remote{
			Name: name(other), Connected: !ill, Ready: !ill, Synced: true, ID: other + 1, Nodes: n.nodes, Endpoints: 30 * n.nodes,
			Services: n.services, Status: "ready", EtcdID: "etcd-" + name(c),
		}
		if other != c {
			if ill {
				p.Endpoint = mesh.Path{ICMP: mesh.Lost, TCP: mesh.Lost}
				p.Examples = []mesh.Example{{Node: nodeName(other, 0), Host: nodeAddress(other, 4), Endpoint: "10.100.0.9", Text: "context deadline exceeded"}}
				r.Status = "not-ready: dial timeout"
			}
			remotes = append(remotes, r)
		}
		paths = append(paths, p)
	}
	return remotes, paths
}
