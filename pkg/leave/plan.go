package leave

import (
	"context"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// Live is what a draft's steps act on.
type Live struct {
	Clusters map[string]*mesh.Cluster // by context
	Azure    *azure.Client            // may be nil if no step needs it
	// Chart returns the chart of a version for the cluster of a context.
	Chart func(ctx context.Context, context, version string) (*chart.Chart, error)
	// Wait adds the steps that wait for agents.
	Wait bool
}

// IDs of steps, behind the cluster's context and a slash.
const (
	stepHelm  = "helm"
	stepReady = "ready"

	// Only where the trust bundle goes.
	stepBundle    = "bundle"
	stepBundleEnd = "bundle-end"

	stepForgotten = "forgotten" // of a member that stays

	// Of a cluster that leaves.
	stepKubeProxy = "kube-proxy"
	stepCA        = "ca"
	stepRemove    = "remove"
	stepAlone     = "alone"
)

const releaseObject = "Helm release " + cilium.Namespace + "/" + cilium.ReleaseName

func id(context, step string) string { return context + "/" + step }

// run is what steps share. It never leaves the process.
type run struct {
	draft    *Draft
	live     Live
	sessions rollout.Sessions
}

// Plan binds the draft to live clusters. A draft that changes nothing gives a
// plan of waits only, or an empty one.
func (d *Draft) Plan(live Live) plan.Plan {
	r := &run{draft: d, live: live}
	var p plan.Plan
	for _, leaves := range []bool{false, true} { // those that stay come first
		for i := range d.Clusters {
			c := &d.Clusters[i]
			if c.Leaves != leaves || c.GitOps != "" || c.wanted == nil {
				continue
			}
			steps := []func(*Cluster) *plan.Step{r.keepBundleStep, r.helmStep, r.readyStep, r.dropBundleStep, r.forgottenStep}
			if leaves {
				steps = []func(*Cluster) *plan.Step{
					r.kubeProxyStep, r.caStep, r.keepBundleStep, r.helmStep, r.removeStep, r.readyStep, r.dropBundleStep, r.aloneStep,
				}
			}
			for _, step := range steps {
				if step := step(c); step != nil {
					step.ID, step.Cluster = id(c.Context, step.ID), c.Context
					p.Steps = append(p.Steps, *step)
				}
			}
		}
	}
	p.Link()
	return p
}

// forgotten are the steps after which no member knows those that leave.
func (r *run) forgotten() []string {
	var ids []string
	for i := range r.draft.Clusters {
		if c := &r.draft.Clusters[i]; !c.Leaves {
			ids = append(ids, id(c.Context, stepHelm), id(c.Context, stepReady), id(c.Context, stepForgotten))
		}
	}
	return ids
}

func (r *run) cluster(c *Cluster) *mesh.Cluster { return r.live.Clusters[c.Context] }

// ChartVersions are the versions of the charts that revisions need, by context.
func (d *Draft) ChartVersions() map[string]string {
	versions := map[string]string{}
	for i := range d.Clusters {
		if c := &d.Clusters[i]; c.Helm.Needed {
			versions[c.Context] = c.Helm.ChartVersion
		}
	}
	return versions
}
