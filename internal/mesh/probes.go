package mesh

import "time"

// Probes are what short-lived pods measured between clusters, which do not
// trust the mesh: they speak to each other themselves. Each way was measured by
// itself, from what its sender says left and what its receiver says came, so
// that a lost way back hides nothing of the way there. All sizes are bytes of
// whole IP packets with don't-fragment set, without what a tunnel adds.
type Probes struct {
	// Sites has one entry for each cluster that took part.
	Sites []ProbeSite `json:"sites"`
	// Ways go from each cluster to each other one.
	Ways  []ProbeWay  `json:"ways,omitempty"`
	Dials []ProbeDial `json:"dials,omitempty"`
}

// ProbeSite is where a cluster's pods ran.
type ProbeSite struct {
	Context string `json:"context"`
	Node    string `json:"node,omitempty"`
	// NodeAddress is the address of the pods on the node's network, PodAddress
	// that of those in the pod network. One is empty if its Error is not.
	NodeAddress string `json:"nodeAddress,omitempty"`
	PodAddress  string `json:"podAddress,omitempty"`
	NodeError   string `json:"nodeError,omitempty"`
	PodError    string `json:"podError,omitempty"`
	// WatchError says why packets to the encapsulation's port could not be
	// seen on this node.
	WatchError string `json:"watchError,omitempty"`
	// NoImage is true if an error is that of the pods' image: another one, or
	// another place to pull it from, would do.
	NoImage bool `json:"noImage,omitempty"`
	// Left says what could not be removed, and how to.
	Left string `json:"left,omitempty"`
}

// WayKind says what a [ProbeWay] leads through.
type WayKind string

// Kinds of [ProbeWay].
const (
	// NodeWay is from node to node, with UDP to a port that was free.
	NodeWay WayKind = "node"
	// TunnelWay is from node to node, with packets shaped as the encapsulation's
	// and sent to its port.
	TunnelWay WayKind = "encapsulation"
	// PodWay is from pod to pod. Its packets are as large as the pod's route
	// lets them be.
	PodWay WayKind = "pod"
)

// ProbeWay is one way from one cluster to another.
type ProbeWay struct {
	From string  `json:"from"` // context
	To   string  `json:"to"`   // context
	Kind WayKind `json:"kind"`
	Port int     `json:"port,omitempty"` // UDP, of the destination
	// Error says why the way was not measured; the rest is then empty.
	Error string `json:"error,omitempty"`
	// Packets left, and Arrived of them came.
	Packets int `json:"packets"`
	Arrived int `json:"arrived"`
	// Sent and Came are the largest sizes that left and that came.
	Sent int `json:"sent"`
	Came int `json:"came"`
	// TooLarge is the smallest size that the sender's own kernel refused; 0 if
	// it refused none.
	TooLarge int `json:"tooLarge,omitempty"`
	// Route is what the sender's kernel took for the way's MTU at first.
	Route int `json:"route,omitempty"`
	// Refused is the class of what kept packets from leaving.
	Refused string      `json:"refused,omitempty"`
	Told    []ProbeTold `json:"told,omitempty"`
	// Fragments are packets of 3,000 bytes that had to be fragmented.
	Fragments *ProbeCount `json:"fragments,omitempty"`
	Bulk      *ProbeBulk  `json:"bulk,omitempty"`
}

// ProbeTold is an ICMP error that came back to a sender.
type ProbeTold struct {
	By   string `json:"by"`            // address
	Text string `json:"text"`          // "too large", "refused", "unreachable" or "forbidden"
	MTU  int    `json:"mtu,omitempty"` // bytes, with "too large"
}

// ProbeCount is how many packets left and came.
type ProbeCount struct {
	Packets int `json:"packets"`
	Arrived int `json:"arrived"`
}

// ProbeBulk is a connection that was to carry much, there and then back.
type ProbeBulk struct {
	Connected bool   `json:"connected"`
	Out       int    `json:"out"`     // bytes that the sender gave to the connection
	Arrived   int    `json:"arrived"` // bytes of them that the receiver got
	Back      int    `json:"back"`    // bytes that the sender got back; as many as Out if all is well
	Error     string `json:"error,omitempty"`
}

// ProbeDial is a connection to another cluster's mesh address.
type ProbeDial struct {
	From    string `json:"from"` // context
	To      string `json:"to"`   // context
	FromPod bool   `json:"fromPod,omitempty"`
	Address string `json:"address"` // with port
	// Unknown says why it was not dialled; the rest is then empty.
	Unknown string `json:"unknown,omitempty"`
	// Error is the class of why there is no connection of TCP: timeout,
	// refused, unreachable, reset or "other: " and more.
	Error  string    `json:"error,omitempty"`
	Micros int64     `json:"microseconds,omitempty"`
	TLS    *ProbeTLS `json:"tls,omitempty"`
}

// ProbeTLS is what a handshake showed. The server's certificate is not verified.
type ProbeTLS struct {
	Error     string    `json:"error,omitempty"` // class of why it failed
	Subject   string    `json:"subject,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	SANs      []string  `json:"sans,omitempty"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter,omitzero"`
}
