package leave

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// caStep keeps the CA when the chart no longer writes it.
func (r *run) caStep(c *Cluster) *plan.Step {
	if !c.KeepCA {
		return nil
	}
	return &plan.Step{
		ID: stepCA, Action: plan.Update, Object: "Secret " + cilium.Namespace + "/" + cilium.CASecret,
		Summary: "have Helm keep the certificate authority, which the chart no longer writes without a mesh",
		Diff:    []string{`+ metadata.annotations."helm.sh/resource-policy": keep`},
		Needs:   r.forgotten(),
		Do: func(ctx context.Context, _ func(string)) error {
			patch := []byte(`{"metadata":{"annotations":{"helm.sh/resource-policy":"keep"}}}`)
			secrets := r.cluster(c).Client.CoreV1().Secrets(cilium.Namespace)
			err := retry.OnError(retry.DefaultBackoff, rollout.Passing, func() error {
				_, err := secrets.Patch(ctx, cilium.CASecret, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: cilium.FieldManager})
				return err
			})
			if err != nil {
				return fmt.Errorf("secret %s could not be kept from Helm: %w", cilium.CASecret, err)
			}
			return nil
		},
	}
}
