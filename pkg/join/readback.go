package join

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// isReadBack says whether a cluster has certificates by this join that are of
// the shared CA, once a move has come so far.
func (c *Cluster) isReadBack() bool { return c.GitOps == "" && c.signs() }

// endsTrust says whether trust in other CAs ends in any cluster. That concerns
// all of them: the others dial it, and it dials them.
func (d *Draft) endsTrust() bool {
	return slices.ContainsFunc(d.Clusters, func(c Cluster) bool { return c.Move.End })
}

// renewedStep is why the end of the trust cuts nothing: whom it starts anew
// trusts the one CA only, and finds no certificate of another any more. Who was
// moved is not told by what a killed move has left, so all are asked.
func (r *run) renewedStep(c *Cluster) *plan.Step {
	if !r.live.Wait || !c.isReadBack() || !r.draft.endsTrust() {
		return nil
	}
	return &plan.Step{
		ID: stepRenewed, Action: plan.Wait, Object: "certificates",
		Summary: "read back that every pod of the mesh presents its new certificate (kubelets bring them within two minutes)",
		Needs:   []string{id(c.Context, stepConnected)},
		Do: func(ctx context.Context, say func(string)) error {
			wanted, err := r.draft.Values(c, nil)
			if err != nil {
				return err
			}
			return rollout.Renewed(ctx, r.live.Clusters[c.Context], wanted, r.expected(c), say)
		},
	}
}

// moved reads back, once, that every cluster has the one CA, and certificates of
// it: whoever has not would be cut off by the end of the trust in others.
func (r *run) moved(ctx context.Context) error {
	r.look.Lock()
	defer r.look.Unlock()
	if r.looked {
		return nil
	}
	shared, err := r.sharedCA(ctx, r.draft.caSource().Context)
	if err != nil {
		return err
	}
	for i := range r.draft.Clusters {
		c := &r.draft.Clusters[i]
		if !c.isReadBack() {
			continue
		}
		if err := r.hasMoved(ctx, c, shared.Cert); err != nil {
			return fmt.Errorf("trust in other authorities cannot end: context %q: %w", c.Context, err)
		}
	}
	r.looked = true
	return nil
}

func (r *run) hasMoved(ctx context.Context, c *Cluster, ca []byte) error {
	cluster := r.live.Clusters[c.Context]
	secret, err := cluster.Client.CoreV1().Secrets(cilium.Namespace).Get(ctx, cilium.CASecret, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("secret %s could not be read: %w", cilium.CASecret, err)
	}
	if err := rollout.HoldsCA(secret, pki.Pair{Cert: ca}); err != nil {
		return err
	}
	wanted, err := r.draft.Values(c, nil)
	if err != nil {
		return err
	}
	return rollout.Signed(ctx, cluster, wanted, ca)
}
