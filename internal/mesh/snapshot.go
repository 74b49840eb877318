// Package mesh sees clusters: it holds the live handles ([Cluster]) and what
// was read through them at one moment ([Snapshot]). It never judges what it
// sees; that is package diagnose's part.
package mesh

import "time"

// SnapshotVersion is the schema version that a stored [Snapshot] carries.
const SnapshotVersion = "aksmesh.io/v1alpha1"

// Snapshot is everything that was seen of all clusters at one time: plain,
// serialisable, and free of secrets (certificates are reduced to facts).
type Snapshot struct {
	APIVersion string    `json:"apiVersion"`
	Taken      time.Time `json:"taken"`
	// Clusters holds one entry per context, in the order the contexts were given.
	Clusters []Facts `json:"clusters"`
	// Probes are nil if no pods were to measure.
	Probes *Probes `json:"probes,omitempty"`
	// Declared is what a mesh file says; nil if there is none to compare with.
	Declared *Declared `json:"declared,omitempty"`
}

// Facts is what was seen of one cluster. A nil section was not looked at or
// does not exist; a section that could not be read has its error in Problems.
type Facts struct {
	// Context is the kubeconfig context the cluster was reached through.
	Context string `json:"context"`
	// Problems are the sections that could not be read, and why. A cluster
	// with a problem in section "api" has no other section.
	Problems []Problem `json:"problems,omitempty"`

	Kubernetes *Kubernetes `json:"kubernetes,omitempty"`
	Rights     []Right     `json:"rights,omitempty"` // rights that join needs and this user lacks
	Nodes      []Node      `json:"nodes,omitempty"`
	KubeProxy  *KubeProxy  `json:"kubeProxy,omitempty"`
	Release    *Release    `json:"release,omitempty"`
	Config     *Config     `json:"config,omitempty"`
	Workloads  []Workload  `json:"workloads,omitempty"`
	CA         *CA         `json:"ca,omitempty"`
	// NextCA is the CA that an unfinished rotation moves the mesh to.
	NextCA    *Cert      `json:"nextCA,omitempty"`
	IPsecKey  *IPsecKey  `json:"ipsecKey,omitempty"`
	Certs     []Cert     `json:"certificates,omitempty"`
	Service   *Service   `json:"meshService,omitempty"`
	Peers     []Peer     `json:"peers,omitempty"`
	Agents    []Agent    `json:"agents,omitempty"`
	KVStore   []Agent    `json:"kvstoremesh,omitempty"`
	AgentTier *AgentTier `json:"agentTier,omitempty"`
	Azure     *Azure     `json:"azure,omitempty"`
	LBPools   []string   `json:"loadBalancerIPPools,omitempty"` // names of CiliumLoadBalancerIPPool objects
	Services  *Services  `json:"services,omitempty"`
}

// Section names used in [Problem.Section].
const (
	SectionAPI        = "api"         // the first contact: without it the API server could not be asked at all
	SectionVersion    = "version"     // Kubernetes.Version
	SectionIdentity   = "identity"    // Kubernetes.UID
	SectionAPIService = "api-service" // Kubernetes.ServiceIPs
	SectionRights     = "rights"
	SectionNodes      = "nodes"
	SectionKubeProxy  = "kube-proxy"
	SectionRelease    = "release"
	SectionConfig     = "cilium-config"
	SectionWorkloads  = "workloads"
	SectionCA         = "ca"
	SectionIPsec      = "ipsec"
	SectionCerts      = "certificates"
	SectionService    = "service"
	SectionPeers      = "peers"
	SectionAgents     = "agents"
	SectionKVStore    = "kvstoremesh"
	SectionAgentTier  = "agent-tier"
	SectionAzure      = "azure"
	SectionLBPools    = "load-balancer-pools"
	SectionCiliumNode = "ciliumnodes"
	// SectionSecrets is the list that release, CA, keys, certificates and peers are read from.
	SectionSecrets      = "secrets"
	SectionServiceCIDRs = "servicecidrs"

	SectionAzureNetwork = "azure-network" // Azure.Network

	SectionServices   = "services"
	SectionEndpoints  = "endpointslices"
	SectionNamespaces = "namespaces"
	SectionPolicies   = "network-policies"
	SectionPods       = "pods"
)

// ProblemKind sorts the reasons why a section could not be read.
type ProblemKind string

// Kinds of [Problem].
const (
	Unreachable  ProblemKind = "unreachable"  // no answer from the API server
	Unauthorized ProblemKind = "unauthorized" // 401, or credentials could not be had
	Forbidden    ProblemKind = "forbidden"    // 403
	Failed       ProblemKind = "failed"       // anything else
)

// Problem says that one section of [Facts] could not be read.
type Problem struct {
	Section string      `json:"section"`
	Kind    ProblemKind `json:"kind"`
	Message string      `json:"message"`
}

// Kubernetes identifies the cluster and its API server.
type Kubernetes struct {
	UID     string `json:"uid"`     // of namespace kube-system: identifies the cluster
	Version string `json:"version"` // of the API server, as "v1.37.1"
	Host    string `json:"host"`    // of the API server, as the kubeconfig has it
	Port    int    `json:"port"`
	// ServiceIPs are the ClusterIPs of Service default/kubernetes.
	ServiceIPs []string `json:"serviceIPs,omitempty"`
	// ServiceCIDRs are the ranges of the ServiceCIDR objects (Kubernetes >= 1.33)
	// or, without them, those Azure names. CIDR notation.
	ServiceCIDRs []string `json:"serviceCIDRs,omitempty"`
	// AKS is true if the nodes carry AKS's labels or providerIDs.
	AKS bool `json:"aks"`
}

// Right is one permission, as SelfSubjectAccessReview knows it.
type Right struct {
	Verb      string `json:"verb"`
	Group     string `json:"group,omitempty"`
	Resource  string `json:"resource"` // as "pods" or "pods/exec"
	Namespace string `json:"namespace,omitempty"`
	// Name is the one object that is meant; empty means all of them.
	Name string `json:"name,omitempty"`
}

// Node is one Kubernetes node.
type Node struct {
	Name        string   `json:"name"`
	InternalIPs []string `json:"internalIPs,omitempty"`
	ProviderID  string   `json:"providerID,omitempty"`
	PodCIDRs    []string `json:"podCIDRs,omitempty"` // handed out by Cilium's IPAM (CiliumNode)
	Ready       bool     `json:"ready"`
	// AzureResourceGroup is the node resource group, from AKS's label.
	AzureResourceGroup string `json:"azureResourceGroup,omitempty"`
	// CiliumTaint is true if the node carries node.cilium.io/agent-not-ready.
	CiliumTaint bool `json:"ciliumTaint,omitempty"`
}

// KubeProxy is the DaemonSet kube-system/kube-proxy. AKS's
// windows-kube-proxy-initializer is not it.
type KubeProxy struct {
	Present bool  `json:"present"`
	Desired int32 `json:"desired"` // pods
	Ready   int32 `json:"ready"`   // pods
}

// Release is the Helm release of Cilium.
type Release struct {
	Name         string `json:"name"`
	Namespace    string `json:"namespace"`
	Revision     int    `json:"revision"`
	Status       string `json:"status"`       // Helm's: deployed, failed, pending-install, …
	ChartVersion string `json:"chartVersion"` // semver without "v"
	// Values are the user-supplied values. They may hold secrets, so they are
	// never serialised.
	Values map[string]any `json:"-"`
	// Owner names the GitOps controller that owns the release ("Argo CD
	// application cilium", "Flux HelmRelease kube-system/cilium"); empty if none.
	Owner string `json:"owner,omitempty"`
	// Ours is true if the latest revision was written by kubectl-aksmesh.
	Ours bool `json:"ours,omitempty"`
}

// Config is what ConfigMap kube-system/cilium-config says, as far as a mesh
// cares; Raw has all of it. Without a Cilium the section is nil.
type Config struct {
	ClusterName          string            `json:"clusterName"`
	ClusterID            int               `json:"clusterID"`
	MaxConnectedClusters int               `json:"maxConnectedClusters"` // 255 or 511
	PodCIDRs             []string          `json:"podCIDRs,omitempty"`   // cluster pool, IPv4 then IPv6
	PodCIDRMaskSize      int               `json:"podCIDRMaskSize,omitempty"`
	RoutingMode          string            `json:"routingMode"`              // tunnel or native
	TunnelProtocol       string            `json:"tunnelProtocol,omitempty"` // vxlan or geneve
	TunnelPort           int               `json:"tunnelPort,omitempty"`     // UDP
	KubeProxyReplacement bool              `json:"kubeProxyReplacement"`
	IPv4                 bool              `json:"ipv4"`
	IPv6                 bool              `json:"ipv6"`
	Encryption           string            `json:"encryption"`    // none, wireguard or ipsec
	MTU                  int               `json:"mtu,omitempty"` // bytes; 0 is automatic
	Raw                  map[string]string `json:"raw,omitempty"`
}

// Workload is the state of a DaemonSet or Deployment that belongs to Cilium.
type Workload struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Image   string `json:"image,omitempty"` // of the first container
	Desired int32  `json:"desired"`         // pods
	Ready   int32  `json:"ready"`           // pods
	// Updated is true if every pod runs the newest template.
	Updated bool `json:"updated"`
	// Waiting translates why pods are not ready, one line per reason.
	Waiting []string `json:"waiting,omitempty"`
}

// CA is what is public about Secret kube-system/cilium-ca.
type CA struct {
	Cert
	// HelmOwned is true if the secret carries Helm's ownership metadata for
	// the release cilium, so that the chart adopts it.
	HelmOwned bool `json:"helmOwned"`
	// KeyMatches is false if the private key does not belong to the certificate.
	KeyMatches bool `json:"keyMatches"`
	// Trusted are the SHA-256 fingerprints of all CAs the mesh trusts
	// (tls.caBundle), this one included.
	Trusted []string `json:"trusted,omitempty"`
	// BundleKept is true if a trust bundle was kept for pods that were yet to be
	// rolled out without it. It goes once they are.
	BundleKept bool `json:"bundleKept,omitempty"`
}

// Cert is a certificate reduced to facts.
type Cert struct {
	Secret      string    `json:"secret"`
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Fingerprint string    `json:"fingerprint"`            // SHA-256 over DER, hex
	SubjectKey  string    `json:"subjectKeyID,omitempty"` // hex
	AuthorityID string    `json:"authorityKeyID,omitempty"`
	SANs        []string  `json:"sans,omitempty"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Algorithm   string    `json:"algorithm,omitempty"` // as "ECDSA P-256"
	IsCA        bool      `json:"isCA,omitempty"`
	// SignedByCA is true if the certificate verifies against the cluster's own
	// cilium-ca (or its trust bundle).
	SignedByCA bool `json:"signedByCA,omitempty"`
	// RenewalTime is when cert-manager makes it anew, if that was asked for and
	// is known.
	RenewalTime *time.Time `json:"renewalTime,omitempty"`
}

// IPsecKey is what is public about Secret kube-system/cilium-ipsec-keys.
type IPsecKey struct {
	SPI         string `json:"spi"`
	Algorithm   string `json:"algorithm"`
	Fingerprint string `json:"fingerprint"` // SHA-256 of the secret's value, hex
	HelmOwned   bool   `json:"helmOwned"`
}

// Service is Service kube-system/clustermesh-apiserver.
type Service struct {
	Type        string            `json:"type"`
	ClusterIP   string            `json:"clusterIP,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// Addresses are the load balancer's (status.loadBalancer.ingress): IPs or host names.
	Addresses []string `json:"addresses,omitempty"`
	Port      int      `json:"port"`
	HelmOwned bool     `json:"helmOwned"`
	// PublishNotReady is spec.publishNotReadyAddresses.
	PublishNotReady bool `json:"publishNotReadyAddresses"`
}

// Peer is a remote cluster that this cluster is configured to connect to.
type Peer struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses,omitempty"` // IPs or host names, where known
	Port      int      `json:"port,omitempty"`
}

// Agent is what one Cilium agent (or one kvstoremesh) says about its remotes.
type Agent struct {
	Pod     string   `json:"pod"`
	Node    string   `json:"node,omitempty"`
	Version string   `json:"version,omitempty"`
	Remotes []Remote `json:"remotes"`
	// Error says why the agent could not be asked; Remotes is then empty.
	Error string `json:"error,omitempty"`
}

// Remote is a remote cluster as one agent (or kvstoremesh) sees it. Of most
// agents of a large cluster only how the connection is, and no numbers and words
// are kept; see [ShareViews].
type Remote struct {
	Name      string    `json:"name"`
	Connected bool      `json:"connected"`
	Ready     bool      `json:"ready"`
	Synced    bool      `json:"synced"` // every kind of resource was read completely once
	ID        int       `json:"id,omitempty"`
	Nodes     int       `json:"nodes,omitempty"`
	Endpoints int       `json:"endpoints,omitempty"`
	Services  int       `json:"services,omitempty"`
	Failures  int       `json:"failures,omitempty"`
	LastFail  time.Time `json:"lastFailure,omitzero"`
	Status    string    `json:"status,omitempty"` // the agent's own words
	// EtcdID is the id of the etcd that the connection leads to: kvstoremesh's
	// leads to the remote cluster's, an agent's to its own cluster's cache.
	EtcdID string `json:"etcdID,omitempty"`
}

// Azure is what Azure Resource Manager says of the managed cluster.
type Azure struct {
	ID                string   `json:"id"` // ARM resource id
	State             string   `json:"provisioningState"`
	Power             string   `json:"powerState,omitempty"` // Running or Stopped
	FQDN              string   `json:"fqdn,omitempty"`
	PrivateFQDN       string   `json:"privateFQDN,omitempty"`
	NodeResourceGroup string   `json:"nodeResourceGroup,omitempty"`
	NetworkPlugin     string   `json:"networkPlugin"` // "none" is bring-your-own CNI
	NetworkDataplane  string   `json:"networkDataplane,omitempty"`
	PodCIDRs          []string `json:"podCIDRs,omitempty"`
	ServiceCIDRs      []string `json:"serviceCIDRs,omitempty"`
	// KubeProxy is enabled, disabled or unknown; see azure.KubeProxyState.
	KubeProxy string `json:"kubeProxy"`
	// ProbeMode is clusterServiceLoadBalancerHealthProbeMode: ServiceNodePort or Shared.
	ProbeMode string   `json:"probeMode,omitempty"`
	Subnets   []Subnet `json:"subnets,omitempty"`
	// NodeTaints are the taints set through the node pools.
	NodeTaints []string `json:"nodeTaints,omitempty"`
	// MayWrite says whether the login may change the cluster; nil if nobody
	// asked, or Azure does not tell.
	MayWrite *bool `json:"mayWrite,omitempty"`
	// Network is what nodes' packets pass; nil if it was not looked at.
	Network *AzureNetwork `json:"network,omitempty"`
}

// Subnet is a subnet that node pools use, with its virtual network's address space.
type Subnet struct {
	ID        string   `json:"id"`
	Prefixes  []string `json:"prefixes,omitempty"`
	VNet      string   `json:"vnet,omitempty"` // ARM resource id
	VNetSpace []string `json:"vnetSpace,omitempty"`
	// NSG and RouteTable are ARM resource ids of what is put on the subnet.
	NSG        string `json:"networkSecurityGroup,omitempty"`
	RouteTable string `json:"routeTable,omitempty"`
}
