package api

import (
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestClustersOutOfReach expects all that keeps a join from looking at its
// clusters to be told at once.
func TestClustersOutOfReach(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	w.AddUnreachable(t, "gone")
	w.AddUnauthorized(t, "expired", w.Member(t, "aks-2"))
	w.AddForbidden(t, "stranger", w.Member(t, "aks-3"))
	writes := watch(t, w)
	r := w.Run(t, joining("aks-1,gone,expired,stranger")...)
	refused(t, r)
	says(t, r.Stderr, `"gone"`, `"expired"`, `"stranger"`, "nothing was changed")
	noWrites(t, writes)
}

func TestSameClusterTwice(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 1})
	w.AddUser(t, "again", w.Members[0], "admin")
	writes := watch(t, w)
	r := w.Run(t, joining("aks-1,again")...)
	refused(t, r)
	says(t, r.Stderr, `contexts "aks-1" and "again" are the same cluster`)
	noWrites(t, writes)
}
