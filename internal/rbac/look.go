package rbac

import (
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Look is what it takes to see a cluster as a member of a mesh, without asking
// agents (package collect). Secrets are listed: the Helm release is in them,
// the certificate authority, and whom the cluster dials.
func Look() []mesh.Right {
	return Join(
		kind{core, "namespaces", ""}.only(mesh.Namespace, "get"), // its UID is the cluster's
		kind{core, "services", "default"}.only("kubernetes", "get"),
		kind{core, "nodes", ""}.may("list"),
		kind{networking, "servicecidrs", ""}.may("list"),
		in("secrets").may("list"),
		in("configmaps").may("list"),
		in("services").only(cilium.MeshService, "get"),
		kind{apps, "daemonsets", mesh.Namespace}.may("list"),
		kind{apps, "deployments", mesh.Namespace}.may("list"),
		kind{ciliumIO, "ciliumnodes", ""}.may("list"),
		kind{ciliumIO, "ciliumloadbalancerippools", ""}.may("list"),
	)
}

// Agents is what it takes to ask Cilium's own pods. A command runs by a
// websocket, which is a get, or where that does not pass by SPDY, a create;
// Kubernetes wants create for websockets, too, from 1.35.
func Agents() []mesh.Right {
	return Join(in("pods").may("list"), in("pods/exec").may("get", "create"))
}

// Services is what it takes to see services and what decides who answers their
// clients, in one namespace or (empty) in all.
func Services(namespace string) []mesh.Right {
	namespaces := kind{core, "namespaces", ""}.may("get", "list") // get: for looks at one
	if namespace != "" {
		namespaces = kind{core, "namespaces", ""}.only(namespace, "get")
	}
	return Join(
		in("configmaps").only(cilium.ConfigMap, "get"),
		in("secrets").each([]string{cilium.KVStorePeerSecret, cilium.PeersSecret}, "get"), // the other members
		kind{apps, "daemonsets", mesh.Namespace}.only(cilium.AgentDaemonSet, "get"),       // their version
		namespaces,
		kind{core, "services", namespace}.may("list"),
		kind{discovery, "endpointslices", namespace}.may("list"),
		kind{networking, "networkpolicies", namespace}.may("list"),
		kind{ciliumIO, "ciliumnetworkpolicies", namespace}.may("list"),
		kind{ciliumIO, "ciliumclusterwidenetworkpolicies", ""}.may("list"),
		kind{core, "pods", namespace}.may("list"), // their labels, where there are policies
	)
}

// WatchServices is what services --watch needs on top.
func WatchServices(namespace string) []mesh.Right {
	return Join(kind{core, "services", namespace}.may("watch"), kind{discovery, "endpointslices", namespace}.may("watch"))
}

// Expose is what it takes to annotate services of a namespace, on top of
// [Services]. It writes by server-side apply.
func Expose(namespace string) []mesh.Right {
	return kind{core, "services", namespace}.may("get", "patch")
}

// MakeServices is what expose --create needs on top. The namespace is not
// made: a role in it could not be given beforehand.
func MakeServices(namespace string) []mesh.Right {
	return kind{core, "services", namespace}.may("create")
}

// Unexpose is [Expose] and the removal of services that expose made.
func Unexpose(namespace string) []mesh.Right {
	return kind{core, "services", namespace}.may("get", "patch", "delete")
}

// Probe is what it takes to run short-lived pods in a namespace, and to see
// that they are gone. Their names are the API server's choice.
func Probe(namespace string) []mesh.Right {
	return Join(
		kind{core, "pods", namespace}.may("get", "list", "watch", "create", "delete"),
		kind{core, "pods/log", namespace}.may("get"),
		kind{core, "events", namespace}.may("list"), // why a pod does not start
	)
}

// ProbeMesh is [Probe] for measurements between nodes, which are chosen first.
func ProbeMesh(namespace string) []mesh.Right {
	return Join(kind{core, "nodes", ""}.may("list"), Probe(namespace))
}

// Flows is what it takes to read flows from Hubble relay.
func Flows() []mesh.Right {
	return Join(
		in("services").only("hubble-relay", "get"),
		in("pods").may("list"),
		in("configmaps").only("hubble-relay-config", "get"),
		in("secrets").only(cilium.CASecret, "get"), // of relays with TLS
		in("pods/portforward").may("get", "create"),
	)
}
