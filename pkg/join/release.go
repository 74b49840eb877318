package join

import (
	"context"
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// phase tells the revisions of one cluster apart while the mesh moves to
// another CA. Otherwise there is one revision, and it is settled.
type phase int

const (
	settled  phase = iota // trust the cluster's own CA
	trusting              // trust the CAs of all clusters
)

// mainPhase is the phase of the revision that every changed cluster gets. One
// whose trust in other CAs has ended does not begin it again.
func (c *Cluster) mainPhase() phase {
	if c.Move.End || c.Move.Left {
		return trusting
	}
	return settled
}

// applyHelm brings the cluster's release to the drafted values, now with the
// addresses that the mesh Services have.
func (r *run) applyHelm(ctx context.Context, c *Cluster, phase phase, say func(string)) error {
	revision := r.revision(c, phase)
	if _, err := revision.Apply(ctx, r.live.Clusters[c.Context], say); err != nil {
		return err
	}
	r.setSettled(c, true)
	return nil
}

func (r *run) revision(c *Cluster, phase phase) *rollout.Revision {
	return &rollout.Revision{Recover: c.Helm.Recover, Change: func(ctx context.Context) (release.Change, error) { return r.change(ctx, c, phase) }}
}

// change is the revision to make. The chart is loaded for each use, because
// Helm uses it up.
func (r *run) change(ctx context.Context, c *Cluster, phase phase) (release.Change, error) {
	chart, err := r.live.Chart(ctx, c.Context, c.Helm.ChartVersion)
	if err != nil {
		return release.Change{}, err
	}
	var bundle []byte
	if phase == trusting {
		if bundle, err = r.bundle(ctx); err != nil {
			return release.Change{}, err
		}
	}
	values, err := r.draft.valuesTrusting(c, r.knownAddresses(), bundle)
	if err == nil && phase == settled && c.Move.End {
		values, err = r.withSharedCA(ctx, c, values)
	}
	if err != nil {
		return release.Change{}, err
	}
	seen := 0
	if c.seen.Release != nil {
		seen = c.seen.Release.Revision
	}
	return release.Change{
		Namespace: cilium.Namespace, Seen: seen, Chart: chart, Values: values,
		Description: fmt.Sprintf("join mesh of %d clusters", len(r.draft.Clusters)),
		// Stale: an earlier join was killed after it had replaced the CA.
		Reissue: c.CA.Action != KeepCA || stale(c.seen),
	}, nil
}
