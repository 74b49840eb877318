package upgrade

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// Draft is what an upgrade would do, as plain data.
type Draft struct {
	// Clusters are in the order of work: what an earlier upgrade left
	// unfinished, then the rest as given.
	Clusters []Cluster
	wish     Wish
	snapshot mesh.Snapshot
	running  []diagnose.Finding // of the mesh as it is
}

// Cluster is what an upgrade would do to one cluster.
type Cluster struct {
	Context string
	Name    string // in the mesh
	From    string // version of the release's chart, semver without "v"
	// GitOps names the controller that owns Cilium there; upgrade then writes
	// nothing to the cluster.
	GitOps string
	Helm   HelmChange
	// Unfinished is true if an earlier upgrade began here, and the cluster did
	// not come back, or was not waited for.
	Unfinished bool
	// Revision is the release's newest one.
	Revision int
	// Back is the revision from before the upgrade; 0 if none is known.
	Back int
	// Notes are what the user should know: one plain line each.
	Notes []string

	seen  *mesh.Facts
	back  release.Back
	move  values.Upgrade
	agent string // tag of the agents' image, as "v1.20.2"; empty if it has none
}

// HelmChange is the one revision that a cluster gets.
type HelmChange struct {
	Needed  bool
	Recover bool // an earlier upgrade was killed in the middle of a revision
	// Reissue is true if Hubble's certificates are made anew, which the chart
	// would keep to their end and beyond.
	Reissue bool
	Diff    []string
}

// Make drafts the upgrade. The error joins everything that forbids it, one
// plain line each.
func Make(seen Seen, w Wish) (*Draft, error) {
	d := &Draft{wish: w, snapshot: seen.Snapshot, Clusters: make([]Cluster, len(seen.Clusters))}
	for i := range seen.Clusters {
		facts := &seen.Clusters[i]
		c := &d.Clusters[i]
		*c = Cluster{Context: facts.Context, seen: facts, back: seen.Back[facts.Context]}
		if facts.Config != nil {
			c.Name = facts.Config.ClusterName
		}
		if facts.Release != nil {
			c.From, c.GitOps, c.Revision = facts.Release.ChartVersion, facts.Release.Owner, facts.Release.Revision
		}
	}
	if err := errors.Join(d.checkMembers(), d.checkContexts()); err != nil {
		return nil, err
	}
	if err := d.checkVersions(); err != nil {
		return nil, err
	}
	d.judge()
	var errs []error
	for i := range d.Clusters {
		errs = append(errs, d.draft(&d.Clusters[i], seen.Defaults))
	}
	slices.SortStableFunc(d.Clusters, func(a, b Cluster) int { return cmp.Compare(rank(&a), rank(&b)) })
	return d, errors.Join(errs...)
}

func rank(c *Cluster) int {
	if c.Unfinished {
		return 0
	}
	return 1
}

// draft decides what one cluster gets.
func (d *Draft) draft(c *Cluster, defaults map[string]map[string]any) error {
	has := c.seen.Release.Values
	c.move = values.Upgrade{
		Release: has, User: values.Merge(nil, d.wish.Values[""], d.wish.Values[c.Context]),
		To: d.wish.Version, Before: defaults[c.Context], After: d.wish.Defaults,
	}
	c.agent = c.move.AgentTag()
	if c.GitOps != "" {
		d.noteGitOps(c)
		return nil
	}
	status := c.seen.Release.Status
	c.Unfinished = d.unfinished(c)
	c.Helm.Needed = c.From != d.wish.Version || status != rollout.Deployed || !values.Equal(has, c.move.Values()) ||
		c.Unfinished && d.otherChart(c)
	c.Helm.Recover = c.seen.Release.Ours && strings.HasPrefix(status, "pending-")
	c.Back = c.back.Upgrade
	if !c.Helm.Needed {
		return nil
	}
	if !c.Unfinished {
		c.Back = c.back.Deployed
	}
	c.Helm.Diff = d.diff(c)
	c.Helm.Reissue = d.oldCerts(c)
	d.note(c)
	return d.checkValues(c)
}

// unfinished says whether the cluster's newest revision belongs to an upgrade
// that it has not come back from. A cluster that broke long after its upgrade
// is told from that by its mesh, all of which then has one version, unless that
// is the very version which is asked for: then there is only waiting to do.
func (d *Draft) unfinished(c *Cluster) bool {
	if c.back.Upgrade == 0 {
		return false
	}
	return c.seen.Release.Status != rollout.Deployed || c.From == d.wish.Version && c.rollsOut() || (c.From == d.wish.Version || d.mixed()) &&
		slices.ContainsFunc(d.running, func(f diagnose.Finding) bool {
			return broken(&f) && slices.Contains(f.Subject.Names, c.Context)
		})
}

// rollsOut says whether some part does not run its newest template everywhere.
// The mesh may be whole all the same: where new pods come before old ones go,
// an image that does not exist leaves the old ones running.
func (c *Cluster) rollsOut() bool {
	return slices.ContainsFunc(c.seen.Workloads, func(w mesh.Workload) bool { return !w.Updated })
}

// oldCerts says whether half of the life of a certificate is over that the
// chart would keep.
func (d *Draft) oldCerts(c *Cluster) bool {
	return slices.ContainsFunc(c.seen.Certs, func(cert mesh.Cert) bool {
		half := cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) / 2)
		return release.ReusesCert(cert.Secret) && values.CertMethod(c.move.Values(), cert.Secret) == values.MethodHelm && d.snapshot.Taken.After(half)
	})
}

// mixed says whether the clusters' versions differ.
func (d *Draft) mixed() bool {
	return slices.ContainsFunc(d.Clusters, func(c Cluster) bool { return c.From != d.Clusters[0].From })
}

// otherChart says whether the release's chart has the version that is asked
// for, and other defaults: a broken one that has been mended.
func (d *Draft) otherChart(c *Cluster) bool {
	// Helm keeps an empty map of peers where the chart has an empty list.
	peers := values.Values{"clustermesh": values.Values{"config": values.Values{"clusters": nil}}}
	return c.move.Before != nil && !values.Equal(values.Merge(c.move.Before, nil, peers), values.Merge(c.move.After, nil, peers))
}

func (d *Draft) diff(c *Cluster) []string {
	var lines []string
	switch {
	case c.From != d.wish.Version:
		lines = append(lines, "- chart: cilium "+c.From, "+ chart: cilium "+d.wish.Version)
	case c.Unfinished && d.otherChart(c):
		lines = append(lines, "- chart: cilium "+c.From, "+ chart: cilium "+c.From+", with other defaults")
	}
	return append(lines, values.Diff(c.move.Release, c.move.Values())...)
}

func (d *Draft) noteGitOps(c *Cluster) {
	if c.From != d.wish.Version {
		c.note("%s owns Cilium, so upgrade writes nothing here: set the chart's version %s there", c.GitOps, d.wish.Version)
	}
}

// note tells what the new chart makes of the release's values.
func (d *Draft) note(c *Cluster) {
	if gone := c.move.Removed(); len(gone) > 0 {
		c.note("the chart of %s no longer knows %s: it stays in the release and does nothing", d.wish.Version, strings.Join(gone, ", "))
	}
	if c.Helm.Reissue {
		c.note("Hubble's certificates are made anew, as half of their life is over")
	}
	if c.move.ChangesPolicies(c.From) {
		c.note("from Cilium 1.19 on, peers of network policies that name no cluster are pods of this cluster only (doctor tells where it matters: %s, %s); --set clustermesh.policyDefaultLocalCluster=false keeps the old meaning", diagnose.CodePolicyCluster, diagnose.CodePolicyEgress)
	}
}

func (c *Cluster) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// works says whether the cluster has steps in the plan.
func (c *Cluster) works() bool { return c.Helm.Needed || c.Unfinished }

// NothingToDo says whether all clusters have the version, and are well.
func (d *Draft) NothingToDo() bool {
	return !slices.ContainsFunc(d.Clusters, func(c Cluster) bool { return c.works() })
}

// Version is the one that clusters are brought to, semver without "v".
func (d *Draft) Version() string { return d.wish.Version }

func (d *Draft) parallel() int { return max(1, d.wish.Parallel) }
