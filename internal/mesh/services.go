package mesh

import (
	"slices"
	"strings"
)

// Services is what was seen of a cluster's services that clusters share, and
// of what decides who answers their clients.
type Services struct {
	// Namespaces are those that were looked at, by name.
	Namespaces map[string]NamespaceFacts `json:"namespaces"`
	Items      []GlobalService           `json:"items"`
	// Policies are the network policies that may stand between a client and
	// an endpoint.
	Policies []Policy `json:"policies,omitempty"`
	// Tables are what agents' load balancers hold, one for each agent that was asked.
	Tables []Table `json:"tables,omitempty"`
}

// NamespaceFacts are of a namespace, as far as services in it are concerned.
type NamespaceFacts struct {
	Labels map[string]string `json:"labels,omitempty"`
	// Global is the annotation clustermesh.cilium.io/global; empty if there is none.
	Global string `json:"global,omitempty"`
}

// GlobalService is a Service, global or looked at because its name was given.
type GlobalService struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`                 // ClusterIP, NodePort, LoadBalancer or ExternalName
	ClusterIPs []string          `json:"clusterIPs,omitempty"` // none if it is headless
	Headless   bool              `json:"headless,omitempty"`
	Selector   map[string]string `json:"selector,omitempty"`
	Ports      []ServicePort     `json:"ports,omitempty"`
	// Annotations are those of Cilium, under all names that were ever used for them.
	Annotations map[string]string `json:"annotations,omitempty"`
	// Managers are the field managers that own each of Annotations.
	Managers map[string][]string `json:"managers,omitempty"`
	// Owner names the GitOps controller that owns the Service; empty if none.
	Owner string `json:"owner,omitempty"`
	// Created is true if kubectl aksmesh made the Service. Keepers are the other
	// field managers that own parts of its spec since then.
	Created               bool     `json:"created,omitempty"`
	Keepers               []string `json:"keepers,omitempty"`
	ExternalTrafficPolicy string   `json:"externalTrafficPolicy,omitempty"` // Cluster or Local
	InternalTrafficPolicy string   `json:"internalTrafficPolicy,omitempty"` // Cluster or Local
	// SessionSeconds is how long a client stays with one endpoint (sessionAffinity
	// ClientIP); 0 if it does not.
	SessionSeconds  int32      `json:"sessionSeconds,omitempty"`
	PublishNotReady bool       `json:"publishNotReadyAddresses,omitempty"`
	Endpoints       []Endpoint `json:"endpoints,omitempty"` // of this cluster alone
}

// ServicePort is a port of a Service.
type ServicePort struct {
	Name       string `json:"name,omitempty"`
	Protocol   string `json:"protocol"` // TCP, UDP or SCTP
	Port       int32  `json:"port"`
	TargetPort string `json:"targetPort,omitempty"` // a number or a name
	NodePort   int32  `json:"nodePort,omitempty"`
	// AppProtocol is what the port speaks, as "kubernetes.io/h2c".
	AppProtocol string `json:"appProtocol,omitempty"`
}

// EndpointState is what an endpoint is used for.
type EndpointState string

// States of an [Endpoint].
const (
	Ready       EndpointState = "ready"
	Terminating EndpointState = "terminating" // still serves
	NotReady    EndpointState = "not ready"
)

// Endpoint is one address behind a Service.
type Endpoint struct {
	Address string        `json:"address"`
	State   EndpointState `json:"state"`
	Node    string        `json:"node,omitempty"`
	Pod     string        `json:"pod,omitempty"`
	// Ports are the ports' names, numbers and protocols in its EndpointSlice.
	Ports []EndpointPort `json:"ports,omitempty"`
	// Labels are the pod's; only read where a network policy may ask for them.
	Labels map[string]string `json:"labels,omitempty"`
}

// EndpointPort is a port that an endpoint listens on.
type EndpointPort struct {
	Name     string `json:"name,omitempty"`
	Protocol string `json:"protocol"`
	Port     int32  `json:"port"`
}

// Policy is a network policy as it stands in the cluster.
type Policy struct {
	Kind      string `json:"kind"` // NetworkPolicy, CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Rules are its spec and its specs.
	Rules []map[string]any `json:"rules"`
}

// Table is what one agent's load balancer holds for ClusterIPs.
type Table struct {
	Pod       string     `json:"pod"`
	Node      string     `json:"node"`
	Frontends []Frontend `json:"frontends,omitempty"`
	// Error says why the agent could not be asked. Forbidden is true if the user
	// may not.
	Error     string `json:"error,omitempty"`
	Forbidden bool   `json:"forbidden,omitempty"`
}

// Frontend is one port of a ClusterIP in an agent's load balancer.
type Frontend struct {
	Service  string `json:"service"` // "namespace/name"
	Address  string `json:"address"` // IP
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"` // TCP, UDP or SCTP
	// Done is true if the agent has written it to the datapath.
	Done     bool      `json:"done"`
	Backends []Backend `json:"backends,omitempty"`
}

// Backend is where an agent's load balancer sends requests to.
type Backend struct {
	Address string `json:"address"` // IP
	Port    int32  `json:"port"`
	// ClusterID is 0 for the agent's own cluster.
	ClusterID int          `json:"clusterID,omitempty"`
	State     BackendState `json:"state"`
}

// BackendState is what an agent's load balancer uses a backend for.
type BackendState string

// States of a [Backend].
const (
	BackendActive      BackendState = "active"
	BackendTerminating BackendState = "terminating" // used if no other is active
	BackendIdle        BackendState = "idle"        // gets no new requests: in maintenance, quarantined or unhealthy
)

// Find returns a service; nil if the cluster has none of that name.
func (s *Services) Find(namespace, name string) *GlobalService {
	if s == nil {
		return nil
	}
	i := slices.IndexFunc(s.Items, func(g GlobalService) bool { return g.Namespace == namespace && g.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Items[i]
}

// Annotations of Cilium's on Services and Namespaces. Source: Cilium's
// pkg/annotation, whose older names are still read.
const (
	AnnotationGlobal    = "service.cilium.io/global"
	AnnotationShared    = "service.cilium.io/shared"
	AnnotationAffinity  = "service.cilium.io/affinity"
	AnnotationSyncSlice = "service.cilium.io/global-sync-endpoint-slices"

	AnnotationNamespaceGlobal = "clustermesh.cilium.io/global"
)

// LegacyAnnotations are the older names, which count where the newer is absent.
func LegacyAnnotations() map[string]string {
	all := map[string]string{}
	for _, name := range []string{AnnotationGlobal, AnnotationShared, AnnotationAffinity} {
		all[name] = legacyOf(name)
	}
	return all
}

// legacyOf is one of [LegacyAnnotations]; empty if there is none. Judgements ask
// for it millions of times in a large mesh.
func legacyOf(name string) string {
	switch name {
	case AnnotationGlobal:
		return "io.cilium/global-service"
	case AnnotationShared:
		return "io.cilium/shared-service"
	case AnnotationAffinity:
		return "io.cilium/service-affinity"
	}
	return ""
}

// Key is "namespace/name".
func (g *GlobalService) Key() string { return g.Namespace + "/" + g.Name }

// Annotation is the value that counts, under the newer or the older name.
func (g *GlobalService) Annotation(name string) (string, bool) {
	if value, ok := g.Annotations[name]; ok {
		return value, true
	}
	value, ok := g.Annotations[legacyOf(name)]
	return value, ok
}

// Global says whether the service takes endpoints of other clusters. Only
// "true", in any case, does: "1" and "yes" do not.
func (g *GlobalService) Global() bool {
	value, _ := g.Annotation(AnnotationGlobal)
	return strings.EqualFold(value, "true")
}

// Shared says whether the service gives its endpoints to other clusters, as
// far as its own annotations say.
func (g *GlobalService) Shared() bool {
	if !g.Global() {
		return false
	}
	value, ok := g.Annotation(AnnotationShared)
	return !ok || strings.EqualFold(value, "true")
}

// Affinities of a [GlobalService].
const (
	AffinityNone   = "none"
	AffinityLocal  = "local"
	AffinityRemote = "remote"
)

// Affinity is the cluster whose endpoints are preferred. What Cilium does not
// know counts as none.
func (g *GlobalService) Affinity() string {
	if !g.Global() {
		return AffinityNone
	}
	value, _ := g.Annotation(AnnotationAffinity)
	switch value = strings.ToLower(value); value {
	case AffinityLocal, AffinityRemote:
		return value
	}
	return AffinityNone
}

// Count counts the endpoints that are in a state. A pod that has an address of
// each IP family is one.
func (g *GlobalService) Count(state EndpointState) int {
	n := 0
	var six []string // pods with an IPv6 address
	for i := range g.Endpoints {
		switch e := &g.Endpoints[i]; {
		case e.State != state:
		case e.Pod != "" && e.IPv6():
			six = append(six, e.Pod)
		default:
			n++
		}
	}
	if len(six) == 0 {
		return n
	}
	four := map[string]bool{}
	for i := range g.Endpoints {
		if e := &g.Endpoints[i]; e.State == state && !e.IPv6() {
			four[e.Pod] = true
		}
	}
	for _, pod := range six {
		if !four[pod] {
			n++
		}
	}
	return n
}

// IPv6 says whether the endpoint's address is of that family.
func (e *Endpoint) IPv6() bool { return strings.Contains(e.Address, ":") }

// GlobalNamespace says whether a namespace is global, as its annotation and the
// cluster's settings say. Cilium before 1.19 knows nothing of it; 1.19 keeps back
// the identities of pods in namespaces that are not, and since 1.20 their
// services give nothing to other clusters either.
func (f *Facts) GlobalNamespace(name string) bool {
	if f.Services == nil {
		return true
	}
	if value := f.Services.Namespaces[name].Global; value != "" {
		return strings.EqualFold(value, "true")
	}
	return f.Config == nil || f.Config.Raw["clustermesh-default-global-namespace"] != "false"
}
