// Package rotate moves a running mesh to a new certificate authority without
// cutting a connection. [Make] turns what was seen into a [Draft], purely;
// [Draft.Plan] binds it to live clusters as steps.
//
// A rotation goes in three waves over all clusters, and none begins in any
// cluster before the one before it has ended in all: trust both CAs, sign with
// the new one, trust the new one only. Where a rotation that was killed stands
// is read from the clusters: the new CA waits in a Secret of its own, and goes
// last.
package rotate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/pki"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// Draft is what a rotation would still do, as plain data.
type Draft struct {
	Clusters []Cluster
	// Keeper is the context whose cluster keeps the new CA meanwhile.
	Keeper string
	// Resumed is true if an earlier run has made the new CA.
	Resumed bool
	// moved is true if all certificates are of the new CA: what is left is to
	// forget the old one.
	moved bool
}

// Cluster is what a rotation would still do to one cluster.
type Cluster struct {
	Context string
	Name    string // in the mesh
	Method  string // how its certificates are made: helm or cronJob
	// Hubble is how Hubble's are made; empty if it has none.
	Hubble string

	Trust bool // its trust has to grow first
	Adopt bool // it has to take the new CA over
	Issue bool // its certificates have to be signed by the new CA
	End   bool // its trust has to shrink at the end
	// Bundle is true if its trust bundle has to go after that, when no pod
	// mounts it any more.
	Bundle bool

	seen *mesh.Facts
}

// Make drafts the rotation. The error joins what forbids one, one plain line
// each.
func Make(s mesh.Snapshot) (*Draft, error) {
	d := &Draft{Clusters: make([]Cluster, len(s.Clusters))}
	var errs []error
	var next *mesh.Cert
	for i := range s.Clusters {
		f := &s.Clusters[i]
		errs = append(errs, possible(f))
		d.Clusters[i] = Cluster{Context: f.Context, seen: f}
		switch {
		case f.NextCA == nil:
		case next == nil:
			next, d.Keeper, d.Resumed = f.NextCA, f.Context, true
		case next.Fingerprint != f.NextCA.Fingerprint:
			errs = append(errs, fmt.Errorf("contexts %q and %q both hold a new certificate authority of an unfinished rotation, and not the same: delete Secret %s/%s in the one whose authority no cluster trusts, as ca status shows",
				d.Keeper, f.Context, cilium.Namespace, cilium.NextCASecret))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if d.Keeper == "" {
		d.Keeper = s.Clusters[0].Context
	}
	d.waves(next)
	if err := d.signable(); err != nil {
		return nil, err
	}
	return d, nil
}

// signable refuses if a cluster that has to trust the new CA first could not
// even sign with its own. After that its own is not needed any more.
func (d *Draft) signable() error {
	var errs []error
	for i := range d.Clusters {
		if c := &d.Clusters[i]; c.Trust {
			errs = append(errs, rollout.LostKey(c.seen))
		}
	}
	return errors.Join(errs...)
}

// waves decides what is left to do in each cluster; next is the new CA, nil if
// it has still to be made.
func (d *Draft) waves(next *mesh.Cert) {
	d.moved = next != nil
	for i := range d.Clusters {
		c := &d.Clusters[i]
		c.Name, c.Method, c.Hubble = c.seen.Config.ClusterName, method(c.seen), values.HubbleTLSMethod(c.seen.Release.Values)
		c.Adopt = next == nil || c.seen.CA.Fingerprint != next.Fingerprint
		c.Issue = c.Adopt || !signed(c.seen, next)
		d.moved = d.moved && !c.Issue
	}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		// Once everything is signed by the new CA, nobody needs the old one, and
		// what trusts it only has to forget it.
		c.Trust = !d.moved && (next == nil || !d.trustsAll(c, next))
		c.End = !d.moved || values.TrustBundle(c.seen.Release.Values) != nil || c.seen.Release.Status != rollout.Deployed
		c.Bundle = (c.End || c.seen.CA.BundleKept) && values.OwnBundle(c.seen.Release.Values) == ""
	}
}

// signed says whether all of a cluster's certificates that are made of its CA
// are of the new one.
func signed(f *mesh.Facts, next *mesh.Cert) bool {
	return !slices.ContainsFunc(f.Certs, func(cert mesh.Cert) bool {
		return values.SignsCert(f.Release.Values, cert.Secret) && !cert.IsCA && cert.AuthorityID != next.SubjectKey
	})
}

// cronJobs are the CronJobs that make certificates of the cluster.
func (c *Cluster) cronJobs() []string {
	var names []string
	if c.Method == values.MethodCronJob {
		names = append(names, "clustermesh-apiserver-generate-certs")
	}
	if c.Hubble == values.MethodCronJob {
		names = append(names, "hubble-generate-certs")
	}
	return names
}

// trustsAll says whether a cluster trusts the new CA and that of every other
// cluster, and has done so since its last revision.
func (d *Draft) trustsAll(c *Cluster, next *mesh.Cert) bool {
	bundle := values.TrustBundle(c.seen.Release.Values)
	if bundle == nil || c.seen.Release.Status != rollout.Deployed {
		return false
	}
	wanted := []string{next.Fingerprint}
	for i := range d.Clusters {
		wanted = append(wanted, d.Clusters[i].seen.CA.Fingerprint)
	}
	trusted, err := pki.Fingerprints(bundle)
	return err == nil && !slices.ContainsFunc(wanted, func(one string) bool { return !slices.Contains(trusted, one) })
}

// ChartVersions are the versions of the charts that revisions need, by context.
func (d *Draft) ChartVersions() map[string]string {
	versions := map[string]string{}
	for i := range d.Clusters {
		if c := &d.Clusters[i]; c.Trust || c.Issue || c.End {
			versions[c.Context] = c.seen.Release.ChartVersion
		}
	}
	return versions
}

// others are the names of the other clusters.
func (d *Draft) others(c *Cluster) []string {
	var names []string
	for i := range d.Clusters {
		if other := &d.Clusters[i]; other.Context != c.Context {
			names = append(names, other.Name)
		}
	}
	return names
}

// Unconnected says in one line which cluster does not see all others: a mesh
// that is not whole is mended before its CA is rotated. Empty if none.
func (d *Draft) Unconnected() string {
	var lines []string
	for i := range d.Clusters {
		c := &d.Clusters[i]
		agents := slices.Concat(c.seen.Agents, c.seen.KVStore)
		missing := mesh.Unconnected(agents, d.others(c))
		if len(agents) == 0 {
			missing = "no agent runs"
		}
		if missing != "" {
			lines = append(lines, fmt.Sprintf("context %q: %s", c.Context, missing))
		}
	}
	return strings.Join(lines, "; ")
}
