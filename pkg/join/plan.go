package join

import (
	"context"
	"sync"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
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
	// Wait adds the steps that wait for agents and connections.
	Wait bool
}

// IDs of steps, behind the cluster's context and a slash.
const (
	stepCA        = "ca"
	stepIPsec     = "ipsec"
	stepService   = "address"
	stepKubeProxy = "kube-proxy"
	stepHelm      = "helm"
	stepReady     = "ready"
	stepConnected = "connected"

	// Only while the mesh moves to another CA.
	stepTrust     = "trust"
	stepTrusted   = "trusted"
	stepRenewed   = "renewed"
	stepBundle    = "bundle"
	stepEnd       = "trust-end"
	stepEnded     = "trust-ended"
	stepBundleEnd = "bundle-end"
)

func id(context, step string) string { return context + "/" + step }

// run is what steps hand to one another. It never leaves the process.
type run struct {
	draft *Draft
	live  Live

	mu        sync.Mutex
	addresses map[string][]string // of the mesh Services, by context
	ca        pki.Pair
	ipsec     []byte
	trusted   []byte // PEM: the CAs of all clusters, before any is replaced

	look   sync.Mutex
	looked bool // and all clusters have the one CA

	settled  map[string]bool // contexts whose release has the mesh's settings, and that may yet get ready
	sessions rollout.Sessions
}

// Plan binds the draft to live clusters. A draft that changes nothing gives a
// plan of waits only, or an empty one.
func (d *Draft) Plan(live Live) plan.Plan {
	r := &run{draft: d, live: live, addresses: map[string][]string{}, settled: map[string]bool{}}
	p := plan.Plan{Notes: d.Notes()}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if len(c.Service.Addresses) > 0 {
			r.addresses[c.Context] = c.Service.Addresses
		}
		r.settled[c.Context] = d.inMesh(c)
		for _, step := range []func(*Cluster) *plan.Step{
			r.trustStep, r.trustedStep, r.caStep, r.ipsecStep, r.serviceStep, r.kubeProxyStep,
			r.helmStep, r.readyStep, r.connectedStep, r.renewedStep, r.keepBundleStep, r.endStep, r.endedStep, r.dropBundleStep,
		} {
			if step := step(c); step != nil {
				step.ID, step.Cluster = id(c.Context, step.ID), c.Context
				p.Steps = append(p.Steps, *step)
			}
		}
	}
	p.Link()
	return p
}

// Notes are those of all clusters, each with its context.
func (d *Draft) Notes() []string {
	var notes []string
	for i := range d.Clusters {
		for _, note := range d.Clusters[i].Notes {
			notes = append(notes, d.Clusters[i].Context+": "+note)
		}
	}
	return notes
}

// everywhere are the IDs of one step in all clusters.
func (r *run) everywhere(step string) []string {
	ids := make([]string, len(r.draft.Clusters))
	for i := range r.draft.Clusters {
		ids[i] = id(r.draft.Clusters[i].Context, step)
	}
	return ids
}

func (r *run) setAddress(context string, addresses []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addresses[context] = addresses
}

func (r *run) setSettled(c *Cluster, settled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled[c.Context] = settled
}

func (r *run) knownAddresses() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := make(map[string][]string, len(r.addresses))
	for context, addresses := range r.addresses {
		known[context] = addresses
	}
	return known
}

// inMesh says whether a cluster is a member already, with nothing to change.
func (d *Draft) inMesh(c *Cluster) bool {
	if c.GitOps != "" {
		return len(c.seen.Peers) > 0 && len(c.Service.Addresses) > 0
	}
	return !c.Helm.Needed
}

// expected are the names of the clusters that a cluster must see by now: those
// that got the mesh's settings and are ready, as far as that was waited for. One
// whose steps failed is told of by itself, and is not worth a wait of the others.
func (r *run) expected(c *Cluster) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for i := range r.draft.Clusters {
		other := &r.draft.Clusters[i]
		if other.Name != c.Name && r.settled[other.Context] && len(r.addresses[other.Context]) > 0 {
			names = append(names, other.Name)
		}
	}
	return names
}
