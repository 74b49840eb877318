package hubble

import (
	"net/netip"
	"testing"

	flowpb "github.com/cilium/cilium/api/v1/flow"
	observerpb "github.com/cilium/cilium/api/v1/observer"
	relaypb "github.com/cilium/cilium/api/v1/relay"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// TestFieldNumbers holds the numbers to Cilium's descriptors.
func TestFieldNumbers(t *testing.T) {
	for _, tt := range []struct {
		message proto.Message
		fields  map[protoreflect.Name]protowire.Number
	}{
		{&observerpb.GetFlowsRequest{}, map[protoreflect.Name]protowire.Number{
			"follow": requestFollow, "whitelist": requestWhitelist, "field_mask": requestFieldMask}},
		{&fieldmaskpb.FieldMask{}, map[protoreflect.Name]protowire.Number{"paths": maskPaths}},
		{&flowpb.FlowFilter{}, map[protoreflect.Name]protowire.Number{"verdict": filterVerdict, "node_name": filterNode}},
		{&observerpb.GetFlowsResponse{}, map[protoreflect.Name]protowire.Number{
			"flow": responseFlow, "node_status": responseNodeStatus, "lost_events": responseLost, "node_name": responseNode}},
		{&relaypb.NodeStatusEvent{}, map[protoreflect.Name]protowire.Number{
			"state_change": statusState, "node_names": statusNodes, "message": statusMessage}},
		{&flowpb.LostEvent{}, map[protoreflect.Name]protowire.Number{"num_events_lost": lostCount}},
		{&flowpb.Flow{}, map[protoreflect.Name]protowire.Number{
			"verdict": flowVerdict, "IP": flowIP, "l4": flowL4, "source": flowSource, "destination": flowDestination,
			"Type": flowType, "drop_reason_desc": flowDropReason, "is_reply": flowIsReply}},
		{&flowpb.IP{}, map[protoreflect.Name]protowire.Number{"source": ipSource, "destination": ipDestination}},
		{&flowpb.TCP{}, map[protoreflect.Name]protowire.Number{"source_port": portSource, "destination_port": portDestination}},
		{&flowpb.UDP{}, map[protoreflect.Name]protowire.Number{"source_port": portSource, "destination_port": portDestination}},
		{&flowpb.SCTP{}, map[protoreflect.Name]protowire.Number{"source_port": portSource, "destination_port": portDestination}},
		{&wrapperspb.BoolValue{}, map[protoreflect.Name]protowire.Number{"value": boolValue}},
		{&flowpb.Endpoint{}, map[protoreflect.Name]protowire.Number{
			"namespace": endpointSpace, "labels": endpointLabels, "pod_name": endpointPod,
			"workloads": endpointWorkload, "cluster_name": endpointCluster}},
		{&flowpb.Workload{}, map[protoreflect.Name]protowire.Number{"name": workloadName}},
	} {
		known := tt.message.ProtoReflect().Descriptor()
		for name, number := range tt.fields {
			if field := known.Fields().ByName(name); field == nil || field.Number() != number {
				t.Errorf("%s.%s: %d is not its number (%v)", known.FullName(), name, number, field)
			}
		}
	}
	for number, name := range protocols() {
		field := (&flowpb.Layer4{}).ProtoReflect().Descriptor().Fields().ByNumber(number)
		if field == nil || string(field.Name()) != name {
			t.Errorf("protocol %d is %v, not %s", number, field, name)
		}
	}
}

func TestEnumNumbers(t *testing.T) {
	for _, tt := range []struct {
		got  uint64
		want int32
	}{
		{uint64(Forwarded), int32(flowpb.Verdict_FORWARDED)},
		{uint64(Dropped), int32(flowpb.Verdict_DROPPED)},
		{uint64(Audit), int32(flowpb.Verdict_AUDIT)},
		{uint64(Redirected), int32(flowpb.Verdict_REDIRECTED)},
		{uint64(KindPacket), int32(flowpb.FlowType_L3_L4)},
		{nodeConnected, int32(relaypb.NodeState_NODE_CONNECTED)},
		{nodeGone, int32(relaypb.NodeState_NODE_GONE)},
	} {
		if tt.got != uint64(tt.want) { //nolint:gosec // none is negative
			t.Errorf("%d, want %d", tt.got, tt.want)
		}
	}
	want := map[uint64]string{
		133: "POLICY_DENIED", 181: "POLICY_DENY", 189: "AUTH_REQUIRED", 155: "CT_MAP_INSERTION_FAILED", 158: "SERVICE_BACKEND_NOT_FOUND",
		164: "LOCAL_HOST_IS_UNREACHABLE", 169: "FIB_LOOKUP_FAILED", 151: "STALE_OR_UNROUTABLE_IP", 160: "NO_TUNNEL_OR_ENCAPSULATION_ENDPOINT",
		195: "UNENCRYPTED_TRAFFIC",
	}
	for number := range dropReasons() {
		if got := flowpb.DropReason_name[int32(number)]; got != want[number] || got == "" { //nolint:gosec // small
			t.Errorf("reason %d is %q, want %q", number, got, want[number])
		}
	}
}

func TestRequest(t *testing.T) {
	var got observerpb.GetFlowsRequest
	if err := proto.Unmarshal(request([]string{"aks-1", "aks-3"}), &got); err != nil {
		t.Fatal(err)
	}
	want := &observerpb.GetFlowsRequest{
		Follow: true,
		Whitelist: []*flowpb.FlowFilter{{Verdict: []flowpb.Verdict{
			flowpb.Verdict_FORWARDED, flowpb.Verdict_DROPPED, flowpb.Verdict_AUDIT, flowpb.Verdict_REDIRECTED},
			NodeName: []string{"aks-1/", "aks-3/"}}},
		FieldMask: &fieldmaskpb.FieldMask{Paths: fieldMask()},
	}
	if diff := cmp.Diff(want, &got, protocmp.Transform()); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if !got.FieldMask.IsValid(&flowpb.Flow{}) {
		t.Error("a path of the mask is not of a flow")
	}
}

func TestDecodeFlow(t *testing.T) {
	message, err := proto.Marshal(&observerpb.GetFlowsResponse{
		NodeName: "aks-1/node-0",
		ResponseTypes: &observerpb.GetFlowsResponse_Flow{Flow: &flowpb.Flow{
			Uuid: "not read", Verdict: flowpb.Verdict_DROPPED, DropReasonDesc: flowpb.DropReason_POLICY_DENIED,
			Type: flowpb.FlowType_L3_L4, IsReply: wrapperspb.Bool(false),
			IP: &flowpb.IP{Source: "100.64.0.7", Destination: "::ffff:100.65.0.8"},
			L4: &flowpb.Layer4{Protocol: &flowpb.Layer4_TCP{TCP: &flowpb.TCP{SourcePort: 40001, DestinationPort: 80}}},
			Source: &flowpb.Endpoint{ClusterName: "aks-1", Namespace: "shop", PodName: "web-1", Labels: []string{"k8s:app=web"},
				Workloads: []*flowpb.Workload{{Name: "web", Kind: "Deployment"}, {Name: "second", Kind: "Job"}}},
			Destination: &flowpb.Endpoint{Namespace: "shop", PodName: "db-0",
				Labels: []string{"k8s:io.cilium.k8s.policy.cluster=aks-2", "k8s:app=database"}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeEvent(message)
	if err != nil {
		t.Fatal(err)
	}
	want := &Flow{
		Verdict: Dropped, Kind: KindPacket, Reply: Request, Protocol: "TCP", DropReason: 133,
		Source:      End{netip.MustParseAddrPort("100.64.0.7:40001"), Workload{"aks-1", "shop", "web", "web-1", true}},
		Destination: End{netip.MustParseAddrPort("100.65.0.8:80"), Workload{"aks-2", "shop", "database", "db-0", false}},
	}
	if diff := cmp.Diff(want, got.flow, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Errorf("flow (-want +got):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	good, err := proto.Marshal(&observerpb.GetFlowsResponse{ResponseTypes: &observerpb.GetFlowsResponse_Flow{Flow: packet("a:1", "b:2", "10.0.0.1:1", "10.0.0.2:2", flowpb.Verdict_FORWARDED, nil)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, message []byte) {
		e, err := decodeEvent(message)
		if err == nil && e.flow != nil {
			newGatherer(nobody).add("aks-1", e.flow)
		}
		// What Cilium's own code reads, this must read too.
		if theirs := new(observerpb.GetFlowsResponse); err != nil && proto.Unmarshal(message, theirs) == nil {
			t.Errorf("%x: %v", message, err)
		}
	})
}
