package hubble

import (
	"errors"
	"fmt"
	"math"
	"net/netip"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of Cilium's api/v1/observer/observer.proto and
// api/v1/flow/flow.proto, as far as they are read here.
const (
	requestFollow    = 3
	requestWhitelist = 6
	requestFieldMask = 10
	filterVerdict    = 5
	filterNode       = 24
	maskPaths        = 1

	responseFlow       = 1
	responseNodeStatus = 2
	responseLost       = 3
	responseNode       = 1000

	statusState   = 1
	statusNodes   = 2
	statusMessage = 3
	lostCount     = 2

	flowVerdict     = 2
	flowIP          = 5
	flowL4          = 6
	flowSource      = 8
	flowDestination = 9
	flowType        = 10
	flowDropReason  = 25
	flowIsReply     = 26

	ipSource         = 1
	ipDestination    = 2
	portSource       = 1 // of TCP, UDP and SCTP
	portDestination  = 2
	boolValue        = 1
	endpointSpace    = 3
	endpointLabels   = 4
	endpointPod      = 5
	endpointWorkload = 6
	endpointCluster  = 7
	workloadName     = 1
)

// protocols are the members of Layer4 that are read.
func protocols() map[protowire.Number]string {
	return map[protowire.Number]string{1: "TCP", 2: "UDP", 3: "ICMPv4", 4: "ICMPv6", 5: "SCTP"}
}

// fieldMask are the paths of a flow that are asked for: a busy node has
// thousands of flows a second, and whole ones are ten times as large. A relay
// too old to know masks sends all fields.
func fieldMask() []string {
	return []string{
		"time", "verdict", "IP", "l4", "Type", "node_name", "is_reply", "drop_reason_desc",
		"source.cluster_name", "source.namespace", "source.labels", "source.pod_name", "source.workloads",
		"destination.cluster_name", "destination.namespace", "destination.labels", "destination.pod_name", "destination.workloads",
	}
}

// request is a GetFlowsRequest for all packets' flows from now on that nodes of
// some clusters see; of all if none is named. Without "since", no clock of the
// clusters is compared with this machine's.
func request(clusters []string) []byte {
	var filter, mask []byte
	for _, v := range []Verdict{Forwarded, Dropped, Audit, Redirected} {
		filter = protowire.AppendTag(filter, filterVerdict, protowire.VarintType)
		filter = protowire.AppendVarint(filter, uint64(v))
	}
	for _, name := range clusters {
		filter = protowire.AppendTag(filter, filterNode, protowire.BytesType)
		filter = protowire.AppendString(filter, name+nodeSeparator) // every node of it
	}
	for _, path := range fieldMask() {
		mask = protowire.AppendTag(mask, maskPaths, protowire.BytesType)
		mask = protowire.AppendString(mask, path)
	}
	b := protowire.AppendTag(nil, requestFollow, protowire.VarintType)
	b = protowire.AppendVarint(b, 1)
	b = protowire.AppendTag(b, requestWhitelist, protowire.BytesType)
	b = protowire.AppendBytes(b, filter)
	b = protowire.AppendTag(b, requestFieldMask, protowire.BytesType)
	return protowire.AppendBytes(b, mask)
}

// errWire is the cause of every error about a message that cannot be read.
var errWire = errors.New("message cannot be read")

// fields calls visit with each field of a message: number is its varint, bytes
// its string or message, whichever it has.
func fields(message []byte, visit func(field protowire.Number, number uint64, bytes []byte) error) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("%w: %w", errWire, protowire.ParseError(n))
		}
		message = message[n:]
		var number uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(field, kind, message)
		}
		if n < 0 {
			return fmt.Errorf("%w: %w", errWire, protowire.ParseError(n))
		}
		message = message[n:]
		if err := visit(field, number, bytes); err != nil {
			return err
		}
	}
	return nil
}

// nodeSeparator is between the cluster's and the node's own name in Hubble's
// names of nodes.
const nodeSeparator = "/"

// event is one GetFlowsResponse: one of the three, and the node that it is of.
type event struct {
	from string
	flow *Flow
	node *nodeStatus
	lost uint64 // flows that Hubble could not keep
}

// nodeStatus is what the relay says of nodes that it reads from.
type nodeStatus struct {
	state   uint64 // Cilium's NodeState
	nodes   []string
	message string
}

// States of a [nodeStatus].
const (
	nodeConnected = 1
	nodeGone      = 3
)

func decodeEvent(message []byte) (event, error) {
	var e event
	err := fields(message, func(field protowire.Number, _ uint64, bytes []byte) (err error) {
		switch field {
		case responseNode:
			e.from = string(bytes)
		case responseFlow:
			e.flow, err = decodeFlow(bytes)
		case responseNodeStatus:
			e.node, err = decodeNode(bytes)
		case responseLost:
			err = fields(bytes, func(field protowire.Number, number uint64, _ []byte) error {
				if field == lostCount {
					e.lost = number
				}
				return nil
			})
		}
		return err
	})
	return e, err
}

func decodeNode(message []byte) (*nodeStatus, error) {
	status := &nodeStatus{}
	return status, fields(message, func(field protowire.Number, number uint64, bytes []byte) error {
		switch field {
		case statusState:
			status.state = number
		case statusNodes:
			status.nodes = append(status.nodes, string(bytes))
		case statusMessage:
			status.message = string(bytes)
		}
		return nil
	})
}

func decodeFlow(message []byte) (*Flow, error) {
	f := &Flow{}
	var source, destination netip.Addr
	var from, to uint16
	err := fields(message, func(field protowire.Number, number uint64, bytes []byte) (err error) {
		switch field {
		case flowVerdict:
			f.Verdict = Verdict(number)
		case flowType:
			f.Kind = Kind(number)
		case flowDropReason:
			f.DropReason = number
		case flowIsReply:
			f.Reply, err = decodeReply(bytes)
		case flowIP:
			source, destination, err = decodeIP(bytes)
		case flowL4:
			f.Protocol, from, to, err = decodeL4(bytes)
		case flowSource:
			f.Source.Workload, err = decodeEndpoint(bytes)
		case flowDestination:
			f.Destination.Workload, err = decodeEndpoint(bytes)
		}
		return err
	})
	f.Source.Address, f.Destination.Address = netip.AddrPortFrom(source, from), netip.AddrPortFrom(destination, to)
	return f, err
}

// decodeReply reads a BoolValue, which is empty for false.
func decodeReply(message []byte) (Reply, error) {
	reply := Request
	err := fields(message, func(field protowire.Number, number uint64, _ []byte) error {
		if field == boolValue && number != 0 {
			reply = IsReply
		}
		return nil
	})
	return reply, err
}

// decodeIP returns the zero address for one that is not legal.
func decodeIP(message []byte) (source, destination netip.Addr, err error) {
	err = fields(message, func(field protowire.Number, _ uint64, bytes []byte) error {
		switch field {
		case ipSource:
			source, _ = netip.ParseAddr(string(bytes))
		case ipDestination:
			destination, _ = netip.ParseAddr(string(bytes))
		}
		return nil
	})
	return source.Unmap(), destination.Unmap(), err
}

func decodeL4(message []byte) (protocol string, from, to uint16, err error) {
	names := protocols()
	err = fields(message, func(field protowire.Number, _ uint64, bytes []byte) error {
		name, known := names[field]
		if !known {
			return nil
		}
		protocol = name
		if name == "ICMPv4" || name == "ICMPv6" {
			return nil
		}
		return fields(bytes, func(field protowire.Number, number uint64, _ []byte) error {
			switch {
			case number > math.MaxUint16:
			case field == portSource:
				from = uint16(number)
			case field == portDestination:
				to = uint16(number)
			}
			return nil
		})
	})
	return protocol, from, to, err
}

func decodeEndpoint(message []byte) (Workload, error) {
	var w Workload
	var labels []string
	err := fields(message, func(field protowire.Number, _ uint64, bytes []byte) error {
		switch field {
		case endpointSpace:
			w.Namespace = string(bytes)
		case endpointLabels:
			labels = append(labels, string(bytes))
		case endpointPod:
			w.Pod = string(bytes)
		case endpointCluster:
			w.Cluster = string(bytes)
		case endpointWorkload:
			return fields(bytes, func(field protowire.Number, _ uint64, bytes []byte) error {
				if field == workloadName && !w.Owned {
					w.Name, w.Owned = string(bytes), true
				}
				return nil
			})
		}
		return nil
	})
	w.complete(labels)
	return w, err
}
