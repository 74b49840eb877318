package join

import (
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rbac"
)

// Rights are the permissions that join needs in every cluster: to see it, to
// make a revision of Cilium's release with the Service and the secrets that come
// before it, and to wait for Cilium. An upgrade and a rotation of the authority
// need no others, where Helm itself makes the certificates.
func Rights() []mesh.Right {
	return rbac.Join(rbac.Look(), rbac.Helm(), rbac.Rollout())
}
