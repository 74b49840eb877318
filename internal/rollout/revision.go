// Package rollout brings one revision of Cilium's release to a cluster and
// waits for what follows from it: addresses, ready pods, connected agents. Each
// wait watches what the API lets it watch, and says what it waits for.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Deployed is Helm's word for a revision that went well.
const Deployed = "deployed"

// A revision is tried a few times. Helm ends at the first request that fails;
// a revision that it records as failed, or that it could not record, is repaired
// by the next try, so a passing error costs a revision and not the whole change.
const (
	tries = 3
	pause = 2 * time.Second
)

// Revision is one revision of Cilium's release to be made.
type Revision struct {
	// Recover marks a revision as failed first that an earlier run left in the
	// middle.
	Recover bool
	// Change makes the change anew for each try: Helm uses charts up.
	Change func(ctx context.Context) (release.Change, error)
}

// Apply makes the revision, and tries again what may pass.
func (r *Revision) Apply(ctx context.Context, c *mesh.Cluster, say func(string)) (*release.Result, error) {
	if r.Recover {
		say("marking the interrupted revision as failed")
		if _, err := release.Recover(ctx, c.Client, cilium.Namespace); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		made, err := r.try(ctx, c, say)
		if err == nil || ctx.Err() != nil || try == tries || errors.Is(err, release.ErrPending) || errors.Is(err, release.ErrChanged) || !Passing(err) {
			return made, err
		}
		say("trying again: " + err.Error())
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// DryRun asks the API server whether it would take the revision.
func (r *Revision) DryRun(ctx context.Context, c *mesh.Cluster) error {
	change, err := r.Change(ctx)
	if err != nil {
		return err
	}
	return release.DryRun(ctx, c.Config, change, r.Recover)
}

func (r *Revision) try(ctx context.Context, c *mesh.Cluster, say func(string)) (*release.Result, error) {
	change, err := r.Change(ctx)
	if err != nil {
		return nil, err
	}
	made, err := release.Apply(ctx, c.Config, change, say)
	if err != nil {
		return nil, err
	}
	if made.Status != Deployed {
		return nil, fmt.Errorf("helm release %s: revision %d is %s", cilium.ReleaseName, made.Revision, made.Status)
	}
	return made, nil
}

// Passing is true for errors after which a write is worth another try: what
// the API server refused it will refuse again. The transport does not repeat
// creates, since they may have been carried out.
func Passing(err error) bool {
	return !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) && !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) && !apierrors.IsNotFound(err)
}
