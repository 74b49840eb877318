package diagnose

import (
	"fmt"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// BenchmarkAgentTier judges what 128 agents of each of 100 clusters measured
// towards all clusters, which is as much as is collected of any mesh.
func BenchmarkAgentTier(b *testing.B) {
	s := measured(100, 128)
	b.ReportAllocs()
	for b.Loop() {
		Judge(s, Options{})
	}
}

// measured is a healthy mesh in which agents measured.
func measured(clusters, agents int) mesh.Snapshot {
	s := large(clusters, 1)
	for c := range s.Clusters {
		tier := &mesh.AgentTier{}
		for a := range agents {
			h := mesh.NodeHealth{Pod: fmt.Sprint("cilium-", a), Node: fmt.Sprint("vm-", a), MTU: &mesh.NodeMTU{Device: 1500, Route: 1450}}
			for to := range clusters {
				well := mesh.Path{ICMP: mesh.Reached, TCP: mesh.Reached}
				h.Paths = append(h.Paths, mesh.Paths{Cluster: s.Clusters[to].Config.ClusterName, Nodes: 1000, Host: well, Endpoint: well})
			}
			tier.Health = append(tier.Health, h)
		}
		s.Clusters[c].AgentTier = tier
	}
	return s
}

// TestMeasured: agents that measured everything well find nothing, and one
// broken way among all of them is found once.
func TestMeasured(t *testing.T) {
	s := measured(6, 10)
	if r := Judge(s, Options{}); r.Counts.Fail > 0 {
		t.Errorf("%+v", r.Errors())
	}
	s.Clusters[2].AgentTier.Health[7].Paths[4].Endpoint = mesh.Path{ICMP: mesh.Lost, TCP: mesh.Lost}
	if r := Judge(s, Options{}); r.Counts.Fail != 1 || r.Causes()[0].Code != CodeEncapsulation || r.Causes()[0].Subject.Names[1] != "aks-4" {
		t.Errorf("%+v", r.Causes())
	}
}
