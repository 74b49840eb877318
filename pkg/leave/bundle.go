package leave

import (
	"context"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// dropsBundle says whether the trust bundle goes as a whole, or was left by a
// leave that was cut short.
func (c *Cluster) dropsBundle() bool {
	left := c.seen.CA != nil && c.seen.CA.BundleKept
	return (left || values.MakesBundle(c.seen.Release.Values)) && !values.MakesBundle(c.wanted)
}

// keepBundleStep has the bundle outlive the revision that has it made no more:
// agents are rolled out after that, and those yet to come mount it.
func (r *run) keepBundleStep(c *Cluster) *plan.Step {
	if !c.Bundle || !c.Helm.Needed {
		return nil
	}
	step := &plan.Step{
		ID: stepBundle, Action: plan.Update, Object: c.bundle().Object(cilium.Namespace),
		Summary: "have Helm keep the trust bundle until no pod mounts it",
		Diff:    []string{`+ metadata.annotations."helm.sh/resource-policy": keep`},
		Do: func(ctx context.Context, _ func(string)) error {
			return rollout.KeepBundle(ctx, r.cluster(c), c.bundle())
		},
	}
	if c.Leaves {
		step.Needs = r.forgotten()
	}
	return step
}

func (r *run) dropBundleStep(c *Cluster) *plan.Step {
	if !c.Bundle {
		return nil
	}
	return &plan.Step{
		ID: stepBundleEnd, Action: plan.Delete, Object: c.bundle().Object(cilium.Namespace), Summary: "delete the trust bundle",
		Needs: []string{id(c.Context, stepHelm), id(c.Context, stepReady)},
		Do: func(ctx context.Context, _ func(string)) error {
			return rollout.DropBundle(ctx, r.cluster(c), c.bundle())
		},
	}
}

func (c *Cluster) bundle() values.Bundle { return values.BundleOf(c.seen.Release.Values) }
