package rbac

import (
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// SecretsNamespace is the namespace that Cilium's chart makes for the TLS
// secrets of policies.
const SecretsNamespace = "cilium-secrets"

// Object is one that Helm keeps, by what RBAC calls it.
type Object struct{ Group, Resource, Namespace, Name string }

// chart are the objects that Cilium's chart makes of the values that kubectl
// aksmesh sets, Hubble relay among them.
func chart() []Object {
	var all []Object
	for _, k := range []struct {
		kind
		names []string
	}{
		{kind{core, "namespaces", ""}, []string{SecretsNamespace}},
		{in("serviceaccounts"), []string{"cilium", "cilium-envoy", "cilium-operator", "clustermesh-apiserver", "hubble-relay"}},
		{in("configmaps"), []string{"cilium-config", "cilium-envoy-config", "clustermesh-remote-users", "hubble-relay-config", rootCA}},
		{in("secrets"), []string{
			cilium.CASecret, cilium.PeersSecret, cilium.KVStorePeerSecret, "clustermesh-apiserver-admin-cert", cilium.LocalCertSecret,
			cilium.RemoteCertSecret, cilium.ServerCertSecret, "hubble-relay-client-certs", "hubble-server-certs",
		}},
		{in("services"), []string{"cilium-envoy", cilium.MeshService, "clustermesh-apiserver-metrics", "hubble-peer", "hubble-relay"}},
		{kind{apps, "daemonsets", mesh.Namespace}, []string{cilium.AgentDaemonSet, "cilium-envoy"}},
		{kind{apps, "deployments", mesh.Namespace}, []string{cilium.OperatorDeployment, cilium.MeshDeployment, "hubble-relay"}},
		{kind{rbacGroup, "clusterroles", ""}, []string{"cilium", "cilium-operator", "clustermesh-apiserver"}},
		{kind{rbacGroup, "clusterrolebindings", ""}, []string{"cilium", "cilium-operator", "clustermesh-apiserver"}},
		{kind{rbacGroup, "roles", mesh.Namespace}, []string{"cilium-config-agent", "cilium-operator-ztunnel"}},
		{kind{rbacGroup, "rolebindings", mesh.Namespace}, []string{"cilium-config-agent", "cilium-operator-ztunnel"}},
		{kind{rbacGroup, "roles", SecretsNamespace}, []string{"cilium-operator-tlsinterception-secrets", "cilium-tlsinterception-secrets"}},
		{kind{rbacGroup, "rolebindings", SecretsNamespace}, []string{"cilium-operator-tlsinterception-secrets", "cilium-tlsinterception-secrets"}},
	} {
		for _, name := range k.names {
			all = append(all, Object{k.group, k.resource, k.namespace, name})
		}
	}
	return all
}

// HubbleUI is what a revision of Cilium's release needs besides [Helm] if it has
// Hubble UI, which only some meshes do.
func HubbleUI() []mesh.Right {
	const ui = "hubble-ui"
	return Apply([]Object{
		{core, "serviceaccounts", mesh.Namespace, ui},
		{core, "configmaps", mesh.Namespace, ui + "-nginx"},
		{core, "services", mesh.Namespace, ui},
		{apps, "deployments", mesh.Namespace, ui},
		{rbacGroup, "clusterroles", "", ui},
		{rbacGroup, "clusterrolebindings", "", ui},
	})
}

// OfHubbleUI says whether a right is needed for Hubble UI alone.
func OfHubbleUI(right mesh.Right) bool {
	return strings.HasPrefix(right.Name, "hubble-ui") && slices.Contains(HubbleUI(), right)
}

// rootCA is the ConfigMap of the chart's tls.caBundle: there while a mesh
// trusts two authorities.
const rootCA = "cilium-root-ca.crt"

// Helm is what a revision of Cilium's release needs. Server-side apply makes
// and changes objects by patch, so that each can be named; Helm's records are
// Secrets whose names end in the revision's number.
func Helm() []mesh.Right {
	return Join(
		// Helm reads the newest revision, writes it and the one before, and
		// deletes the eleventh; the chart looks Hubble's certificates up.
		in("secrets").may("get", "list", "create", "update", "delete"),
		Apply(chart()),
		in("configmaps").only(rootCA, "get", "delete"), // of a trust that has ended
	)
}

// Apply is what it takes to make and change objects of a release.
//
// The API server lets nobody write a role with rights that they do not have
// themselves (escalate), nor bind a role to somebody without having its rights
// (bind). Cilium's roles have rights that nobody else needs, as to write nodes'
// status and all of cilium.io. So both verbs are granted, for the chart's own
// roles: server-side apply names what it makes, so that no others are needed.
func Apply(objects []Object) []mesh.Right {
	var rights []mesh.Right
	for _, o := range objects {
		k := kind{o.Group, o.Resource, o.Namespace}
		rights = append(rights, k.may("list")...) // whose what exists is
		rights = append(rights, k.only(o.Name, "create", "patch")...)
		if o.Group != rbacGroup {
			continue
		}
		switch o.Resource {
		case "roles", "clusterroles":
			// A binding has the name of the role that it binds.
			rights = append(rights, k.only(o.Name, "escalate", "bind")...)
		}
	}
	return Join(rights)
}

// Unmesh is what it takes to delete what only a mesh has.
func Unmesh() []mesh.Right {
	const name = cilium.MeshDeployment
	return Join(
		kind{rbacGroup, "clusterroles", ""}.only(name, "get", "delete"),
		kind{rbacGroup, "clusterrolebindings", ""}.only(name, "get", "delete"),
		in("serviceaccounts").only(name, "get", "delete"),
		in("configmaps").only("clustermesh-remote-users", "get", "delete"),
		in("services").each([]string{cilium.MeshService, "clustermesh-apiserver-metrics"}, "get", "delete"),
		kind{apps, "deployments", mesh.Namespace}.only(name, "get", "delete"),
		kind{batch, "cronjobs", mesh.Namespace}.only(generateCerts, "get"),
		kind{batch, "jobs", mesh.Namespace}.may("list"),
	)
}

// generateCerts is the chart's CronJob of certificates.
const generateCerts = "clustermesh-apiserver-generate-certs"

// Rollout is what waiting for Cilium needs: until its workloads are ready and
// its agents connected.
func Rollout() []mesh.Right {
	return Join(
		kind{apps, "daemonsets", mesh.Namespace}.may("list", "watch"),
		kind{apps, "daemonsets", mesh.Namespace}.only(cilium.AgentDaemonSet, "get"), // what runs now
		kind{apps, "deployments", mesh.Namespace}.may("list", "watch"),
		in("pods").may("list", "watch", "delete"), // delete: of one that has overlooked a cluster
		in("services").only(cilium.MeshService, "watch"),
		in("events").may("list"), // why an address does not come
		Agents(),
	)
}
