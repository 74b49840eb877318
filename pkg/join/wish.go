// Package join changes who is in the mesh. [Make] turns what was seen and
// what is wished into a [Draft], purely; [Draft.Projected] is the snapshot as
// it would be, for package diagnose to judge before any write; [Draft.Plan]
// binds the draft to live clusters as steps.
package join

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
)

// Wish is what the user asked for. Maps are keyed by context. A zero value
// means: keep what runs, and the default where nothing runs.
type Wish struct {
	ClusterNames map[string]string
	ClusterIDs   map[string]int
	PodCIDRs     map[string]netip.Prefix
	// PodPool is where pod CIDRs of new clusters are taken from.
	PodPool netip.Prefix
	// MaxConnectedClusters is 255 or 511, for new meshes.
	MaxConnectedClusters int
	Encapsulation        string
	// NativeRoutingCIDR is what is routed as it is if Encapsulation is native.
	NativeRoutingCIDR netip.Prefix
	// MTU of the nodes' network in bytes, from which Cilium subtracts its overhead.
	MTU        int
	Encryption string
	// CAFrom is the context whose CA the others take over if they have different ones.
	CAFrom string
	// SkipKubeProxy leaves kube-proxy running beside Cilium.
	SkipKubeProxy bool
	// MeshIPs and MeshSubnets fix the internal load balancer's address and subnet.
	MeshIPs     map[string]netip.Addr
	MeshSubnets map[string]string
	HubbleRelay bool
	HubbleUI    bool
	// Values are the user's own Helm values: under "" for all clusters, else
	// by context. They win over everything join sets.
	Values map[string]map[string]any
	// ChartVersion is the version that clusters without Cilium get, without
	// "v". Empty is the mesh's, else the default.
	ChartVersion string
}

// Validate finds what can be told to be wrong without looking at a cluster.
// The error is one plain line.
func (w *Wish) Validate(contexts []string) error {
	for _, check := range []func([]string) error{w.validateContexts, w.validateNames, w.validateNetwork, w.validateChoices, w.validateValues} {
		if err := check(contexts); err != nil {
			return err
		}
	}
	return nil
}

func (w *Wish) validateContexts(contexts []string) error {
	if len(contexts) == 0 {
		return fmt.Errorf("no clusters named: give each one with --context")
	}
	seen := map[string]bool{}
	for _, name := range contexts {
		if seen[name] {
			return fmt.Errorf("context %q is named twice", name)
		}
		seen[name] = true
	}
	if len(contexts) == 1 {
		return fmt.Errorf("a mesh needs at least two clusters: only context %q is named, give the others with --context", contexts[0])
	}
	for flag, keys := range map[string][]string{
		"--cluster-name": keysOf(w.ClusterNames), "--cluster-id": keysOf(w.ClusterIDs), "--pod-cidr": keysOf(w.PodCIDRs),
		"--mesh-ip": keysOf(w.MeshIPs), "--mesh-subnet": keysOf(w.MeshSubnets), "--set/--values": keysOf(w.Values),
	} {
		for _, key := range keys {
			if key != "" && !seen[key] {
				return fmt.Errorf("%s names context %q, which is not among the clusters to join: add --context %s", flag, key, key)
			}
		}
	}
	if w.CAFrom != "" && !seen[w.CAFrom] {
		return fmt.Errorf("--ca-from names context %q, which is not among the clusters to join: add --context %s", w.CAFrom, w.CAFrom)
	}
	return nil
}

func (w *Wish) validateNames([]string) error {
	for _, name := range keysOf(w.ClusterNames) {
		if err := config.ValidateClusterName(w.ClusterNames[name]); err != nil {
			return fmt.Errorf("--cluster-name %s=%s: %w", name, w.ClusterNames[name], err)
		}
	}
	for _, name := range keysOf(w.ClusterIDs) {
		if err := config.ValidateClusterID(w.ClusterIDs[name], w.maxConnected()); err != nil {
			return fmt.Errorf("--cluster-id %s=%d: %w", name, w.ClusterIDs[name], err)
		}
	}
	return nil
}

// Bounds of [Wish.MTU] in bytes: IPv6's least, and what devices of Azure take.
const (
	LeastMTU = 1280
	MostMTU  = 9216
)

func (w *Wish) validateNetwork([]string) error {
	if w.MTU != 0 && (w.MTU < LeastMTU || w.MTU > MostMTU) {
		return fmt.Errorf("--mtu %d is not between %d and %d bytes", w.MTU, LeastMTU, MostMTU)
	}
	return nil
}

func (w *Wish) validateChoices([]string) error {
	for _, choice := range []struct {
		flag, value string
		allowed     []string
	}{
		{"--encapsulation", w.Encapsulation, []string{values.VXLAN, values.Geneve, values.Native}},
		{"--encryption", w.Encryption, []string{values.NoEncryption, values.WireGuard, values.IPsec}},
	} {
		if choice.value != "" && !slices.Contains(choice.allowed, choice.value) {
			return fmt.Errorf("%s %q is not one of %v", choice.flag, choice.value, choice.allowed)
		}
	}
	if w.MaxConnectedClusters != 0 && w.MaxConnectedClusters != 255 && w.MaxConnectedClusters != 511 {
		return fmt.Errorf("--max-connected-clusters %d: Cilium knows 255 and 511 only", w.MaxConnectedClusters)
	}
	return nil
}

// validateValues refuses Helm values of the user's that join must know of.
func (w *Wish) validateValues([]string) error {
	for _, context := range keysOf(w.Values) {
		if own := OwnValue(w.Values[context]); own != nil {
			return fmt.Errorf("the Helm value %s is join's own to set: %s", own.Key, own.Instead(own.Flag))
		}
	}
	return nil
}

// Own is a Helm value that join must know of.
type Own struct {
	Key  string // dotted
	Flag string // what is there for it
	do   string // what to do instead, with %s for the flag
	may  string // the one value that does no harm
}

// Instead says what to do instead of giving the value, with the flag as it is
// called where the value was given.
func (o *Own) Instead(flag string) string { return fmt.Sprintf(cmp.Or(o.do, "use %s instead"), flag) }

// OwnValue finds a Helm value of the user's that join must know of: it would
// win in the chart, and names, plans and waits would go by another one. It is
// nil if there is none.
func OwnValue(user map[string]any) *Own {
	const ca = "the chart would prefer it to Secret " + cilium.Namespace + "/" + cilium.CASecret + ", which the clusters share: put that Secret into one cluster before the join, or name a cluster that has it with %s"
	for _, own := range []Own{
		{Flag: "--cluster-name", Key: "cluster.name"},
		{Flag: "--cluster-id", Key: "cluster.id"},
		{Flag: "--pod-cidr", Key: "ipam.operator.clusterPoolIPv4PodCIDRList"},
		{Flag: "--context", Key: "clustermesh.config.clusters"},
		{Flag: "--max-connected-clusters", Key: "clustermesh.maxConnectedClusters"},
		{Flag: "--encapsulation", Key: "routingMode"},
		{Flag: "--encapsulation", Key: "tunnelProtocol"},
		{Flag: "--encryption", Key: "encryption.enabled"},
		{Flag: "--encryption", Key: "encryption.type"},
		{Flag: "--mtu", Key: "MTU"},
		{Flag: "--skip-kube-proxy", Key: "kubeProxyReplacement", may: "true",
			do: "nothing would handle services once kube-proxy is off; %s keeps kube-proxy beside Cilium"},
		{Flag: "--ca-from", Key: "tls.ca.cert", do: ca},
		{Flag: "--ca-from", Key: "tls.ca.key", do: ca},
	} {
		given, ok := values.At(user, strings.Split(own.Key, ".")...)
		if ok && (own.may == "" || fmt.Sprint(given) != own.may) {
			return &own
		}
	}
	return nil
}

func (w *Wish) maxConnected() int {
	const usual = 255
	if w.MaxConnectedClusters != 0 {
		return w.MaxConnectedClusters
	}
	return usual
}

func keysOf[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
