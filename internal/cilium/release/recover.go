package release

import (
	"context"
	"fmt"

	"helm.sh/helm/v4/pkg/release/common"
	"k8s.io/client-go/kubernetes"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// cutOff is what Helm's history says of a revision that nobody works on any more.
const cutOff = "cut off; found and marked as failed by kubectl-aksmesh"

// Recover makes a release changeable again whose newest revision is still
// pending because kubectl-aksmesh was killed while it made it: the revision is
// marked as failed, and the next [Apply] starts from there. It says whether
// it did so. A revision that somebody else's Helm left pending is not touched:
// that gives [ErrPending].
//
// A revision of ours can also be pending because another kubectl-aksmesh is at
// work right now. Both then end with the same objects, as both make them from
// the same wish; Helm's history shows one revision more.
func Recover(ctx context.Context, client kubernetes.Interface, namespace string) (bool, error) {
	store := newHistory(ctx, client, namespace)
	meta, err := store.newest()
	if err != nil || meta == nil || !pending(meta.Labels["status"]) {
		return false, err
	}
	if !ours(meta) {
		return false, fmt.Errorf("helm release %s, revision %d: %w: it is %s, and kubectl-aksmesh did not start it",
			cilium.ReleaseName, revision(meta), ErrPending, meta.Labels["status"])
	}
	got, err := store.Get(meta.Name)
	if err != nil {
		return false, fmt.Errorf("helm release %s, revision %d: %w", cilium.ReleaseName, revision(meta), err)
	}
	cut, err := asV1(got)
	if err != nil {
		return false, err
	}
	cut.SetStatus(common.StatusFailed, cutOff)
	if err := store.Update(meta.Name, cut); err != nil {
		return false, fmt.Errorf("helm release %s, revision %d, cannot be marked as failed: %w", cilium.ReleaseName, revision(meta), err)
	}
	return true, nil
}
