package probe

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// listens is a side whose listener is at an address and has told what arrived.
func listens(address string, watched int, came ...wire.Arrivals) side {
	l := &listener{last: wire.Listening{Beat: 9, UDP: 40000, TCP: 40001, Watched: watched}, arrivals: map[uint32]wire.Arrivals{}}
	l.address = address
	for _, a := range came {
		l.arrivals[a.Stream] = a
	}
	return side{listener: l}
}

// What left and what came are joined per way, whatever became of other ways.
func TestJoin(t *testing.T) {
	t.Parallel()
	config := &mesh.Config{RoutingMode: "tunnel", TunnelProtocol: "vxlan", TunnelPort: 8472}
	a := &site{facts: &mesh.Facts{Config: config}, seen: mesh.ProbeSite{Context: "a"}, node: listens("10.0.0.1", 8472), pod: side{err: errors.New("no image")}}
	b := &site{
		facts: &mesh.Facts{Config: config, Service: &mesh.Service{Addresses: []string{"10.0.9.9"}, Port: 2379}}, seen: mesh.ProbeSite{Context: "b"},
		node: listens("10.0.0.2", 8472, wire.Arrivals{Stream: 1, Packets: 5, Sizes: []wire.Range{{100, 1280}, {1399, 1400}}}, wire.Arrivals{Stream: 2, Packets: 6}),
		pod:  listens("10.1.0.2", 0),
	}
	p := &probing{sites: []*site{a, b}}
	p.assign()
	want := []wire.Task{
		{Stream: 1, Kind: wire.Sweep, To: "10.0.0.2:40000", PastRoute: true},
		{Stream: 2, Kind: wire.Fragments, To: "10.0.0.2:40000"},
		{Stream: 3, Kind: wire.Sweep, To: "10.0.0.2:8472", Encapsulation: "vxlan", PastRoute: true},
		{Kind: wire.Dial, To: "10.0.9.9:2379"},
	}
	if diff := cmp.Diff(want, a.node.tasks); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	for i, sent := range []wire.Sent{
		{Packets: 9, Largest: 1500, TooLarge: 1550, Route: 1500, Told: []wire.Told{{By: "10.0.0.9", Text: wire.TooLarge, MTU: 1400}}},
		{Packets: 6}, {Packets: 9, Largest: 1500}, {Connected: true, Micros: 7, TLS: &wire.TLS{Subject: "CN=b"}},
	} {
		a.node.results[i](sent)
	}
	for _, failed := range b.node.failed {
		failed(errors.New("the sender is lost"))
	}
	got := p.result()
	if diff := cmp.Diff([]mesh.ProbeWay{
		{
			From: "a", To: "b", Kind: mesh.NodeWay, Port: 40000, Packets: 9, Arrived: 5, Sent: 1500, Came: 1400, TooLarge: 1550, Route: 1500,
			Told: []mesh.ProbeTold{{By: "10.0.0.9", Text: "too large", MTU: 1400}}, Fragments: &mesh.ProbeCount{Packets: 6, Arrived: 6},
		},
		{From: "a", To: "b", Kind: mesh.TunnelWay, Port: 8472, Packets: 9, Sent: 1500},
		{From: "a", To: "b", Kind: mesh.PodWay, Error: "no image"},
		{From: "b", To: "a", Kind: mesh.NodeWay, Port: 40000, Error: "the sender is lost"},
		{From: "b", To: "a", Kind: mesh.TunnelWay, Port: 8472, Error: "the sender is lost"},
		{From: "b", To: "a", Kind: mesh.PodWay, Error: "no image"},
	}, got.Ways); diff != "" {
		t.Errorf("ways (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]mesh.ProbeDial{
		{From: "a", To: "b", Address: "10.0.9.9:2379", Micros: 7, TLS: &mesh.ProbeTLS{Subject: "CN=b"}},
		{From: "a", To: "b", FromPod: true, Address: "10.0.9.9:2379", Unknown: "no image"},
	}, got.Dials); diff != "" {
		t.Errorf("dials (-want +got):\n%s", diff)
	}
}

// What a watcher of IPv4 does not see over IPv6 is not lost.
func TestIPv6Unwatched(t *testing.T) {
	t.Parallel()
	config := &mesh.Config{RoutingMode: "tunnel", TunnelProtocol: "vxlan", TunnelPort: 8472}
	silent := side{err: errors.New("no image")}
	a := &site{facts: &mesh.Facts{Config: config}, seen: mesh.ProbeSite{Context: "a"}, node: listens("fd00::1", 8472), pod: silent}
	b := &site{facts: &mesh.Facts{Config: config}, seen: mesh.ProbeSite{Context: "b"}, node: listens("fd00::2", 8472), pod: silent}
	p := &probing{sites: []*site{a, b}}
	p.nodeWays(a, b)
	if n := len(a.node.tasks); n != 2 {
		t.Errorf("%d tasks, want a sweep and fragments to a port of its own", n)
	}
	want := mesh.ProbeWay{From: "a", To: "b", Kind: mesh.TunnelWay, Port: 8472, Error: "only packets of IPv4 can be watched"}
	if diff := cmp.Diff(want, p.ways[1].seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEncapsulation(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config *mesh.Config
		shape  string
		port   int
		why    string
	}{
		"unknown":   {nil, "", 0, "Cilium's configuration is not known"},
		"geneve":    {&mesh.Config{RoutingMode: "tunnel", TunnelProtocol: "geneve", TunnelPort: 6081, Encryption: "none"}, "geneve", 6081, ""},
		"wireguard": {&mesh.Config{RoutingMode: "tunnel", TunnelProtocol: "vxlan", TunnelPort: 8472, Encryption: "wireguard"}, "wireguard", 51871, ""},
		"ipsec":     {&mesh.Config{RoutingMode: "tunnel", TunnelProtocol: "vxlan", TunnelPort: 8472, Encryption: "ipsec"}, "", 0, "IPsec's packets have no port"},
		"native":    {&mesh.Config{RoutingMode: "native"}, "", 0, "packets are not encapsulated"},
	} {
		shape, port, why := encapsulation(tt.config)
		if shape != tt.shape || port != tt.port || why != tt.why {
			t.Errorf("%s: %q, %d, %q", name, shape, port, why)
		}
	}
}
