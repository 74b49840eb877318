package picture

import (
	"fmt"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// made is a mesh of n clusters that see each other.
func made(n int) *Mesh {
	m := &Mesh{
		Taken: time.Date(2026, 11, 22, 16, 2, 6, 0, time.UTC), Ready: n > 1, Maker: "kubectl aksmesh test",
		Summary: "every agent of every cluster sees every other cluster",
		Doctor:  &Doctor{Passed: 70, Unknown: 4},
	}
	if n < 2 {
		m.Summary = "there is only one cluster"
	}
	for i := range n {
		name := fmt.Sprintf("aks-%d", i+1)
		m.Clusters = append(m.Clusters, Cluster{
			Name: name, Context: name, ID: i + 1, Cilium: "1.20.1", Kubernetes: "v1.37.1",
			PodCIDRs: []string{fmt.Sprintf("100.%d.0.0/16", 64+i)}, ServiceCIDRs: []string{"10.0.0.0/16"},
			MeshAddress: []string{fmt.Sprintf("10.240.%d.100", i+1)}, KubeProxy: "absent",
			Encapsulation: "vxlan", Encryption: "none",
			MTU:   MTU{Devices: []string{"eth0 1500"}, Configured: "automatic", Pods: []string{"1450"}},
			Nodes: nodes(i+1, 2),
		})
		for j := range n {
			if i != j {
				m.Sights = append(m.Sights, Sight{
					From: name, To: fmt.Sprintf("aks-%d", j+1), State: ui.Connected, Agents: Count{2, 2}, Mesh: Count{1, 1},
				})
			}
		}
	}
	return m
}

func nodes(cluster, n int) []Node {
	all := make([]Node, n)
	for i := range all {
		all[i] = Node{
			Name:      fmt.Sprintf("aks-nodepool1-%08d-vmss%06d", 57738148+cluster, i),
			Addresses: []string{fmt.Sprintf("10.240.%d.%d", cluster, 10+i)}, PodCIDRs: []string{fmt.Sprintf("100.%d.%d.0/24", 63+cluster, i)}, Ready: true,
		}
	}
	return all
}

// see changes what one cluster sees of another.
func (m *Mesh) see(from, to string, state ui.Sight, reasons ...string) {
	for i := range m.Sights {
		if s := &m.Sights[i]; s.From == from && s.To == to {
			s.State, s.Reasons = state, reasons
			switch state {
			case ui.Degraded:
				s.Agents.Ready = 1
			case ui.Down, ui.NotConfigured:
				s.Agents.Ready, s.Mesh.Ready = 0, 0
			case ui.Unknown:
				s.Agents, s.Mesh = Count{}, Count{}
			}
		}
	}
	m.Ready = false
	m.Summary = from + " does not see " + to
}

// broken is a mesh of n clusters, at least three, in which something of each
// kind is wrong, with services, findings and flows.
func broken(n int) *Mesh {
	m := made(n)
	m.see("aks-1", "aks-2", ui.Degraded, "cilium-abcde: 1 of 3 endpoints: dial tcp 10.240.2.100:2379: i/o timeout")
	m.see("aks-2", "aks-3", ui.NotConfigured)
	m.see("aks-3", "aks-1", ui.Down, "clustermesh-apiserver-d9dc77745-28hf5: x509: certificate signed by unknown authority", "cilium-x: not ready")
	m.Summary = "aks-1 does not see aks-2, aks-2 does not see aks-3, aks-3 does not see aks-1"
	m.Clusters[1].Nodes = nodes(2, 30)
	m.Clusters[1].Nodes[3].Ready = false
	m.Clusters[2].Problems = []string{"azure: 403 (forbidden)"}
	m.Sights = append(m.Sights, Sight{From: "aks-1", To: "stranger", State: ui.Unknown, Reasons: []string{"no agent could be asked"}})
	m.Services = services()
	m.Doctor = &Doctor{
		Errors: 2, Warnings: 1, Unknown: 9, Passed: 60, More: 3,
		Causes: []Finding{
			{"AKSM501", "error", "aks-3 → aks-1", "the certificate is not trusted", "kubectl aksmesh join --context aks-1,aks-3", Bad},
			{"AKSM607", "warning", "aks-1", "the MTU differs between nodes", "", Warn},
		},
	}
	m.Flows = flows()
	return m
}

func services() []Service {
	return []Service{
		{"shop/web", []ServiceRow{
			{Context: "aks-1", Present: true, Global: true, Shared: true, Affinity: "none", Endpoints: "1", Answers: "aks-1 50%, aks-2 50%", Health: Good},
			{Context: "aks-2", Present: true, Global: true, Shared: false, Affinity: "local", Endpoints: "1/3", Answers: "aks-2 100%", Health: Warn, Remarks: []string{"requests to aks-2 are denied by NetworkPolicy shop/closed"}},
			{Context: "aks-3", Health: Off, Answers: "nobody", Remarks: []string{"there is no Service web here, so clients have neither an address nor a name to ask"}},
		}},
		{"shop/very-long-name-of-a-service-that-somebody-made", []ServiceRow{
			{Context: "aks-1", Present: true, Global: true, Shared: true, Affinity: "none", Endpoints: "0", Answers: "nobody", Health: Bad},
			{Context: "aks-3", Present: true, Global: true, Shared: true, Affinity: "none", Endpoints: "2", Answers: "unknown", Health: Unknown},
		}},
	}
}

func flows() *Flows {
	front := FlowEnd{Cluster: "aks-1", Namespace: "shop", Name: "frontend"}
	batch := FlowEnd{Cluster: "aks-2", Namespace: "jobs", Name: "nightly-report-generator-of-the-finance-department"}
	web := FlowEnd{Cluster: "aks-2", Namespace: "shop", Name: "web", Service: "shop/web"}
	return &Flows{
		Seconds: 60.1,
		Sources: []FlowSource{
			{"aks-1", "1204 flows read", Good},
			{"aks-2", "88 flows read; Hubble lost 7 more", Warn},
			{"aks-3", "no flows: Hubble relay is not installed: kubectl aksmesh join --context aks-3,… --hubble-relay installs it", Bad},
		},
		Edges: []FlowEdge{
			{From: front, To: web, Port: "TCP 80", Connections: 1234},
			{From: front, To: FlowEnd{Cluster: "aks-3", Namespace: "shop", Name: "database"}, Port: "TCP 5432", Connections: 12, Dropped: 3, Reason: "policy denied"},
			{From: batch, To: front, Port: "TCP 8080", Connections: 4, Dropped: 4, Reason: "policy denied"},
			{From: front, To: FlowEnd{Cluster: "aks-1", Namespace: "kube-system", Name: "coredns"}, Port: "UDP 53", Connections: 40},
		},
		Notes: []string{"17 flows of nodes, health checks and the world outside left out"},
	}
}
