package values

import (
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// Alone returns values with which a cluster is in no mesh any more. Everything
// else stays, its name and id too, so that its pods keep what they have and it
// can join again. Nothing is set that the release would not have otherwise,
// and the argument is not changed.
func Alone(release Values) Values {
	out := clone(release)
	for _, path := range [][]string{{"clustermesh", "useAPIServer"}, {"clustermesh", "config", "enabled"}} {
		if on, ok := get(out, path...); ok && fmt.Sprint(on) != "false" {
			set(out, false, path...)
		}
	}
	clusters, _ := get(out, clusterPath()...)
	switch c := clusters.(type) {
	case Values:
		set(out, Values{}, clusterPath()...)
	case []any:
		set(out, c[:0], clusterPath()...)
	}
	return out
}

// MeshOn says whether values make a cluster part of a mesh, or did in part.
func MeshOn(release Values) bool { return !Equal(release, Alone(release)) }

// WithKubeProxy returns values with which Cilium leaves services to kube-proxy.
// Agents read that only when they start, so they are rolled out. How Cilium
// reaches the API server may stay: it holds with kube-proxy as well.
func WithKubeProxy(release Values) Values {
	out := clone(release)
	if at, ok := get(out, "kubeProxyReplacement"); !ok || fmt.Sprint(at) == "false" {
		return out
	}
	set(out, false, "kubeProxyReplacement")
	set(out, true, "rollOutCiliumPods")
	set(out, true, "operator", "rollOutPods")
	return out
}

// PeersInTemplate says which pods have the addresses of these peers in their
// template, and restart when the peers go: the name of a workload, or empty if
// there is none. Charts from 1.20 on leave them out if they are told to.
func PeersInTemplate(release Values, chartVersion string, names []string) string {
	if off, _ := get(release, "clustermesh", "disableKubernetesHostAliases"); off == true {
		if version, err := semver.NewVersion(chartVersion); err != nil || knowsDialer(version) {
			return ""
		}
	}
	all, _ := get(withClusterMap(release), clusterPath()...)
	byName, _ := all.(Values)
	aliased := slices.ContainsFunc(names, func(name string) bool {
		entry, _ := byName[name].(Values)
		ips, _ := entry["ips"].([]any)
		return len(ips) > 0 && entry["enabled"] != false
	})
	apiServer, _ := get(release, "clustermesh", "useAPIServer")
	kvstoreMesh, said := get(release, "clustermesh", "apiserver", "kvstoremesh", "enabled")
	switch {
	case !aliased:
		return ""
	case apiServer == true && (!said || kvstoreMesh == true):
		return "clustermesh-apiserver"
	}
	return "cilium"
}

// MakesCA says whether the chart itself writes Secret cilium-ca with these
// values: for the mesh's certificates, for Hubble's, or because the CA is
// among the values. Otherwise Helm deletes a CA that an earlier revision wrote.
func MakesCA(release Values) bool {
	return GivesCA(release) ||
		CertMethod(release, cilium.ServerCertSecret) == MethodHelm ||
		CertMethod(release, "hubble-server-certs") == MethodHelm
}
