package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// request is one that the API server judged by a user's rights.
type request struct {
	mesh.Right
	code int
}

// requestOf reads a request out of the audit log; ok is false for those of no
// resource and for reviews, which every user may make.
func requestOf(t *testing.T, a apienv.Audited) (r request, ok bool) {
	t.Helper()
	u, err := url.ParseRequestURI(a.URI)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		r.Group, parts = parts[1], parts[3:]
	default:
		return r, false
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		r.Namespace, parts = parts[1], parts[2:]
	}
	r.Verb, r.Resource, r.code = a.Verb, parts[0], a.Code
	if len(parts) > 1 {
		r.Name = parts[1]
	}
	if len(parts) > 2 {
		r.Resource += "/" + parts[2]
	}
	if name, selected := strings.CutPrefix(u.Query().Get("fieldSelector"), "metadata.name="); selected {
		r.Name = name
	}
	return r, r.Group != "authorization.k8s.io"
}

// implied are the rights that the API server asks for besides a request's own.
func (r request) implied() []mesh.Right {
	as := func(verb, resource string) mesh.Right {
		right := r.Right
		right.Verb, right.Resource = verb, resource
		return right
	}
	switch {
	case r.Verb == "patch" && r.code == 201:
		return append(r.patched(as), as("create", r.Resource))
	case r.Verb == "patch":
		return r.patched(as)
	case r.Verb == "get" && (strings.HasSuffix(r.Resource, "/exec") || strings.HasSuffix(r.Resource, "/portforward")):
		return []mesh.Right{as("create", r.Resource)}
	}
	return nil
}

// patched are those for Cilium's roles and their bindings, of the same names.
func (r request) patched(as func(verb, resource string) mesh.Right) []mesh.Right {
	switch r.Resource {
	case "roles", "clusterroles":
		return []mesh.Right{as("escalate", r.Resource)}
	case "rolebindings":
		return []mesh.Right{as("bind", "roles")}
	case "clusterrolebindings":
		return []mesh.Right{as("bind", "clusterroles")}
	}
	return nil
}

// granted are the rights of roles, one by one, without a namespace if they
// hold in all.
func granted(roles []rbacv1.Role) []mesh.Right {
	var all []mesh.Right
	for i := range roles {
		for _, rule := range roles[i].Rules {
			names := rule.ResourceNames
			if len(names) == 0 {
				names = []string{""}
			}
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						for _, name := range names {
							all = append(all, mesh.Right{Verb: verb, Group: group, Resource: resource, Namespace: roles[i].Namespace, Name: name})
						}
					}
				}
			}
		}
	}
	return all
}

// usedBy says whether a request used the right.
func usedBy(right mesh.Right, requests []request) bool {
	return slices.ContainsFunc(requests, func(r request) bool {
		for _, used := range append(r.implied(), r.Right) {
			if right.Namespace == "" {
				used.Namespace = ""
			}
			if right.Name == "" {
				used.Name = ""
			}
			if used == right {
				return true
			}
		}
		return false
	})
}

// auditOf notes the present end of the audit logs. The returned function gives
// the user's requests since then.
func auditOf(t *testing.T, w *apienv.World, user string) func() []request {
	t.Helper()
	marks := make([]apienv.AuditMark, len(w.Members))
	for i, m := range w.Members {
		var err error
		if marks[i], err = m.AuditMark(); err != nil {
			t.Fatal(err)
		}
	}
	return func() []request {
		var all []request
		for i, m := range w.Members {
			audited, err := m.Audit(marks[i])
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range audited {
				if r, ok := requestOf(t, a); ok && a.User == user {
					all = append(all, r)
				}
			}
		}
		return all
	}
}
