package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"helm.sh/helm/v4/pkg/action"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"k8s.io/client-go/rest"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// maxHistory is how many revisions are kept: each is a Secret of about 0.3 MB.
const maxHistory = 10

// hookTimeout is how long a chart's hook may run. Only charts before 1.19 with
// certificates by cronJob have one, whose pod must first get its image; Helm
// itself would make 30 seconds of a zero.
const hookTimeout = 5 * time.Minute

// ErrPending means that the newest revision says that a Helm is in the middle
// of a change, and that it was not this process, and was not recovered.
var ErrPending = errors.New("a change of the helm release is in progress, or was cut off")

// ErrChanged means that somebody has made a revision that the change knows
// nothing of, and would take back.
var ErrChanged = errors.New("the release has changed since it was looked at: run the same command again")

// Change is one revision to be made.
type Change struct {
	Namespace string
	// Seen is the newest revision as it was when the values were made from it; 0
	// if there was no release. What this process has made since does not count.
	Seen int
	// Chart is used up: Helm changes it while rendering.
	Chart *chartv2.Chart
	// Values are all of the release's values; nothing of an earlier revision is added.
	Values map[string]any
	// Description is kept with the revision, as "join mesh of 3 clusters".
	Description string
	// Reissue has Hubble's certificates made anew, which the chart otherwise
	// keeps even if another CA signed them.
	Reissue bool
	// Back is the revision from before an upgrade, to be found again by
	// [GoBack]; 0 if the change is none.
	Back int
}

// Result is the revision that was made.
type Result struct {
	Revision int
	Status   string
}

// Apply installs or upgrades Cilium's release as one revision, without waiting
// for pods. Objects that carry the release's metadata are adopted; one that
// exists and does not carry it makes it fail before anything is written.
//
// say hears what is being done. A cancelled ctx ends it between two objects,
// and the revision is then recorded as failed; the next Apply repairs it.
// The same goes for a revision of this process whose failure could not even be
// recorded. Values must come complete ([Change]), so that Apply fails with
// [ErrChanged] if others have changed any since. It never waits for another Helm:
// it fails with [ErrPending] at a revision that one has pending, see [Recover].
func Apply(ctx context.Context, config *rest.Config, change Change, say func(text string)) (*Result, error) {
	helm, err := newHelm(ctx, config, change, false, say)
	if err == nil {
		err = helm.settle()
	}
	if err != nil {
		return nil, fmt.Errorf("helm release %s: %w", cilium.ReleaseName, err)
	}
	made, err := helm.run(ctx, action.DryRunNone)
	if err != nil {
		return nil, fmt.Errorf("helm release %s: %w", cilium.ReleaseName, err)
	}
	return &Result{Revision: made.Version, Status: made.Info.Status.String()}, nil
}

// DryRun asks the API server whether it would take the change: it renders the
// chart against the cluster, checks who owns what, and sends every object with
// dryRun=All. Objects in a namespace that the release itself makes cannot be
// asked about. recovered has it go on as if [Recover] had been there before.
func DryRun(ctx context.Context, config *rest.Config, change Change, recovered bool) error {
	helm, err := newHelm(ctx, config, change, recovered, func(string) {})
	if err == nil {
		err = helm.dryRun(ctx)
	}
	if err != nil {
		return fmt.Errorf("helm release %s, dry run: %w", cilium.ReleaseName, err)
	}
	return nil
}

// Try renders the change against the cluster and checks who owns what, as
// [Apply] begins; it writes nothing and sends no object. It tells early that a
// chart refuses values, and takes what the cluster has into account.
func Try(ctx context.Context, config *rest.Config, change Change) error {
	helm, err := newHelm(ctx, config, change, false, func(string) {})
	if err == nil {
		_, err = helm.run(ctx, action.DryRunServer)
	}
	if err != nil {
		return fmt.Errorf("helm release %s: %w", cilium.ReleaseName, err)
	}
	return nil
}
