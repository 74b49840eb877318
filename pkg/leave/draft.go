package leave

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
)

// Draft is what leave would do, as plain data, made purely from a snapshot and
// a wish.
type Draft struct {
	Clusters []Cluster
	// Gone are the names of those that no member may know any more.
	Gone []string
	wish Wish
}

// Cluster is what leave would do to one cluster.
type Cluster struct {
	Context string
	Name    string // in the mesh; empty without Cilium
	Leaves  bool
	// GitOps names the controller that owns Cilium there; leave then writes
	// nothing to the cluster.
	GitOps string

	Helm HelmChange
	// KeepCA has Helm keep Secret cilium-ca, which it would delete with the
	// last certificate that it makes.
	KeepCA bool
	// Bundle is true if its trust bundle goes, which is after no pod mounts it.
	Bundle bool
	// Remove are the mesh's objects that were seen, as "Service
	// kube-system/clustermesh-apiserver". Only of a cluster that leaves.
	Remove    []string
	KubeProxy KubeProxyChange
	// Sees are the members that stay and that all agents see now.
	Sees []string
	// Notes are what the plan leaves out or brings along: one plain line each.
	Notes []string

	// owesCommit is true if a GitOps controller has what leave would change.
	owesCommit bool
	keepCerts  bool // the mesh's certificates are the user's
	wanted     values.Values
	seen       *mesh.Facts
}

// HelmChange is the one revision that a cluster gets.
type HelmChange struct {
	Needed       bool
	Recover      bool   // an earlier run was killed in the middle of a revision
	ChartVersion string // semver without "v"
	Diff         []string
}

// KubeProxyChange says whether kube-proxy is switched on through Azure.
type KubeProxyChange struct {
	Needed  bool
	AzureID string
}

// Make drafts the leave. The error joins everything that stands in its way,
// one plain line each.
func Make(s mesh.Snapshot, w Wish) (*Draft, error) {
	d := &Draft{wish: w, Gone: slices.Clone(w.Forget), Clusters: make([]Cluster, len(s.Clusters))}
	for i := range s.Clusters {
		facts := &s.Clusters[i]
		c := Cluster{Context: facts.Context, Name: nameOf(facts), Leaves: w.leaves(facts.Context), seen: facts}
		if facts.Release != nil {
			c.GitOps = facts.Release.Owner
			c.Helm.ChartVersion = facts.Release.ChartVersion
		}
		if c.Leaves && c.Name != "" && (len(peersOf(facts)) > 0 || meshOn(facts) || w.knownToOthers(s.Clusters, c.Name)) {
			d.Gone = append(d.Gone, c.Name)
		}
		d.Clusters[i] = c
	}
	slices.Sort(d.Gone)
	if err := errors.Join(d.rotated(), d.alive(), d.reached(s.Clusters), d.changeable()); err != nil {
		return nil, err
	}
	for i := range d.Clusters {
		if c := &d.Clusters[i]; !c.Leaves {
			d.member(c)
		}
	}
	for i := range d.Clusters {
		if c := &d.Clusters[i]; c.Leaves {
			if err := d.leaver(c); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// knownToOthers says whether a cluster that stays is configured with one of
// that name, which may have taken its own part of the mesh off already.
func (w *Wish) knownToOthers(clusters []mesh.Facts, name string) bool {
	return slices.ContainsFunc(clusters, func(f mesh.Facts) bool {
		return !w.leaves(f.Context) && slices.ContainsFunc(peersOf(&f), func(p mesh.Peer) bool { return p.Name == name })
	})
}

// rotated refuses in the middle of a rotation. To forget a cluster changes no
// trust, and can be what a rotation waits for.
func (d *Draft) rotated() error {
	if len(d.wish.Forget) > 0 {
		return nil
	}
	var all []*mesh.Facts
	for i := range d.Clusters {
		all = append(all, d.Clusters[i].seen)
	}
	return rollout.Rotating(all)
}

// alive refuses to forget a cluster that answers.
func (d *Draft) alive() error {
	var errs []error
	for i := range d.Clusters {
		if c := &d.Clusters[i]; slices.Contains(d.wish.Forget, c.Name) {
			errs = append(errs, fmt.Errorf("--forget %s: context %q reaches that cluster: a cluster that answers leaves by kubectl aksmesh leave --context %s", c.Name, c.Context, c.Context))
		}
	}
	return errors.Join(errs...)
}

// reached refuses if a member that must forget cannot be told to.
func (d *Draft) reached(clusters []mesh.Facts) error {
	strangers := slices.DeleteFunc(join.Strangers(clusters), func(name string) bool { return slices.Contains(d.wish.Forget, name) })
	slices.Sort(strangers)
	var contexts []string
	for i := range d.Clusters {
		contexts = append(contexts, d.Clusters[i].Context)
	}
	var errs []error
	for _, name := range strangers {
		flag, hint := "--stay", fmt.Sprintf("first run kubectl aksmesh leave --forget %s --context %s", name, strings.Join(contexts, ","))
		if len(d.wish.Forget) > 0 {
			flag, hint = "--context", fmt.Sprintf("add it: --forget %s,%s", strings.Join(d.wish.Forget, ","), name)
		}
		errs = append(errs, fmt.Errorf("cluster %q is a member of this mesh and must forget %s too, but no context is named like it: name one that reaches it with %s; if it is gone for good, %s", name, strings.Join(d.Gone, " and "), flag, hint))
	}
	return errors.Join(errs...)
}

// changeable refuses if a configuration that must change is not Helm's.
func (d *Draft) changeable() error {
	var errs []error
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if c.seen.Release != nil || !c.Leaves && !d.configured(c) || len(peersOf(c.seen)) == 0 {
			continue
		}
		errs = append(errs, fmt.Errorf("context %q runs a Cilium that was not installed with Helm, so that its mesh's settings cannot be changed: take them out the way it was installed", c.Context))
	}
	return errors.Join(errs...)
}

// configured says whether a cluster is configured with one that is to be gone.
func (d *Draft) configured(c *Cluster) bool {
	return slices.ContainsFunc(peersOf(c.seen), func(p mesh.Peer) bool { return slices.Contains(d.Gone, p.Name) })
}

// cut says whether an earlier run of ours ended in the middle of a revision:
// what it wrote of it is not known.
func cut(r *mesh.Release) bool { return r.Ours && r.Status != rollout.Deployed }

func pending(r *mesh.Release) bool { return r.Ours && strings.HasPrefix(r.Status, "pending-") }

func meshOn(f *mesh.Facts) bool { return f.Release != nil && values.MeshOn(f.Release.Values) }

// nameOf is a cluster's name in the mesh; empty if it has none. A join that was
// killed before Cilium ran left it in the release.
func nameOf(f *mesh.Facts) string {
	if f.Config != nil {
		return f.Config.ClusterName
	}
	if f.Release == nil {
		return ""
	}
	cluster, _ := f.Release.Values["cluster"].(map[string]any)
	name, _ := cluster["name"].(string)
	return name
}

// peersOf are the clusters that one is configured to connect to: what its parts
// are told, and what the release says they shall be told.
func peersOf(f *mesh.Facts) []mesh.Peer {
	all := slices.Clone(f.Peers)
	if f.Release != nil {
		for _, peer := range values.Peers(f.Release.Values) {
			if !slices.ContainsFunc(all, func(p mesh.Peer) bool { return p.Name == peer.Name }) {
				all = append(all, peer)
			}
		}
	}
	return slices.DeleteFunc(all, func(p mesh.Peer) bool { return p.Name == nameOf(f) })
}

func (c *Cluster) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}
