package rbac

import (
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// API groups.
const (
	core       = ""
	apps       = "apps"
	batch      = "batch"
	ciliumIO   = "cilium.io"
	discovery  = "discovery.k8s.io"
	networking = "networking.k8s.io"
	rbacGroup  = "rbac.authorization.k8s.io"
)

// kind is a resource in a namespace, or in none.
type kind struct{ group, resource, namespace string }

// in is a core resource of Cilium's namespace.
func in(resource string) kind { return kind{core, resource, mesh.Namespace} }

// may are rights on all objects of a kind.
func (k kind) may(verbs ...string) []mesh.Right { return k.only("", verbs...) }

// only are rights on the object of one name. That holds for get, update, patch
// and delete; for list and watch if the request selects that name; and for
// create if server-side apply makes the object. A plain create has no name yet.
func (k kind) only(name string, verbs ...string) []mesh.Right {
	var rights []mesh.Right
	for _, verb := range verbs {
		rights = append(rights, mesh.Right{Verb: verb, Group: k.group, Resource: k.resource, Namespace: k.namespace, Name: name})
	}
	return rights
}

// each is only for several names.
func (k kind) each(names []string, verbs ...string) []mesh.Right {
	var rights []mesh.Right
	for _, name := range names {
		rights = append(rights, k.only(name, verbs...)...)
	}
	return rights
}

// Join puts lists together; each right stays once.
func Join(lists ...[]mesh.Right) []mesh.Right {
	var all []mesh.Right
	for _, right := range slices.Concat(lists...) {
		if !slices.Contains(all, right) {
			all = append(all, right)
		}
	}
	return all
}
