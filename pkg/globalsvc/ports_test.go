package globalsvc

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// names is a DNS server in two clusters, on one port with two protocols, whose
// second cluster answers over UDP alone.
func names() mesh.Snapshot {
	s := world(side{global: "true", ready: 1}, side{global: "true", ready: 1})
	for i := range s.Clusters {
		g := &s.Clusters[i].Services.Items[0]
		g.Ports = []mesh.ServicePort{{Name: "dns", Protocol: "UDP", Port: 53}, {Name: "dns-tcp", Protocol: "TCP", Port: 53}}
		g.Endpoints[0].Ports = []mesh.EndpointPort{{Name: "dns", Protocol: "UDP", Port: 53}, {Name: "dns-tcp", Protocol: "TCP", Port: 53}}
	}
	second := &s.Clusters[1].Services.Items[0].Endpoints[0]
	second.Ports = second.Ports[:1]
	return s
}

func TestPredictPorts(t *testing.T) {
	for name, test := range map[string]struct {
		query Query
		want  string
	}{
		"first":            {Query{}, "c1:1 c2:1"},
		"first of TCP":     {Query{Protocol: "TCP"}, "c1:1"},
		"by number":        {Query{Port: 53}, "c1:1 c2:1"},
		"by both":          {Query{Port: 53, Protocol: "TCP"}, "c1:1"},
		"unknown number":   {Query{Port: 54}, "the Service has no port 54 here"},
		"unknown protocol": {Query{Port: 53, Protocol: "SCTP"}, "the Service has no port 53/SCTP here"},
	} {
		test.query.Namespace, test.query.Name = "ns", "web"
		if got := text(Predict(names(), "c1", test.query)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// first is the row of the first cluster.
func first(s mesh.Snapshot) Row { return Rows(s, nil)[0] }

// frontends are what an agent in c1 has for the ports of names.
func frontends(tcp ...string) []mesh.Frontend {
	all := []mesh.Frontend{
		{Service: "ns/web", Address: "10.0.0.1", Port: 53, Protocol: "UDP", Done: true, Backends: backends("100.64.0.1", "100.65.0.1")},
		{Service: "ns/web", Address: "10.0.0.1", Port: 53, Protocol: "TCP", Done: true, Backends: backends(tcp...)},
	}
	return all
}

// backends are active ones of c1 (100.64.…) and c2 (100.65.…).
func backends(addresses ...string) []mesh.Backend {
	var all []mesh.Backend
	for _, address := range addresses {
		b := mesh.Backend{Address: address, Port: 8080, State: mesh.BackendActive}
		if strings.HasPrefix(address, "100.65.") {
			b.ClusterID = 2
		}
		all = append(all, b)
	}
	return all
}

// Every port of a service counts for its row.
func TestRowPorts(t *testing.T) {
	note := []string{"port dns-tcp 53/TCP is answered otherwise: c1 100%"}
	for name, test := range map[string]struct {
		tcp     []string // what the agent has on the second port
		differs []string
	}{
		"as the rules say": {[]string{"100.64.0.1"}, nil},
		"another":          {[]string{"100.64.0.1", "100.65.0.1"}, []string{"port dns-tcp 53/TCP: the agent on vm still has 100.65.0.1 of c2, which should not answer"}},
	} {
		s := names()
		s.Clusters[0].Services.Tables = []mesh.Table{{Pod: "cilium-1", Node: "vm", Frontends: frontends(test.tcp...)}}
		row := first(s)
		if diff := cmp.Diff(note, row.Rules.Notes) + cmp.Diff(test.differs, row.Tables[0].Differs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if row.Agree != (test.differs == nil) {
			t.Errorf("%s: agree is %t", name, row.Agree)
		}
	}
}

// A service's second port that nobody answers is told with the reason.
func TestRowPortOfNobody(t *testing.T) {
	s := names()
	only := &s.Clusters[0].Services.Items[0].Endpoints[0]
	only.Ports = only.Ports[:1]
	row := first(s)
	if diff := cmp.Diff([]string{"port dns-tcp 53/TCP is answered by nobody: " + noEndpoint}, row.Rules.Notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// bound is a service of which clients in c1 reach own endpoints on their node
// alone; one is on vm-a, and there is none on vm-b.
func bound(affinity string) mesh.Snapshot {
	s := world(side{global: "true", affinity: affinity, ready: 1}, side{global: "true", ready: 1})
	g := &s.Clusters[0].Services.Items[0]
	g.InternalTrafficPolicy = "Local"
	g.Endpoints[0].Node = "vm-a"
	return s
}

// Cilium leaves out endpoints on other nodes before it weighs the affinity.
func TestBoundToNode(t *testing.T) {
	for name, test := range map[string]struct {
		affinity, node, want string
		table                []string // what the agent on the node has, by address
	}{
		"no affinity, with one":        {"", "vm-a", "c1:1 c2:1", []string{"100.64.0.1", "100.65.0.1"}},
		"no affinity, without":         {"", "vm-b", "c2:1", []string{"100.65.0.1"}},
		"affinity local, with one":     {"local", "vm-a", "c1:1", []string{"100.64.0.1"}},
		"affinity local, without":      {"local", "vm-b", "c2:1", []string{"100.65.0.1"}},
		"affinity remote, with one":    {"remote", "vm-a", "c2:1", []string{"100.65.0.1"}},
		"affinity remote, without":     {"remote", "vm-b", "c2:1", []string{"100.65.0.1"}},
		"affinity local, on some node": {"local", "", "c1:1", nil},
	} {
		s := bound(test.affinity)
		q := web()
		q.Node = test.node
		if got := text(Predict(s, "c1", q)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if test.table == nil {
			continue
		}
		s.Clusters[0].Services.Tables = []mesh.Table{{Node: test.node, Frontends: []mesh.Frontend{
			{Service: "ns/web", Address: "10.0.0.1", Port: 80, Protocol: "TCP", Done: true, Backends: backends(test.table...)},
		}}}
		if row := first(s); !row.Agree {
			t.Errorf("%s: the agent has what Cilium gives it, and the row says %q", name, row.Tables[0].Differs)
		}
	}
}

// Who stays with one endpoint is told so.
func TestPredictSticky(t *testing.T) {
	s := world(side{global: "true", ready: 1}, side{global: "true", ready: 1})
	s.Clusters[0].Services.Items[0].SessionSeconds = 10800
	here, there := Predict(s, "c1", web()), Predict(s, "c2", web())
	if !here.Sticky || len(here.Notes) != 1 || !strings.Contains(here.Notes[0], "stays with one endpoint for 3h0m0s") || text(here) != "c1:1 c2:1" {
		t.Errorf("c1: %+v", here)
	}
	if there.Sticky || len(there.Notes) > 0 {
		t.Errorf("c2: %+v", there)
	}
}

// What a row keeps does not hold on to all that was seen of the clusters.
func TestRowIsItsOwn(t *testing.T) {
	s := names()
	before := first(s)
	after := names()
	after.Clusters[1].Services.Items[0].Owner = "somebody"
	if !reflect.DeepEqual(before, first(after)) {
		t.Error("a row changes with what it does not show")
	}
}
