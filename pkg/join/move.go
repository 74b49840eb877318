package join

import (
	"context"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// A move of connected clusters to another CA goes in three waves, each of
// which every connection survives:
//
//  1. trust: every cluster trusts all CAs. Members that keep their CA learn it
//     by their main revision, movers by one of their own.
//  2. The movers' CA is replaced, and their main revision signs anew.
//  3. trust-end: every cluster trusts the one CA only, once no pod presents a
//     certificate of another. The bundle outlives the revision, since agents
//     mount it until they are rolled out, node by node.

// beforeMove are the steps of the first wave in all clusters.
func (r *run) beforeMove() []string {
	if !r.draft.moving {
		return nil
	}
	needs := append(r.everywhere(stepTrust), r.everywhere(stepTrusted)...)
	for i := range r.draft.Clusters {
		// A cluster without Cilium has no connection to lose.
		if c := &r.draft.Clusters[i]; c.CA.Action != ReplaceCA && !c.New {
			needs = append(needs, id(c.Context, stepHelm), id(c.Context, stepReady))
		}
	}
	return needs
}

func (r *run) trustStep(c *Cluster) *plan.Step {
	if !c.Move.Trust {
		return nil
	}
	return &plan.Step{
		ID: stepTrust, Action: plan.Update, Object: releaseObject,
		Summary: "trust the old and the new certificate authority",
		Diff:    []string{"+ tls.caBundle: the CAs of all clusters"},
		After:   r.everywhere(stepService),
		Do: func(ctx context.Context, say func(string)) error {
			return r.applyHelm(ctx, c, trusting, say)
		},
	}
}

func (r *run) trustedStep(c *Cluster) *plan.Step {
	if !c.Move.Trust {
		return nil
	}
	return r.waitStep(c, stepTrusted, "wait until Cilium trusts both", id(c.Context, stepTrust))
}

// beforeEnd are the steps after which nobody needs another CA.
func (r *run) beforeEnd() []string {
	needs := append(r.everywhere(stepHelm), r.everywhere(stepReady)...)
	needs = append(needs, r.everywhere(stepConnected)...)
	return append(needs, r.everywhere(stepRenewed)...)
}

func (r *run) keepBundleStep(c *Cluster) *plan.Step {
	if !c.Move.End || !c.Move.Bundle {
		return nil
	}
	return &plan.Step{
		ID: stepBundle, Action: plan.Update, Object: c.bundle().Object(cilium.Namespace),
		Summary: "have Helm keep the trust bundle until no pod mounts it",
		Diff:    []string{`+ metadata.annotations."helm.sh/resource-policy": keep`},
		Needs:   r.beforeEnd(),
		Do: func(ctx context.Context, _ func(string)) error {
			return rollout.KeepBundle(ctx, r.live.Clusters[c.Context], c.bundle())
		},
	}
}

func (r *run) endStep(c *Cluster) *plan.Step {
	if !c.Move.End {
		return nil
	}
	return &plan.Step{
		ID: stepEnd, Action: plan.Update, Object: releaseObject,
		Summary: "trust the shared certificate authority only",
		Diff:    []string{"- tls.caBundle: the CAs of all clusters"},
		Needs:   append(r.beforeEnd(), id(c.Context, stepBundle)),
		Do: func(ctx context.Context, say func(string)) error {
			if err := r.moved(ctx); err != nil {
				return err
			}
			return r.applyHelm(ctx, c, settled, say)
		},
	}
}

func (r *run) endedStep(c *Cluster) *plan.Step {
	if !c.Move.Bundle && (!c.Move.End || !r.live.Wait) {
		return nil
	}
	// Helm: a join that was killed in its last revision makes that one again.
	return r.waitStep(c, stepEnded, "wait until every part of Cilium is ready", id(c.Context, stepHelm), id(c.Context, stepEnd))
}

func (r *run) dropBundleStep(c *Cluster) *plan.Step {
	if !c.Move.Bundle {
		return nil
	}
	return &plan.Step{
		ID: stepBundleEnd, Action: plan.Delete, Object: c.bundle().Object(cilium.Namespace), Summary: "delete the trust bundle",
		Needs: []string{id(c.Context, stepEnded)},
		Do: func(ctx context.Context, _ func(string)) error {
			return rollout.DropBundle(ctx, r.live.Clusters[c.Context], c.bundle())
		},
	}
}

// bundle is where the cluster's release has its trust bundle.
func (c *Cluster) bundle() values.Bundle {
	if c.seen.Release == nil {
		return values.BundleOf(nil)
	}
	return values.BundleOf(c.seen.Release.Values)
}

// waitStep waits for a cluster to get ready. One that does not is not worth a
// wait of the others.
func (r *run) waitStep(c *Cluster, step, summary string, needs ...string) *plan.Step {
	return &plan.Step{
		ID: step, Action: plan.Wait, Object: "Cilium", Summary: summary, Needs: needs,
		Do: func(ctx context.Context, say func(string)) error {
			err := rollout.Ready(ctx, r.live.Clusters[c.Context], say)
			if err != nil {
				r.setSettled(c, false)
			}
			return err
		},
	}
}

const releaseObject = "Helm release " + cilium.Namespace + "/" + cilium.ReleaseName

// withSharedCA has a bundle of the release's own, which counts instead of the
// cluster's CA, name the shared CA in the place of those that have gone.
func (r *run) withSharedCA(ctx context.Context, c *Cluster, wanted values.Values) (values.Values, error) {
	if values.OwnBundle(wanted) == "" {
		return wanted, nil
	}
	trusted, err := r.bundle(ctx)
	if err != nil {
		return nil, err
	}
	shared, err := rollout.ReadCA(ctx, r.live.Clusters[c.Context], cilium.CASecret)
	if err != nil {
		return nil, err
	}
	gone, err := pki.Fingerprints(trusted)
	return values.ReplaceCAs(wanted, gone, shared.Cert), err
}

// bundle joins the CAs of all clusters, and those of a bundle that an earlier
// join left, to one that is the same everywhere. It is read once, before any
// CA is replaced.
func (r *run) bundle(ctx context.Context) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trusted != nil {
		return r.trusted, nil
	}
	var all [][]byte
	for i := range r.draft.Clusters {
		c := &r.draft.Clusters[i]
		if c.seen.Release != nil {
			if left := values.TrustBundle(c.seen.Release.Values); left != nil {
				all = append(all, left)
			}
		}
		if c.seen.CA == nil {
			continue
		}
		pair, err := rollout.ReadCA(ctx, r.live.Clusters[c.Context], cilium.CASecret)
		if err != nil {
			return nil, err
		}
		all = append(all, pair.Cert)
	}
	bundle, err := pki.Trust(all...)
	if err != nil {
		return nil, err
	}
	r.trusted = bundle
	return bundle, nil
}
