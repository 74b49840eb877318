package hubble

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	flowpb "github.com/cilium/cilium/api/v1/flow"
	observerpb "github.com/cilium/cilium/api/v1/observer"
	relaypb "github.com/cilium/cilium/api/v1/relay"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// relayServer is Hubble relay as a client sees it: a real gRPC server.
type relayServer struct {
	observerpb.UnimplementedObserverServer
	answers []*observerpb.GetFlowsResponse
	err     error
	silent  bool     // sends nothing at all
	nodes   []string // that it was asked for
}

func (s *relayServer) GetFlows(r *observerpb.GetFlowsRequest, stream observerpb.Observer_GetFlowsServer) error {
	if !r.Follow || len(r.Whitelist) != 1 || len(r.FieldMask.GetPaths()) == 0 {
		return status.Errorf(codes.InvalidArgument, "odd request %v", r)
	}
	s.nodes = r.Whitelist[0].NodeName
	if s.silent {
		<-stream.Context().Done()
		return nil
	}
	for _, answer := range s.answers {
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	<-stream.Context().Done()
	return nil
}

// serve starts the relay on loopback and returns where.
func (s *relayServer) serve(t *testing.T, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	observerpb.RegisterObserverServer(server, s)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func flowAnswer(flow *flowpb.Flow) *observerpb.GetFlowsResponse {
	return &observerpb.GetFlowsResponse{ResponseTypes: &observerpb.GetFlowsResponse_Flow{Flow: flow}}
}

func nodeAnswer(state relaypb.NodeState, message string, nodes ...string) *observerpb.GetFlowsResponse {
	return &observerpb.GetFlowsResponse{ResponseTypes: &observerpb.GetFlowsResponse_NodeStatus{
		NodeStatus: &relaypb.NodeStatusEvent{StateChange: state, NodeNames: nodes, Message: message}}}
}

// certificate is a CA in PEM, and a server's certificate as the chart makes it.
func certificate(t *testing.T) (ca []byte, server tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"*.hubble-relay.cilium.io"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestRead(t *testing.T) {
	ca, cert := certificate(t)
	request := wrapperspb.Bool(false)
	first := &relayServer{answers: []*observerpb.GetFlowsResponse{
		nodeAnswer(relaypb.NodeState_NODE_CONNECTED, "", "node-0"),
		nodeAnswer(relaypb.NodeState_NODE_UNAVAILABLE, "dial tcp: i/o timeout", "node-1", "node-2"),
		flowAnswer(packet("aks-1:web", "aks-2:?db-0", "100.64.0.7:40001", "100.65.0.8:80", flowpb.Verdict_FORWARDED, request)),
		nodeAnswer(relaypb.NodeState_NODE_CONNECTED, "", "node-2"),
		{ResponseTypes: &observerpb.GetFlowsResponse_LostEvents{LostEvents: &flowpb.LostEvent{NumEventsLost: 7}}},
	}}
	second := &relayServer{answers: []*observerpb.GetFlowsResponse{
		flowAnswer(packet("aks-1:?web-0", "aks-2:db", "100.64.0.7:40001", "100.65.0.8:80", flowpb.Verdict_FORWARDED, request)),
		flowAnswer(packet("world", "aks-2:db", "203.0.113.1:40001", "100.65.0.8:80", flowpb.Verdict_FORWARDED, request)),
	}}
	clusters := []*mesh.Cluster{
		apiServer{relay: first.serve(t)}.cluster(t, "ctx-1"),
		apiServer{relay: second.serve(t, grpc.Creds(credentials.NewServerTLSFromCert(&cert))), ca: ca}.cluster(t, "ctx-2"),
		apiServer{}.cluster(t, "ctx-3"),
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var heard atomic.Int64
	enough := func() { // for as long as it takes, and no longer
		if heard.Add(1) == int64(len(first.answers)+len(second.answers)) {
			cancel(errRead)
		}
	}
	got := Read(ctx, clusters, Options{For: time.Minute, Names: map[string]string{"ctx-1": "aks-1", "ctx-2": "aks-2"}, Service: nobody, heard: enough})
	want := Report{
		Sources: []Source{
			{Context: "ctx-1", Flows: 1, Lost: 7, Unread: []string{"node-1: dial tcp: i/o timeout"}},
			{Context: "ctx-2", Flows: 2},
			{Context: "ctx-3", Error: "Hubble relay is not installed: kubectl aksmesh join --context ctx-3,… --hubble-relay installs it"},
		},
		Edges: []Edge{{
			From:     Workload{"aks-1", "shop", "web", "web-0", true},
			To:       Workload{"aks-2", "shop", "db", "db-0", true},
			Protocol: "TCP", Port: 80, Connections: 1,
		}},
		Aside: 1,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Report{}, "Seconds")); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// seenBy is an answer of a node's agent, as relays pass it on.
func seenBy(node string, answer *observerpb.GetFlowsResponse) *observerpb.GetFlowsResponse {
	answer.NodeName = node
	return answer
}

// TestReadShares: in a mesh every relay has every cluster's nodes. Each is asked
// for its own, and one for those of clusters without a relay.
func TestReadShares(t *testing.T) {
	lost := func() *observerpb.GetFlowsResponse {
		return &observerpb.GetFlowsResponse{ResponseTypes: &observerpb.GetFlowsResponse_LostEvents{LostEvents: &flowpb.LostEvent{NumEventsLost: 7}}}
	}
	first := &relayServer{answers: []*observerpb.GetFlowsResponse{
		nodeAnswer(relaypb.NodeState_NODE_CONNECTED, "", "aks-1/node-0", "aks-3/node-0", "aks-4/node-0"), // it says so while it still dials
		nodeAnswer(relaypb.NodeState_NODE_UNAVAILABLE, "", "aks-2/node-0", "aks-3/node-1"),
		seenBy("aks-3/node-0", flowAnswer(packet(":?web-0", "aks-3:db", "100.66.0.7:40001", "100.66.0.8:80", flowpb.Verdict_FORWARDED, wrapperspb.Bool(false)))),
		seenBy("aks-3/node-0", lost()),
		seenBy("aks-2/node-0", lost()),
	}}
	second := &relayServer{answers: []*observerpb.GetFlowsResponse{nodeAnswer(relaypb.NodeState_NODE_CONNECTED, "", "aks-2/node-0")}}
	clusters := []*mesh.Cluster{
		apiServer{relay: first.serve(t), name: "aks-1"}.cluster(t, "ctx-1"),
		apiServer{relay: second.serve(t), name: "aks-2"}.cluster(t, "ctx-2"),
		apiServer{}.cluster(t, "ctx-3"),
		apiServer{}.cluster(t, "ctx-4"),
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var heard atomic.Int64
	enough := func() {
		if heard.Add(1) == int64(len(first.answers)+len(second.answers)) {
			cancel(errRead)
		}
	}
	names := map[string]string{"ctx-1": "aks-1", "ctx-2": "aks-2", "ctx-3": "aks-3", "ctx-4": "aks-4"}
	got := Read(ctx, clusters, Options{For: time.Minute, Names: names, Service: nobody, heard: enough})
	want := Report{
		Sources: []Source{
			{Context: "ctx-1"},
			{Context: "ctx-2"},
			{Context: "ctx-3", Through: "ctx-1", Flows: 1, Lost: 7, Unread: []string{"aks-3/node-1"}},
			{Context: "ctx-4", Error: "Hubble relay is not installed: kubectl aksmesh join --context ctx-4,… --hubble-relay installs it"},
		},
		Edges: []Edge{{
			From:     Workload{Cluster: "aks-3", Namespace: "shop", Name: "web-0", Pod: "web-0"},
			To:       Workload{"aks-3", "shop", "db", "db-0", true},
			Protocol: "TCP", Port: 80, Connections: 1,
		}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Report{}, "Seconds")); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	asked := [][]string{first.nodes, second.nodes}
	if diff := cmp.Diff([][]string{{"aks-1/", "aks-3/", "aks-4/"}, {"aks-2/"}}, asked); diff != "" {
		t.Errorf("nodes that relays were asked for (-want +got):\n%s", diff)
	}
}

func TestReadEndsInTime(t *testing.T) {
	talking := &relayServer{answers: []*observerpb.GetFlowsResponse{nodeAnswer(relaypb.NodeState_NODE_CONNECTED, "", "node-0")}}
	silent := &relayServer{silent: true}
	got := Read(t.Context(), []*mesh.Cluster{
		apiServer{relay: talking.serve(t)}.cluster(t, "ctx-1"), apiServer{relay: silent.serve(t)}.cluster(t, "ctx-2"),
	}, Options{For: time.Second, Service: nobody})
	if got.Sources[0].Error != "" || got.Sources[1].Error != "relay hubble-relay-0 said nothing in all the time" || got.Seconds < 1 {
		t.Errorf("report is %+v", got)
	}
}

func TestReadSaysWhatFailed(t *testing.T) {
	_, strange := certificate(t)
	known, _ := certificate(t)
	refusing := func(err error) string { return (&relayServer{err: err}).serve(t) }
	for _, tt := range []struct {
		name string
		api  apiServer
		want string
	}{
		{"refused", apiServer{relay: refusing(status.Error(codes.PermissionDenied, "no, 100% no"))}, "relay refuses with gRPC status 7: no, 100% no"},
		{"ended", apiServer{relay: refusing(status.Error(codes.Unavailable, "going\ndown"))}, "relay refuses with gRPC status 14: going down"},
		{"nobody listens", apiServer{relay: closedPort(t)}, "connection refused"},
		{"TLS where there is none", apiServer{relay: (&relayServer{silent: true}).serve(t), ca: known}, "relay does not answer: tls: first record does not look like a TLS handshake"},
		{"a stranger's certificate", apiServer{relay: (&relayServer{}).serve(t, grpc.Creds(credentials.NewServerTLSFromCert(&strange))), ca: known}, "certificate signed by unknown authority"},
		{"mutual TLS", apiServer{relay: "127.0.0.1:1", ca: known, mutual: true}, "hubble.relay.tls.server.mtls"},
		{"no pod is ready", apiServer{relay: "127.0.0.1:1", unready: true}, "no pod of service kube-system/hubble-relay is ready (1 are there): kubectl --context ctx-1"},
		{"no right to forward", apiServer{relay: "127.0.0.1:1", forbidden: true}, "port-forward to pod kube-system/hubble-relay-0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Read(t.Context(), []*mesh.Cluster{tt.api.cluster(t, "ctx-1")}, Options{For: time.Minute, Service: nobody})
			if got := got.Sources[0].Error; !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("error is %q, want %q in it", got, tt.want)
			}
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
