package join

import (
	"context"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// kubeProxyTimeout bounds Azure's update of a cluster, which takes minutes.
const kubeProxyTimeout = 20 * time.Minute

func (r *run) kubeProxyStep(c *Cluster) *plan.Step {
	if !c.KubeProxy.Needed {
		return nil
	}
	step := &plan.Step{
		ID: stepKubeProxy, Action: plan.Update, Object: "managedCluster " + c.KubeProxy.AzureID,
		Summary: "switch kube-proxy off through Azure",
		Diff:    []string{"- properties.networkProfile.kubeProxyConfig.enabled: true", "+ properties.networkProfile.kubeProxyConfig.enabled: false"},
		Do: func(ctx context.Context, say func(string)) error {
			ctx, cancel := context.WithTimeout(ctx, kubeProxyTimeout)
			defer cancel()
			return r.stopKubeProxy(ctx, c, say)
		},
	}
	if c.KubeProxy.AfterCilium {
		step.Needs = []string{id(c.Context, stepHelm), id(c.Context, stepReady)}
	}
	return step
}

func (r *run) stopKubeProxy(ctx context.Context, c *Cluster, say func(string)) error {
	id, err := azure.ParseID(c.KubeProxy.AzureID)
	if err != nil {
		return err
	}
	if err := r.live.Azure.SetKubeProxy(ctx, id, false, say); err != nil {
		return err
	}
	say("waiting for DaemonSet kube-proxy to go")
	return rollout.Gone(ctx, r.live.Clusters[c.Context], "kube-proxy")
}

func (r *run) caStep(c *Cluster) *plan.Step {
	step := &plan.Step{ID: stepCA, Action: plan.Create, Object: "Secret " + cilium.Namespace + "/" + cilium.CASecret}
	switch c.CA.Action {
	case MakeCA:
		step.Summary = "make the mesh's certificate authority (ECDSA P-256, ten years)"
		step.Do = func(ctx context.Context, _ func(string)) error { return r.makeCA(ctx, c) }
	case CopyCA:
		step.Summary = "copy the certificate authority from " + c.CA.From
		step.Needs = []string{id(c.CA.From, stepCA)}
		step.Do = func(ctx context.Context, _ func(string)) error { return r.copyCA(ctx, c) }
	case ReplaceCA:
		step.Action = plan.Update
		step.Summary = "replace the certificate authority by that of " + c.CA.From
		step.Diff = caDiff(c, r.draft.find(c.CA.From))
		step.Needs = append(r.beforeMove(), id(c.CA.From, stepCA))
		step.Do = func(ctx context.Context, _ func(string)) error { return r.replaceCA(ctx, c) }
	case AdoptCA:
		step.Action = plan.Update
		step.Summary = "mark the certificate authority as the Helm release's"
		step.Do = func(ctx context.Context, _ func(string)) error { return r.replaceCA(ctx, c) }
	default:
		return nil
	}
	return step
}

func caDiff(c, source *Cluster) []string {
	var diff []string
	if c.seen.CA != nil {
		diff = append(diff, "- SHA-256 "+c.seen.CA.Fingerprint)
	}
	if source != nil && source.seen.CA != nil {
		diff = append(diff, "+ SHA-256 "+source.seen.CA.Fingerprint)
	}
	return diff
}

func (r *run) ipsecStep(c *Cluster) *plan.Step {
	if !c.IPsec.Needed {
		return nil
	}
	step := &plan.Step{
		ID: stepIPsec, Action: plan.Create, Object: "Secret " + cilium.Namespace + "/" + cilium.IPsecSecret,
		Summary: "make the mesh's IPsec key",
		Do:      func(ctx context.Context, _ func(string)) error { return r.shareIPsecKey(ctx, c) },
	}
	if c.IPsec.From != "" {
		step.Summary = "copy the IPsec key from " + c.IPsec.From
		step.Needs = []string{id(c.IPsec.From, stepIPsec)}
	}
	return step
}

func (r *run) serviceStep(c *Cluster) *plan.Step {
	if c.GitOps != "" || !c.Service.Needed && len(c.Service.Addresses) > 0 {
		return nil
	}
	step := &plan.Step{
		ID: stepService, Action: plan.Create, Object: "Service " + cilium.Namespace + "/" + cilium.MeshService,
		Summary: "get an internal load balancer's address for the mesh's control plane",
		Diff:    serviceDiff(c, r.draft.serviceWish(c)),
		Check:   func(ctx context.Context) error { return r.applyService(ctx, c, true) },
		Do:      func(ctx context.Context, say func(string)) error { return r.getAddress(ctx, c, say) },
	}
	switch {
	case !c.Service.Needed:
		step.Action, step.Diff, step.Check = plan.Wait, nil, nil
	case c.Service.Exists:
		step.Action = plan.Update
	}
	if len(c.Service.Before) > 0 {
		step.Summary += ", in place of " + strings.Join(c.Service.Before, ", ")
	}
	return step
}

func (r *run) helmStep(c *Cluster) *plan.Step {
	if !c.Helm.Needed || c.GitOps != "" {
		return nil
	}
	step := &plan.Step{
		ID: stepHelm, Action: plan.Update, Object: releaseObject,
		Summary: "bring the mesh's settings to Cilium " + c.Helm.ChartVersion,
		Diff:    c.Helm.Diff,
		Needs:   []string{id(c.Context, stepCA), id(c.Context, stepIPsec)},
		// Without an address a cluster is left out of the others' settings:
		// they join each other, and the next join brings the rest.
		After: r.everywhere(stepService),
		Check: func(ctx context.Context) error {
			return r.revision(c, c.mainPhase()).DryRun(ctx, r.live.Clusters[c.Context])
		},
		Do: func(ctx context.Context, say func(string)) error {
			return r.applyHelm(ctx, c, c.mainPhase(), say)
		},
	}
	if c.Helm.Install {
		step.Action, step.Summary = plan.Create, "install Cilium "+c.Helm.ChartVersion+" as "+c.Name+" (id "+itoa(c.ID)+")"
	}
	if c.Helm.Recover {
		step.Summary += ", after an interrupted revision"
	}
	return step
}

func (r *run) readyStep(c *Cluster) *plan.Step {
	// Some changes are only safe once Cilium is ready, waited for or not:
	// kube-proxy goes after Cilium has taken over, and trust in a CA ends after
	// nobody needs it.
	needed := r.live.Wait || c.KubeProxy.Needed && c.KubeProxy.AfterCilium || c.Move.End
	if !needed || c.GitOps != "" {
		return nil
	}
	step := r.waitStep(c, stepReady, "wait until every part of Cilium is ready", id(c.Context, stepHelm))
	wait := step.Do
	step.Do = func(ctx context.Context, say func(string)) error {
		if err := wait(ctx, say); err != nil {
			return err
		}
		r.sessions.Expect(c.Name)
		return nil
	}
	return step
}

func (r *run) connectedStep(c *Cluster) *plan.Step {
	if !r.live.Wait || c.GitOps != "" {
		return nil
	}
	return &plan.Step{
		ID: stepConnected, Action: plan.Wait, Object: "mesh", Summary: "wait until every agent sees every other cluster",
		Needs: []string{id(c.Context, stepReady)}, After: r.everywhere(stepReady),
		Do: func(ctx context.Context, say func(string)) error {
			defer r.sessions.Tell(c.Name, "") // whatever comes: nobody waits for this cluster's word any longer
			view := rollout.View{Name: c.Name, Clusters: r.expected(c), Sessions: &r.sessions}
			return rollout.Connected(ctx, r.live.Clusters[c.Context], view, say)
		},
	}
}
