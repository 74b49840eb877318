package values

import (
	"net/netip"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Values is what is given to the chart: nested maps with string keys.
type Values = map[string]any

// For makes the chart's values for the wish of one cluster, complete but for
// what a release or the user adds ([Merge]). It never holds a private key.
func For(w Wish) (Values, error) {
	version, err := w.version()
	if err != nil {
		return nil, err
	}
	v := Values{}
	w.identity(v)
	w.pods(v)
	w.apiServer(v)
	w.network(v)
	w.encryption(v)
	w.clusterMesh(v, version)
	w.trust(v)
	w.extras(v)
	return v, nil
}

func (w *Wish) identity(v Values) {
	set(v, w.ClusterName, "cluster", "name")
	set(v, w.ClusterID, "cluster", "id")
	if w.OperatorReplicas > 0 {
		set(v, w.OperatorReplicas, "operator", "replicas")
	}
}

func (w *Wish) pods(v Values) {
	var v4, v6 []any
	for _, cidr := range w.PodCIDRs {
		if netip.MustParsePrefix(cidr).Addr().Is4() { // checked by version
			v4 = append(v4, cidr)
		} else {
			v6 = append(v6, cidr)
		}
	}
	if len(v4) > 0 {
		set(v, v4, "ipam", "operator", "clusterPoolIPv4PodCIDRList")
		if w.PodCIDRMaskSize > 0 {
			set(v, w.PodCIDRMaskSize, "ipam", "operator", "clusterPoolIPv4MaskSize")
		}
	}
	if len(v6) > 0 {
		set(v, true, "ipv6", "enabled")
		set(v, len(v4) > 0, "ipv4", "enabled")
		set(v, v6, "ipam", "operator", "clusterPoolIPv6PodCIDRList")
		if w.PodCIDRMaskSizeV6 > 0 {
			set(v, w.PodCIDRMaskSizeV6, "ipam", "operator", "clusterPoolIPv6MaskSize")
		}
	}
}

func (w *Wish) apiServer(v Values) {
	set(v, w.KubeProxyReplacement, "kubeProxyReplacement")
	if w.APIServerHost != "" {
		set(v, w.APIServerHost, "k8sServiceHost")
		set(v, w.APIServerPort, "k8sServicePort")
	}
}

// network sets the datapath. aksbyocni.enabled makes the chart refuse every
// routing mode but tunnel, so a native wish goes without it and names the
// IPAM mode that it would have brought.
func (w *Wish) network(v Values) {
	if w.MTU > 0 {
		set(v, w.MTU, "MTU")
	}
	if w.Encapsulation != Native {
		set(v, "tunnel", "routingMode")
		set(v, w.Encapsulation, "tunnelProtocol")
		if w.AKS {
			set(v, true, "aksbyocni", "enabled")
		}
		return
	}
	set(v, "native", "routingMode")
	set(v, w.NativeRoutingCIDR, "ipv4NativeRoutingCIDR")
	set(v, "cluster-pool", "ipam", "mode")
	if w.AKS {
		set(v, false, "aksbyocni", "enabled")
	}
}

func (w *Wish) encryption(v Values) {
	switch w.Encryption {
	case WireGuard, IPsec:
		set(v, true, "encryption", "enabled")
		set(v, w.Encryption, "encryption", "type")
	case NoEncryption:
		set(v, false, "encryption", "enabled")
	}
}

// clusterMesh always sets useAPIServer together with config.enabled: the chart
// takes the one without the other, and then the pod waits for ever for the
// ConfigMap clustermesh-remote-users while Helm reports success.
func (w *Wish) clusterMesh(v Values, chart *semver.Version) {
	set(v, true, "clustermesh", "useAPIServer")
	set(v, true, "clustermesh", "config", "enabled")
	set(v, clusters(w.Peers, chart), "clustermesh", "config", "clusters")
	if w.MaxConnectedClusters > 0 {
		set(v, w.MaxConnectedClusters, "clustermesh", "maxConnectedClusters")
	}
	set(v, "LoadBalancer", "clustermesh", "apiserver", "service", "type")
	annotations := Values{}
	for key, value := range w.Service.Annotations() {
		annotations[key] = value
	}
	set(v, annotations, "clustermesh", "apiserver", "service", "annotations")
	method := w.TLSMethod
	if method == "" {
		method = MethodHelm
	}
	if method != MethodProvided {
		set(v, true, "clustermesh", "apiserver", "tls", "auto", "enabled")
		set(v, method, "clustermesh", "apiserver", "tls", "auto", "method")
	}
	if knowsDialer(chart) {
		// Host aliases are part of the pod's template: with them, each new
		// member would restart clustermesh-apiserver in all the others, and
		// its etcd, which lives in memory, would have to be read anew.
		set(v, true, "clustermesh", "disableKubernetesHostAliases")
	}
}

func (w *Wish) extras(v Values) {
	if !w.LBIPAM {
		set(v, "none", "defaultLBServiceIPAM")
	}
	if w.RollOut {
		set(v, true, "rollOutCiliumPods")
		set(v, true, "operator", "rollOutPods")
	}
	if w.HubbleRelay || w.HubbleUI { // the UI asks the relay
		set(v, true, "hubble", "enabled")
		set(v, true, "hubble", "relay", "enabled")
	}
	if w.HubbleUI {
		set(v, true, "hubble", "ui", "enabled")
	}
}

// knowsClusterMap: from 1.19 on the chart takes clusters as a map by name.
func knowsClusterMap(chart *semver.Version) bool { return atLeast(chart, 1, 19) }

// knowsDialer: from 1.20 on agents resolve peers from their own configuration,
// so that the chart can leave host aliases out.
func knowsDialer(chart *semver.Version) bool { return atLeast(chart, 1, 20) }

// atLeast ignores what follows the minor version: a pre-release of 1.20 has
// 1.20's values.
func atLeast(v *semver.Version, major, minor uint64) bool {
	return v.Major() > major || v.Major() == major && v.Minor() >= minor
}

// clusters spells peers as the chart's version reads them.
func clusters(peers []mesh.Peer, chart *semver.Version) any {
	byName := Values{}
	for _, peer := range peers {
		byName[peer.Name] = dialled(peer)
	}
	if knowsClusterMap(chart) {
		return byName
	}
	return clusterList(byName)
}

// dialled spells one peer: ips if all its addresses are IPs, for which the
// chart arranges a name that the peer's certificate covers; address otherwise.
func dialled(peer mesh.Peer) Values {
	entry := Values{"port": peer.Port}
	ips := make([]any, 0, len(peer.Addresses))
	for _, address := range peer.Addresses {
		if _, err := netip.ParseAddr(address); err != nil {
			entry["address"] = address
			return entry
		}
		ips = append(ips, address)
	}
	entry["ips"] = ips
	return entry
}

// set puts value at path, making the maps on the way.
func set(v Values, value any, path ...string) {
	for _, key := range path[:len(path)-1] {
		next, ok := v[key].(Values)
		if !ok {
			next = Values{}
			v[key] = next
		}
		v = next
	}
	v[path[len(path)-1]] = value
}

// Has says whether values have something at path.
func Has(v Values, path ...string) bool {
	_, ok := get(v, path...)
	return ok
}

// At returns what values have at path, and whether something is there.
func At(v Values, path ...string) (any, bool) { return get(v, path...) }

// get returns what is at path, and whether something is.
func get(v Values, path ...string) (any, bool) {
	var at any = v
	for _, key := range path {
		m, ok := at.(Values)
		if !ok {
			return nil, false
		}
		if at, ok = m[key]; !ok {
			return nil, false
		}
	}
	return at, true
}
