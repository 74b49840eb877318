package leave

import (
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rbac"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// Rights are the permissions that leave needs in every cluster, whether it
// leaves or stays: those of join, since the release gets a revision, and to
// delete what the mesh was made of.
func Rights() []mesh.Right {
	return rbac.Join(join.Rights(), rbac.Unmesh())
}
