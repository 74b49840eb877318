// Package values turns a wish for one cluster into values of Cilium's Helm
// chart, merges them with what a release has and the user adds, and shows the
// difference without showing a secret. It is pure but for [Parse].
package values

import (
	"fmt"
	"net/netip"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Encapsulations of a [Wish].
const (
	VXLAN  = "vxlan"
	Geneve = "geneve"
	Native = "native" // none: the network routes pod addresses
)

// Encryptions of a [Wish].
const (
	NoEncryption = "none"
	WireGuard    = "wireguard"
	IPsec        = "ipsec"
)

// Azure's annotations of a Service of type LoadBalancer.
const (
	AnnotationInternal = "service.beta.kubernetes.io/azure-load-balancer-internal"
	AnnotationIPv4     = "service.beta.kubernetes.io/azure-load-balancer-ipv4"
	AnnotationSubnet   = "service.beta.kubernetes.io/azure-load-balancer-internal-subnet"
)

// Wish is what one cluster shall have. Zero values leave the chart's default,
// or what the release has, alone, unless a field says otherwise.
type Wish struct {
	// ChartVersion is the chart's version, semver with or without "v": the
	// spelling of some values depends on it. Required.
	ChartVersion string

	ClusterName          string // required
	ClusterID            int    // required, 1..255 or 1..511
	MaxConnectedClusters int    // 255 or 511

	// AKS sets aksbyocni.enabled, which holds only with a tunnel.
	AKS bool

	PodCIDRs          []string // the cluster pool, CIDR notation, IPv4 and IPv6
	PodCIDRMaskSize   int      // of a node's IPv4 part, in bits
	PodCIDRMaskSizeV6 int      // of a node's IPv6 part, in bits

	// APIServerHost and APIServerPort are the API server as nodes reach it.
	APIServerHost        string
	APIServerPort        int
	KubeProxyReplacement bool

	Encapsulation string // VXLAN, Geneve or Native; required
	// NativeRoutingCIDR is what is routed without masquerading; required for Native.
	NativeRoutingCIDR string
	MTU               int    // bytes, of the device and not of the route; 0 is automatic
	Encryption        string // NoEncryption, WireGuard or IPsec

	Service Service
	// Peers are the clusters to connect to. An entry for the cluster itself
	// does no harm: Cilium ignores it.
	Peers []mesh.Peer
	// TLSMethod is how the mesh's certificates are made: helm, cronJob or
	// certmanager; empty is helm. [TLSMethod] tells what a release has.
	TLSMethod string
	// TrustBundle is PEM: the CAs to trust while the mesh moves to another
	// one; empty is the cluster's own CA alone.
	TrustBundle []byte
	// OwnBundle is what the release's own values have it trust besides, PEM.
	OwnBundle string

	// LBIPAM leaves LoadBalancer Services without a class to whom the release
	// leaves them, by default Cilium, as a cluster with CiliumLoadBalancerIPPool
	// objects wants it. Without it they are Azure's alone.
	LBIPAM bool

	// OperatorReplicas is for clusters of one node, where the chart's second
	// operator could never run; 0 leaves the chart's default of 2.
	OperatorReplicas int

	HubbleRelay bool
	HubbleUI    bool

	// RollOut restarts agents and operators when their settings change. They
	// read most of cilium-config, the cluster's name and id among it, only
	// when they start, and the chart leaves running pods alone otherwise.
	RollOut bool
}

// Service is the wish for the mesh's Service, which is always a LoadBalancer.
type Service struct {
	// Public leaves out Azure's annotation for an internal load balancer.
	Public bool
	IPv4   string // a fixed address; empty lets Azure choose
	Subnet string // name of a subnet of the same virtual network; empty is the nodes'
}

// Annotations returns what the Service clustermesh-apiserver must carry.
func (s Service) Annotations() map[string]string {
	annotations := map[string]string{}
	if !s.Public {
		annotations[AnnotationInternal] = "true"
	}
	if s.IPv4 != "" {
		annotations[AnnotationIPv4] = s.IPv4
	}
	if s.Subnet != "" {
		annotations[AnnotationSubnet] = s.Subnet
	}
	return annotations
}

// version checks the wish and returns its chart's version.
func (w *Wish) version() (*semver.Version, error) {
	v, err := semver.NewVersion(w.ChartVersion)
	if err != nil {
		return nil, fmt.Errorf("chart version %q is not a version: %w", w.ChartVersion, err)
	}
	if err := config.ValidateClusterName(w.ClusterName); err != nil {
		return nil, err
	}
	most := w.MaxConnectedClusters
	if most == 0 {
		most = config.DefaultMaxClusters
	}
	if err := config.ValidateClusterID(w.ClusterID, most); err != nil {
		return nil, err
	}
	for _, check := range []func() error{w.checkNetwork, w.checkPods} {
		if err := check(); err != nil {
			return nil, fmt.Errorf("cluster %s: %w", w.ClusterName, err)
		}
	}
	return v, nil
}

func (w *Wish) checkNetwork() error {
	switch w.Encapsulation {
	case VXLAN, Geneve:
	case Native:
		if w.NativeRoutingCIDR == "" {
			return fmt.Errorf("native routing needs the range that is routed without masquerading: give it with --native-routing-cidr")
		}
	default:
		return fmt.Errorf("encapsulation %q is not vxlan, geneve or native", w.Encapsulation)
	}
	switch w.Encryption {
	case "", NoEncryption, WireGuard, IPsec:
	default:
		return fmt.Errorf("encryption %q is not none, wireguard or ipsec", w.Encryption)
	}
	return nil
}

func (w *Wish) checkPods() error {
	for _, cidr := range w.PodCIDRs {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return fmt.Errorf("pod CIDR %q is not a CIDR", cidr)
		}
	}
	return nil
}
