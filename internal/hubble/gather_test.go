package hubble

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	flowpb "github.com/cilium/cilium/api/v1/flow"
	observerpb "github.com/cilium/cilium/api/v1/observer"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func nobody(netip.AddrPort) string { return "" }

// packet makes a TCP packet's flow between "cluster:workload" and another.
func packet(from, to, source, destination string, verdict flowpb.Verdict, reply *wrapperspb.BoolValue) *flowpb.Flow {
	a, b := netip.MustParseAddrPort(source), netip.MustParseAddrPort(destination)
	return &flowpb.Flow{
		Verdict: verdict, Type: flowpb.FlowType_L3_L4, IsReply: reply,
		IP:     &flowpb.IP{Source: a.Addr().String(), Destination: b.Addr().String()},
		L4:     &flowpb.Layer4{Protocol: &flowpb.Layer4_TCP{TCP: &flowpb.TCP{SourcePort: uint32(a.Port()), DestinationPort: uint32(b.Port())}}},
		Source: endpoint(from), Destination: endpoint(to),
	}
}

// endpoint is "cluster:workload", or "cluster:?pod" seen from afar: without
// the name of its controller. "world" has no namespace.
func endpoint(name string) *flowpb.Endpoint {
	cluster, workload, pod := strings.Cut(name, ":")
	switch far := strings.HasPrefix(workload, "?"); {
	case !pod:
		return &flowpb.Endpoint{Labels: []string{"reserved:" + name}}
	case far:
		return &flowpb.Endpoint{ClusterName: cluster, Namespace: "shop", PodName: workload[1:]}
	default:
		return &flowpb.Endpoint{ClusterName: cluster, Namespace: "shop", PodName: workload + "-0", Workloads: []*flowpb.Workload{{Name: workload, Kind: "Deployment"}}}
	}
}

func decoded(t *testing.T, flow *flowpb.Flow) *Flow {
	t.Helper()
	message, err := proto.Marshal(&observerpb.GetFlowsResponse{ResponseTypes: &observerpb.GetFlowsResponse_Flow{Flow: flow}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := decodeEvent(message)
	if err != nil {
		t.Fatal(err)
	}
	return e.flow
}

func TestGather(t *testing.T) {
	const client, server = "100.64.0.7:40001", "100.65.0.8:80"
	const forwarded, dropped = flowpb.Verdict_FORWARDED, flowpb.Verdict_DROPPED
	web := Workload{Cluster: "aks-1", Namespace: "shop", Name: "web", Pod: "web-0", Owned: true}
	db := Workload{Cluster: "aks-2", Namespace: "shop", Name: "db", Pod: "db-0", Owned: true}
	edge := Edge{From: web, To: db, Protocol: "TCP", Port: 80, Connections: 1}
	request, reply := wrapperspb.Bool(false), wrapperspb.Bool(true)
	l7 := packet("aks-1:web", "aks-2:db", client, server, forwarded, request)
	l7.Type = flowpb.FlowType_L7
	denied := packet("aks-1:?web-0", "aks-2:db", client, server, dropped, nil)
	denied.DropReasonDesc = flowpb.DropReason_POLICY_DENIED

	for _, tt := range []struct {
		name  string
		flows []*flowpb.Flow
		want  []Edge
		aside int
	}{
		{"nothing", nil, []Edge{}, 0},
		{"both sides see one connection, and each knows its own pod best", []*flowpb.Flow{
			packet("aks-1:web", "aks-2:?db-0", client, server, forwarded, request),
			packet("aks-1:?web-0", "aks-2:db", client, server, forwarded, request),
			packet("aks-2:db", "aks-1:?web-0", server, client, forwarded, reply),
		}, []Edge{edge}, 0},
		{"an answer alone tells who asked", []*flowpb.Flow{packet("aks-2:db", "aks-1:web", server, client, forwarded, reply)}, []Edge{edge}, 0},
		{"let go on one side and dropped on the other is dropped", []*flowpb.Flow{
			packet("aks-1:web", "aks-2:?db-0", client, server, forwarded, request), denied,
		}, []Edge{{From: web, To: db, Protocol: "TCP", Port: 80, Connections: 1, Dropped: 1, Reason: "policy denied"}}, 0},
		{"a drop of unknown direction belongs to the connection that is known", []*flowpb.Flow{
			packet("aks-1:web", "aks-2:db", client, server, forwarded, request),
			packet("aks-2:db", "aks-1:web", server, client, dropped, nil),
		}, []Edge{{From: web, To: db, Protocol: "TCP", Port: 80, Connections: 1, Dropped: 1}}, 0},
		{"so does a packet of unknown direction that was let go", []*flowpb.Flow{
			packet("aks-2:?db-0", "aks-1:web", server, client, forwarded, nil),
			packet("aks-2:db", "aks-1:?web-0", server, client, forwarded, reply),
		}, []Edge{edge}, 0},
		{"who has no cluster in one packet has it in another", []*flowpb.Flow{
			packet("aks-1:web", ":?db-0", client, server, forwarded, request),
			packet("aks-1:web", "aks-2:db", client, server, forwarded, request),
		}, []Edge{edge}, 0},
		{"who has a name in one connection has it in all", []*flowpb.Flow{
			packet("aks-1:web", "aks-2:db", client, server, forwarded, request),
			packet("aks-1:web", ":?db-0", "100.64.0.7:40002", server, forwarded, request),
		}, []Edge{{From: web, To: db, Protocol: "TCP", Port: 80, Connections: 2}}, 0},
		{"another pod with the same address has a name of its own", []*flowpb.Flow{
			packet("aks-1:web", "aks-2:db", client, server, forwarded, request),
			packet("aks-1:web", "aks-2:?cache-0", "100.64.0.7:40002", server, forwarded, request),
		}, []Edge{{From: web, To: Workload{Cluster: "aks-2", Namespace: "shop", Name: "cache-0", Pod: "cache-0"}, Protocol: "TCP", Port: 80, Connections: 1}, edge}, 0},
		{"who never has one is taken for the relay's own", []*flowpb.Flow{
			packet(":?web-0", "aks-2:db", client, server, forwarded, request),
		}, []Edge{{From: Workload{Cluster: "aks-1", Namespace: "shop", Name: "web-0", Pod: "web-0"}, To: db, Protocol: "TCP", Port: 80, Connections: 1}}, 0},
		{"if nothing tells the direction, it is that of the packet", []*flowpb.Flow{
			packet("aks-1:web", "aks-2:db", client, server, dropped, nil),
		}, []Edge{{From: web, To: db, Protocol: "TCP", Port: 80, Connections: 1, Dropped: 1}}, 0},
		{"two ports of the client are two connections", []*flowpb.Flow{
			packet("aks-1:web", "aks-2:db", client, server, forwarded, request),
			packet("aks-1:web", "aks-2:db", "100.64.0.7:40002", server, forwarded, request),
		}, []Edge{{From: web, To: db, Protocol: "TCP", Port: 80, Connections: 2}}, 0},
		{"requests inside a connection are not counted again", []*flowpb.Flow{l7}, []Edge{}, 0},
		{"who is no pod is counted aside", []*flowpb.Flow{packet("world", "aks-2:db", client, server, forwarded, request)}, []Edge{}, 1},
		{"between clusters comes first", []*flowpb.Flow{
			packet("aks-1:web", "aks-1:cache", "100.64.0.7:40003", "100.64.0.9:6379", forwarded, request),
			packet("aks-1:web", "aks-1:cache", "100.64.0.7:40004", "100.64.0.9:6379", forwarded, request),
			packet("aks-1:web", "aks-2:db", client, server, forwarded, request),
		}, []Edge{edge, {From: web, To: Workload{"aks-1", "shop", "cache", "cache-0", true}, Protocol: "TCP", Port: 6379, Connections: 2}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, backwards := range []bool{false, true} {
				flows := slices.Clone(tt.flows)
				if backwards {
					slices.Reverse(flows) // clusters' flows come in any order
				}
				g := newGatherer(nobody)
				for _, flow := range flows {
					g.add("aks-1", decoded(t, flow))
				}
				if diff := cmp.Diff(tt.want, g.edges()); diff != "" || g.aside != tt.aside {
					t.Errorf("backwards %t: edges (-want +got):\n%s\n%d aside, want %d", backwards, diff, g.aside, tt.aside)
				}
			}
		})
	}
}

func TestGatherNamesServices(t *testing.T) {
	g := newGatherer(func(a netip.AddrPort) string {
		if a == netip.MustParseAddrPort("100.65.0.8:80") {
			return "shop/db"
		}
		return ""
	})
	g.add("aks-1", decoded(t, packet("aks-1:web", "aks-2:db", "100.64.0.7:40001", "100.65.0.8:80", flowpb.Verdict_FORWARDED, wrapperspb.Bool(false))))
	if edges := g.edges(); len(edges) != 1 || edges[0].Service != "shop/db" {
		t.Errorf("edges are %+v, want one to service shop/db", edges)
	}
}

func TestGatherKeepsABound(t *testing.T) {
	g := newGatherer(nobody)
	flow := decoded(t, packet("aks-1:web", "aks-2:db", "100.64.0.7:1", "100.65.0.8:80", flowpb.Verdict_FORWARDED, wrapperspb.Bool(false)))
	for i := range maxConnections + 10 {
		flow.Source.Address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		g.add("aks-1", flow)
	}
	if edges := g.edges(); len(edges) != 1 || edges[0].Connections != maxConnections || !g.full {
		t.Errorf("%d edges, full is %t", len(edges), g.full)
	}
}
