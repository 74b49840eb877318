package hubble

import (
	"net/netip"
	"strings"
)

// Flow is one event: a packet of a connection, as one node saw it.
type Flow struct {
	Verdict Verdict
	Kind    Kind
	// Reply says whether the packet goes back to who opened the connection.
	Reply       Reply
	Protocol    string // TCP, UDP, SCTP, ICMPv4 or ICMPv6; empty for others
	Source      End
	Destination End
	DropReason  uint64 // Cilium's number; 0 if the packet was not dropped
}

// End is one end of a connection.
type End struct {
	Address  netip.AddrPort // port 0 where the protocol has none
	Workload Workload
}

// Workload is who has an address, as far as one node of Cilium knows.
type Workload struct {
	Cluster   string `json:"cluster,omitempty"` // Cilium's name of it
	Namespace string `json:"namespace,omitempty"`
	// Name is the Deployment's, DaemonSet's, …; where that is not known, what
	// the labels or the pod's own name tell.
	Name string `json:"name,omitempty"`
	// Pod is the pod's name.
	Pod string `json:"-"`
	// Owned is true if Name is that of the pod's controller.
	Owned bool `json:"-"`
}

// Verdict is what became of a packet. The numbers are Cilium's (flow.proto).
type Verdict uint64

// Verdicts that matter here.
const (
	Forwarded  Verdict = 1
	Dropped    Verdict = 2
	Audit      Verdict = 4 // forwarded, and would be dropped but for audit mode
	Redirected Verdict = 5 // forwarded to the proxy
)

// Kind is where a flow was seen. The numbers are Cilium's.
type Kind uint64

// KindPacket is a packet's flow. The others are requests inside a connection and
// calls of programs: they would count a connection again.
const KindPacket Kind = 1

// Reply is the direction of a packet in its connection.
type Reply int

// Directions of a packet.
const (
	ReplyUnknown Reply = iota
	Request
	IsReply
)

// clusterLabel is the label of an identity that names its cluster.
const clusterLabel = "k8s:io.cilium.k8s.policy.cluster="

// nameLabels are labels that name a workload, the most telling first.
func nameLabels() []string {
	return []string{"k8s:app.kubernetes.io/name=", "k8s:app=", "k8s:k8s-app=", "k8s:run="}
}

// complete fills in from labels what the agent did not say itself.
func (w *Workload) complete(labels []string) {
	if w.Cluster == "" {
		w.Cluster = labelled(labels, clusterLabel)
	}
	for _, prefix := range nameLabels() {
		if w.Name == "" && w.Namespace != "" {
			w.Name = labelled(labels, prefix)
		}
	}
	if w.Name == "" {
		w.Name = w.Pod
	}
}

func labelled(labels []string, prefix string) string {
	for _, label := range labels {
		if value, ok := strings.CutPrefix(label, prefix); ok {
			return value
		}
	}
	return ""
}

// learn takes from what another node knows. Only a pod's own node knows the
// controller, so that name is better than one from labels, which is better than
// the pod's.
func (w *Workload) learn(other Workload) {
	if w.Cluster == "" {
		w.Cluster = other.Cluster
	}
	if w.Namespace == "" {
		w.Namespace = other.Namespace
	}
	if w.Pod == "" {
		w.Pod = other.Pod
	}
	if other.nameFrom() > w.nameFrom() {
		w.Name, w.Owned = other.Name, other.Owned
	}
}

// nameFrom says how good a name is: the more, the better.
func (w *Workload) nameFrom() int {
	switch {
	case w.Owned:
		return 3
	case w.Name == "":
		return 0
	case w.Name == w.Pod:
		return 1
	default:
		return 2
	}
}

// dropReasons are Cilium's numbers (flow.proto, DropReason) of the reasons that
// a user can do something about.
func dropReasons() map[uint64]string {
	return map[uint64]string{
		133: "policy denied",
		181: "denied by a policy",
		189: "authentication required",
		155: "connection tracking is full",
		158: "no backend behind the service",
		164: "local host is unreachable",
		169: "no route found",
		151: "stale or unroutable address",
		160: "no tunnel to the node",
		195: "unencrypted traffic is prohibited",
	}
}
