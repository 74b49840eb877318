package rotate

import (
	"context"
	"sync"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// Live is what a draft's steps act on.
type Live struct {
	Clusters map[string]*mesh.Cluster // by context
	// Chart returns the chart of a version for the cluster of a context.
	Chart func(ctx context.Context, context, version string) (*chart.Chart, error)
	// Wait makes every wave wait until all agents are connected again, and not
	// only for ready pods.
	Wait bool
}

// IDs of steps, behind the cluster's context and a slash.
const (
	stepNext      = "next-ca"
	stepTrust     = "trust"
	stepTrusted   = "trusted"
	stepAdopt     = "ca"
	stepIssue     = "issue"
	stepIssued    = "issued"
	stepRenewed   = "renewed"
	stepKeep      = "bundle"
	stepEnd       = "trust-end"
	stepEnded     = "trust-ended"
	stepDrop      = "bundle-end"
	stepConnected = "connected"
	stepForget    = "next-ca-end"
)

// run is what steps hand to one another. It never leaves the process.
type run struct {
	draft *Draft
	live  Live

	mu      sync.Mutex
	next    pki.Pair
	trusted []byte // PEM: the CAs of all clusters and the new one

	sessions rollout.Sessions // of the last wave
}

// Plan binds the draft to live clusters.
func (d *Draft) Plan(live Live) plan.Plan {
	r := &run{draft: d, live: live}
	var p plan.Plan
	add := func(c *Cluster, step *plan.Step) {
		step.ID, step.Cluster = id(c.Context, step.ID), c.Context
		p.Steps = append(p.Steps, *step)
	}
	keeper := d.keeper()
	if !d.Resumed {
		add(keeper, r.nextStep(keeper))
	}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if c.Trust {
			add(c, r.trustStep(c))
		}
		if !d.moved { // an earlier run may have been killed before it waited
			add(c, r.wait(c, stepTrusted, stepTrust, "wait until Cilium trusts both and is connected"))
		}
		if c.Adopt {
			add(c, r.adoptStep(c))
		}
		if c.Issue {
			add(c, r.issueStep(c))
		}
		add(c, r.issuedStep(c))
		if live.Wait {
			add(c, r.renewedStep(c))
		}
		if c.End && c.Bundle {
			add(c, r.keepStep(c))
		}
		if c.End {
			add(c, r.endStep(c))
		}
		if c.End || c.Bundle {
			add(c, r.endedStep(c))
		}
		if c.Bundle {
			add(c, r.dropStep(c))
		}
		if live.Wait {
			add(c, r.connectedStep(c))
		}
	}
	add(keeper, r.forgetStep(keeper))
	p.Link()
	return p
}

func id(context, step string) string { return context + "/" + step }

// everywhere are the IDs of steps in all clusters.
func (r *run) everywhere(steps ...string) []string {
	var ids []string
	for i := range r.draft.Clusters {
		for _, step := range steps {
			ids = append(ids, id(r.draft.Clusters[i].Context, step))
		}
	}
	return ids
}

func (d *Draft) keeper() *Cluster {
	for i := range d.Clusters {
		if d.Clusters[i].Context == d.Keeper {
			return &d.Clusters[i]
		}
	}
	return nil // never: Make took it from the clusters
}

const (
	releaseObject = "Helm release " + cilium.Namespace + "/" + cilium.ReleaseName
	caObject      = "Secret " + cilium.Namespace + "/" + cilium.CASecret
	nextObject    = "Secret " + cilium.Namespace + "/" + cilium.NextCASecret
)

func (r *run) nextStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepNext, Action: plan.Create, Object: nextObject,
		Summary: "make the new certificate authority (ECDSA P-256, ten years), and keep it until all clusters have it",
		Check:   func(ctx context.Context) error { return r.checkNext(ctx, c) },
		Do:      func(ctx context.Context, _ func(string)) error { return r.makeNext(ctx, c) },
	}
}

func (r *run) trustStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepTrust, Action: plan.Update, Object: releaseObject,
		Summary: "trust the old and the new certificate authority (agents restart node by node)",
		Diff:    []string{"+ tls.caBundle: the old and the new CA"},
		Needs:   []string{id(r.draft.Keeper, stepNext)},
		Do: func(ctx context.Context, say func(string)) error {
			return r.apply(ctx, c, trusting, "trust the next CA", say)
		},
	}
}

func (r *run) adoptStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepAdopt, Action: plan.Update, Object: caObject,
		Summary: "replace the certificate authority",
		Diff:    []string{"- SHA-256 " + c.seen.CA.Fingerprint},
		Needs:   append(r.everywhere(stepTrust, stepTrusted), id(r.draft.Keeper, stepNext)),
		Do:      func(ctx context.Context, _ func(string)) error { return r.adopt(ctx, c) },
	}
}

func (r *run) issueStep(c *Cluster) *plan.Step {
	summary := "sign the certificates with the new authority"
	if len(c.cronJobs()) > 0 {
		summary += " (Jobs of Cilium's certgen)"
	}
	return &plan.Step{
		ID: stepIssue, Action: plan.Update, Object: releaseObject, Summary: summary,
		Needs: append(r.everywhere(stepTrust, stepTrusted), id(c.Context, stepAdopt)),
		Do:    func(ctx context.Context, say func(string)) error { return r.issue(ctx, c, say) },
	}
}

func (r *run) issuedStep(c *Cluster) *plan.Step {
	step := r.wait(c, stepIssued, stepIssue, "wait until Cilium is connected by the new certificates")
	settle := step.Do
	step.Do = func(ctx context.Context, say func(string)) error {
		if err := r.verifySigned(ctx, c); err != nil {
			return err
		}
		return settle(ctx, say)
	}
	return step
}

// renewedStep is why the next wave cuts nothing: who is started anew there
// trusts the new CA only, and finds no certificate of the old one any more.
func (r *run) renewedStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepRenewed, Action: plan.Wait, Object: "certificates",
		Summary: "read back that every pod of the mesh presents its new certificate (kubelets bring them within two minutes)",
		Needs:   []string{id(c.Context, stepIssued)},
		Do: func(ctx context.Context, say func(string)) error {
			return rollout.Renewed(ctx, r.live.Clusters[c.Context], c.seen.Release.Values, r.draft.others(c), say)
		},
	}
}

// keepStep has the bundle outlive the revision that has it made no more: agents
// are rolled out after that, node by node, and those yet to come mount it.
func (r *run) keepStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepKeep, Action: plan.Update, Object: c.bundleObject(),
		Summary: "have Helm keep the trust bundle until no pod mounts it",
		Diff:    []string{`+ metadata.annotations."helm.sh/resource-policy": keep`},
		Needs:   r.everywhere(stepIssue, stepIssued, stepRenewed),
		Do: func(ctx context.Context, _ func(string)) error {
			return rollout.KeepBundle(ctx, r.live.Clusters[c.Context], values.BundleOf(c.seen.Release.Values))
		},
	}
}

func (r *run) dropStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepDrop, Action: plan.Delete, Object: c.bundleObject(), Summary: "delete the trust bundle",
		Needs: []string{id(c.Context, stepEnded)},
		Do: func(ctx context.Context, _ func(string)) error {
			return rollout.DropBundle(ctx, r.live.Clusters[c.Context], values.BundleOf(c.seen.Release.Values))
		},
	}
}

func (c *Cluster) bundleObject() string {
	return values.BundleOf(c.seen.Release.Values).Object(cilium.Namespace)
}

func (r *run) endStep(c *Cluster) *plan.Step {
	diff := []string{"- tls.caBundle: the old and the new CA"}
	if !c.Bundle {
		diff = append(diff, "+ tls.caBundle: the release's own, with the new CA for the old")
	}
	return &plan.Step{
		ID: stepEnd, Action: plan.Update, Object: releaseObject,
		Summary: "trust the new certificate authority only (agents restart node by node)",
		Diff:    diff,
		Needs:   append(r.everywhere(stepIssue, stepIssued, stepRenewed), id(c.Context, stepKeep)),
		Do: func(ctx context.Context, say func(string)) error {
			return r.apply(ctx, c, settled, "trust the new CA only", say)
		},
	}
}

func (r *run) forgetStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepForget, Action: plan.Delete, Object: nextObject,
		Summary: "delete the copy of the new certificate authority",
		Needs:   append(r.everywhere(stepIssued, stepRenewed, stepEnd, stepEnded, stepDrop, stepConnected), id(c.Context, stepNext)),
		Do:      func(ctx context.Context, _ func(string)) error { return r.forget(ctx, c) },
	}
}

func (r *run) endedStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepEnded, Action: plan.Wait, Object: "Cilium", Summary: "wait until every part of Cilium is ready", Needs: []string{id(c.Context, stepEnd)},
		Do: func(ctx context.Context, say func(string)) error {
			if err := rollout.Ready(ctx, r.live.Clusters[c.Context], say); err != nil {
				return err
			}
			r.sessions.Expect(c.Name)
			return nil
		},
	}
}

// connectedStep is the last wait: all parts have been started anew by then, so
// that connections with what was before them are found out.
func (r *run) connectedStep(c *Cluster) *plan.Step {
	return &plan.Step{
		ID: stepConnected, Action: plan.Wait, Object: "mesh", Summary: "wait until every agent sees every other cluster",
		Needs: []string{id(c.Context, stepEnded)}, After: r.everywhere(stepEnded),
		Do: func(ctx context.Context, say func(string)) error {
			defer r.sessions.Tell(c.Name, "")
			view := rollout.View{Name: c.Name, Clusters: r.draft.others(c), Sessions: &r.sessions}
			return rollout.Connected(ctx, r.live.Clusters[c.Context], view, say)
		},
	}
}

func (r *run) wait(c *Cluster, step, after, summary string) *plan.Step {
	return &plan.Step{
		ID: step, Action: plan.Wait, Object: "Cilium", Summary: summary, Needs: []string{id(c.Context, after)},
		Do: func(ctx context.Context, say func(string)) error {
			cluster := r.live.Clusters[c.Context]
			if err := rollout.Ready(ctx, cluster, say); err != nil || !r.live.Wait {
				return err
			}
			return rollout.Connected(ctx, cluster, rollout.View{Name: c.Name, Clusters: r.draft.others(c)}, say)
		},
	}
}
