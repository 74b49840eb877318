package rotate

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

func (r *run) makeNext(ctx context.Context, c *Cluster) error {
	pair, err := pki.NewCA(time.Now())
	if err != nil {
		return fmt.Errorf("the certificate authority could not be made: %w", err)
	}
	_, err = rollout.CreateSecret(ctx, r.live.Clusters[c.Context], pki.NextSecret(cilium.Namespace, pair))
	return err
}

// checkNext asks the API server whether the new CA's secret may be made.
func (r *run) checkNext(ctx context.Context, c *Cluster) error {
	_, err := r.live.Clusters[c.Context].Client.CoreV1().Secrets(cilium.Namespace).Create(ctx, pki.NextSecret(cilium.Namespace, pki.Pair{}),
		metav1.CreateOptions{FieldManager: cilium.FieldManager, DryRun: []string{metav1.DryRunAll}})
	return err
}

// newCA is what the keeper holds: that counts, whoever made it.
func (r *run) newCA(ctx context.Context) (pki.Pair, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.next.Cert) > 0 {
		return r.next, nil
	}
	pair, err := rollout.ReadCA(ctx, r.live.Clusters[r.draft.Keeper], cilium.NextCASecret)
	if err == nil {
		r.next = pair
	}
	return pair, err
}

// bundle joins the CAs of all clusters, those that they trust for a while
// already, and the new one. It is read once, before any CA is replaced.
func (r *run) bundle(ctx context.Context) ([]byte, error) {
	next, err := r.newCA(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trusted != nil {
		return r.trusted, nil
	}
	all := [][]byte{next.Cert}
	for i := range r.draft.Clusters {
		c := &r.draft.Clusters[i]
		if left := values.TrustBundle(c.seen.Release.Values); left != nil {
			all = append(all, left)
		}
		pair, err := rollout.ReadCA(ctx, r.live.Clusters[c.Context], cilium.CASecret)
		if err != nil {
			return nil, err
		}
		all = append(all, pair.Cert)
	}
	r.trusted, err = pki.Trust(all...)
	return r.trusted, err
}

// phase tells a cluster's revisions apart.
type phase int

const (
	trusting phase = iota // trust both CAs
	signing               // and have certificates of the new one
	settled               // trust the new one only
)

// apply makes a revision with the release's own values, and the phase's trust.
func (r *run) apply(ctx context.Context, c *Cluster, phase phase, description string, say func(string)) error {
	revision := rollout.Revision{
		Recover: c.seen.Release.Ours && strings.HasPrefix(c.seen.Release.Status, "pending-"),
		Change: func(ctx context.Context) (release.Change, error) {
			chart, err := r.live.Chart(ctx, c.Context, c.seen.Release.ChartVersion)
			if err != nil {
				return release.Change{}, err
			}
			wanted, err := r.wanted(ctx, c, phase)
			if err != nil {
				return release.Change{}, err
			}
			return release.Change{
				Namespace: cilium.Namespace, Seen: c.seen.Release.Revision, Chart: chart, Values: wanted,
				Description: "ca rotate: " + description, Reissue: phase == signing,
			}, nil
		},
	}
	_, err := revision.Apply(ctx, r.live.Clusters[c.Context], say)
	return err
}

// wanted are the release's own values with the phase's trust. A bundle of the
// user's own counts instead of the cluster's CA, so it has the new one at the
// end, and not the old ones.
func (r *run) wanted(ctx context.Context, c *Cluster, phase phase) (values.Values, error) {
	own := values.WithoutTrustBundle(c.seen.Release.Values)
	if phase == settled && values.OwnBundle(own) == "" {
		return own, nil
	}
	bundle, err := r.bundle(ctx)
	if err != nil {
		return nil, err
	}
	if phase != settled {
		return values.WithTrust(own, bundle), nil
	}
	next, err := r.newCA(ctx)
	if err != nil {
		return nil, err
	}
	all, err := pki.Fingerprints(bundle)
	return values.ReplaceCAs(own, all, next.Cert), err
}

func (r *run) adopt(ctx context.Context, c *Cluster) error {
	pair, err := r.newCA(ctx)
	if err != nil {
		return err
	}
	return rollout.ReplaceCA(ctx, r.live.Clusters[c.Context], pair)
}

// issue has the certificates signed by the CA that the cluster has now: by the
// chart, and where some come from a CronJob, by a run of it.
func (r *run) issue(ctx context.Context, c *Cluster, say func(string)) error {
	jobs := c.cronJobs()
	if err := r.apply(ctx, c, signing, "sign with the new CA", say); err != nil || len(jobs) == 0 {
		return err
	}
	pair, err := r.newCA(ctx)
	if err != nil {
		return err
	}
	return runCertgen(ctx, r.live.Clusters[c.Context], jobs, pair, say)
}

// verifySigned reads back whose the certificates are that were to be signed.
func (r *run) verifySigned(ctx context.Context, c *Cluster) error {
	pair, err := r.newCA(ctx)
	if err != nil {
		return err
	}
	return rollout.Signed(ctx, r.live.Clusters[c.Context], c.seen.Release.Values, pair.Cert)
}

func (r *run) forget(ctx context.Context, c *Cluster) error {
	err := r.live.Clusters[c.Context].Client.CoreV1().Secrets(cilium.Namespace).Delete(ctx, cilium.NextCASecret, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("secret %s could not be deleted: %w", cilium.NextCASecret, err)
	}
	return nil
}
