package mesh

import "time"

// AgentTier is what Cilium's own pods say beyond the state of their
// connections: whether nodes reach each other, with which MTU, where a
// connection that is not made ends, and which containers restart.
type AgentTier struct {
	// Health has one entry for each agent.
	Health []NodeHealth `json:"health"`
	// Dials are the connections that were tried, step by step.
	Dials []Dial `json:"dials,omitempty"`
	// NotDialled are the remotes that are not connected and were not gone
	// through, as there are too many.
	NotDialled []string `json:"notDialled,omitempty"`
	// NotTried are likewise those that are said to be connected.
	NotTried []string `json:"notTried,omitempty"`
	// Restarts has the containers of Cilium's pods that restarted or do not start.
	Restarts []Restart `json:"restarts,omitempty"`
}

// NodeHealth is what one agent says of its node and of the ways to others.
type NodeHealth struct {
	Pod  string `json:"pod"`
	Node string `json:"node,omitempty"`
	// Error says why the agent could not be asked; the rest is then empty.
	Error string `json:"error,omitempty"`
	// Probed is when the agent began its latest round of measurements. Its
	// rounds take minutes, more of them in larger meshes; TCP is measured anew
	// for some nodes when the snapshot is taken.
	Probed time.Time `json:"probed,omitzero"`
	// Paths are the measurements, reduced: nodes of one cluster for which all
	// four gave the same are one entry.
	Paths []Paths `json:"paths,omitempty"`
	// Arrivals are connections that reached this node and that it could not
	// complete, as its answers are lost. Nil means that nobody looked.
	Arrivals *[]Arrival `json:"arrivals,omitempty"`
	MTU      *NodeMTU   `json:"mtu,omitempty"`
}

// Outcome of a measurement: empty means that there is none.
type Outcome string

// Outcomes of a measurement.
const (
	Reached Outcome = "reached"
	Lost    Outcome = "lost"
)

// Paths are the ways from one agent to nodes of one cluster.
type Paths struct {
	Cluster string `json:"cluster"` // Cilium's name
	Nodes   int    `json:"nodes"`   // for how many nodes this is so
	// Host is the way to the nodes' own addresses, Endpoint that to an address
	// in their pod networks, which goes through the tunnel where there is one.
	Host     Path `json:"host"`
	Endpoint Path `json:"endpoint"`
	// Examples are some of the nodes, if anything is lost.
	Examples []Example `json:"examples,omitempty"`
}

// Path is one way, measured with both protocols.
type Path struct {
	ICMP Outcome `json:"icmp,omitempty"` // echo
	TCP  Outcome `json:"tcp,omitempty"`  // port 4240
}

// Example is one node to which something is lost.
type Example struct {
	Node     string `json:"node"`
	Host     string `json:"host,omitempty"`     // address
	Endpoint string `json:"endpoint,omitempty"` // address
	Text     string `json:"text,omitempty"`     // the agent's words about the first loss
	// Dialled is true if it was measured when the snapshot was taken.
	Dialled bool `json:"dialled,omitempty"`
}

// Arrival is a connection that arrived and cannot be answered.
type Arrival struct {
	From     string `json:"from"` // address of who dials
	Endpoint bool   `json:"endpoint,omitempty"`
}

// NodeMTU is what packets of a node can be as large as. All are bytes.
type NodeMTU struct {
	// Devices are the network devices that carry packets to other nodes.
	Devices []DeviceMTU `json:"devices,omitempty"`
	Device  int         `json:"device"` // what Cilium takes the devices' MTU for
	Route   int         `json:"route"`  // what Cilium lets pods send to other nodes
}

// DeviceMTU is the MTU of one network device, in bytes.
type DeviceMTU struct {
	Name string `json:"name"`
	MTU  int    `json:"mtu"`
}

// Dial is how far a connection to a remote cluster's etcd comes.
type Dial struct {
	Pod    string `json:"pod"`
	Remote string `json:"remote"` // Cilium's name of the cluster
	// Own is true for an agent of a cluster with kvstoremesh, which dials its
	// own cluster's cache for every remote.
	Own   bool   `json:"own,omitempty"`
	Steps []Step `json:"steps,omitempty"`
	// Error says why the pod could not be asked; Steps is then empty.
	Error string `json:"error,omitempty"`
}

// StepName names a step of a [Dial].
type StepName string

// Steps of a [Dial], in their order.
const (
	StepConfig  StepName = "config"  // the configuration is there and legal
	StepResolve StepName = "resolve" // the name has an address
	StepTCP     StepName = "tcp"
	StepTLS     StepName = "tls"   // the server's certificate is accepted
	StepLogin   StepName = "login" // the client's certificate is accepted
	StepEtcd    StepName = "etcd"  // etcd answers to this user
)

// Step is one step, with the line that tells it.
type Step struct {
	Name StepName `json:"name"`
	OK   bool     `json:"ok"`
	Text string   `json:"text"`
}

// Restart is a container that restarted, or that does not start.
type Restart struct {
	Pod       string    `json:"pod"`
	Node      string    `json:"node,omitempty"`
	Container string    `json:"container"`
	Count     int32     `json:"count"`
	Ready     bool      `json:"ready"`
	Reason    string    `json:"reason,omitempty"` // of the latest end: OOMKilled, Error, Completed
	Ended     time.Time `json:"ended,omitzero"`   // the latest end
	Waiting   string    `json:"waiting,omitempty"`
}
