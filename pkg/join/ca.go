package join

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/values"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/rollout"
)

// shareCA decides how every cluster comes to the one CA. Several different
// ones without --ca-from are left as they are: judging them is the preflight's
// part, which refuses unless the clusters trust each other.
func (d *Draft) shareCA() {
	source := d.caSource()
	if source == nil {
		first := true
		for i := range d.Clusters {
			c := &d.Clusters[i]
			if c.GitOps != "" {
				continue
			}
			if first {
				c.CA, source, first = CAChange{Action: MakeCA}, c, false
				continue
			}
			c.CA = CAChange{Action: CopyCA, From: source.Context}
		}
		return
	}
	for i := range d.Clusters {
		if c := &d.Clusters[i]; c.GitOps == "" {
			c.CA = d.caChange(c, source)
			d.moving = d.moving || c.CA.Action == ReplaceCA && connected(c.seen)
		}
	}
	d.moveGently()
}

// moveGently plans a move to another CA that cuts no connection: everybody
// trusts both CAs, then the movers get certificates of the new one, then the
// trust in the old one ends. An earlier join may have been killed anywhere
// between these, so a bundle that it left is ended too, once there is one CA. A
// bundle of the release's own stays.
func (d *Draft) moveGently() {
	one := d.oneCA()
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if c.GitOps != "" {
			continue
		}
		var release values.Values
		if c.seen.Release != nil {
			release = c.seen.Release.Values
		}
		c.Move.Trust = d.moving && c.CA.Action == ReplaceCA
		c.Move.Left = values.TrustBundle(release) != nil
		c.Move.End = one && (d.moving || c.Move.Left)
		kept := c.seen.CA != nil && c.seen.CA.BundleKept && !c.Move.Left
		c.Move.Bundle = (c.Move.End || kept) && values.OwnBundle(release) == ""
	}
}

// oneCA says whether all clusters will have the same CA.
func (d *Draft) oneCA() bool {
	source := d.caSource()
	return source == nil || !slices.ContainsFunc(d.Clusters, func(c Cluster) bool {
		return c.CA.Action == KeepCA && c.signs() && c.seen.CA != nil && c.seen.CA.Fingerprint != source.seen.CA.Fingerprint
	})
}

// signs says whether a cluster's certificates come from its cilium-ca.
func (c *Cluster) signs() bool {
	return c.seen.Release == nil || usesCA(values.TLSMethod(c.seen.Release.Values))
}

// usesCA says whether certificates made by a method come from cilium-ca.
func usesCA(method string) bool {
	return method == "" || method == values.MethodHelm || method == values.MethodCronJob
}

// MoveChange are the revisions that a cluster gets besides its own one while
// the mesh moves to another CA.
type MoveChange struct {
	Trust bool // before its CA is replaced: trust both
	Left  bool // it trusts several already, for a while
	End   bool // at the end: trust the new one only
	// Bundle is true if the trust bundle has to go after that, when no pod
	// mounts it any more.
	Bundle bool
}

// stale says whether a cluster has a mesh certificate that another CA signed:
// its CA was replaced and the chart was not rendered since.
func stale(f *mesh.Facts) bool {
	if f.CA == nil || f.CA.SubjectKey == "" || f.Release == nil {
		return false
	}
	return slices.ContainsFunc(f.Certs, func(cert mesh.Cert) bool {
		byHelm := values.CertMethod(f.Release.Values, cert.Secret) == values.MethodHelm // else rendering the chart would not sign it
		return byHelm && cert.AuthorityID != "" && cert.AuthorityID != f.CA.SubjectKey && !cert.IsCA
	})
}

// caSource is the cluster whose CA the others take: the one that was asked
// for, else the first that has one.
func (d *Draft) caSource() *Cluster {
	var leftover *Cluster
	for i := range d.Clusters {
		c := &d.Clusters[i]
		switch {
		case c.seen.CA == nil || d.wish.CAFrom != "" && d.wish.CAFrom != c.Context:
		case !c.New || d.wish.CAFrom != "":
			return c
		case leftover == nil:
			leftover = c // of an earlier installation, and in use by nobody
		}
	}
	return leftover
}

// rotated refuses in the middle of a rotation, which join would end too early.
func (d *Draft) rotated() error {
	var all []*mesh.Facts
	for i := range d.Clusters {
		all = append(all, d.Clusters[i].seen)
	}
	return rollout.Rotating(all)
}

// checkCA refuses what a move to another CA cannot do.
func (d *Draft) checkCA() error {
	source := d.find(d.wish.CAFrom)
	var errs []error
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if source != nil && source.seen.CA == nil && c.seen.CA != nil {
			return fmt.Errorf("--ca-from %s: context %q has no certificate authority, and %q has one: name a context that has one", source.Context, source.Context, c.Context)
		}
		if c.seen.Release != nil && c.GitOps == "" {
			errs = append(errs, d.movable(c))
		}
		if c.Move.Trust {
			errs = append(errs, rollout.LostKey(c.seen))
		}
	}
	return errors.Join(errs...)
}

// movable says why a cluster cannot take another CA, or trust several for a while.
func (d *Draft) movable(c *Cluster) error {
	if d.moving {
		if err := rollout.NamedBundle(c.seen); err != nil {
			return err
		}
	}
	if c.CA.Action != ReplaceCA {
		return nil
	}
	if method := values.TLSMethod(c.seen.Release.Values); method != "" && method != values.MethodHelm {
		return fmt.Errorf("--ca-from %s: context %q has its certificates made by %s, which would not make new ones when the authority is replaced: set clustermesh.apiserver.tls.auto.method=helm there first", c.CA.From, c.Context, method)
	}
	if values.HubbleTLSMethod(c.seen.Release.Values) == values.MethodCronJob {
		return fmt.Errorf("--ca-from %s: context %q has Hubble's certificates made by a CronJob, which would not make new ones when the authority is replaced: set hubble.tls.auto.method=helm there first", c.CA.From, c.Context)
	}
	return rollout.FixedCA(c.seen)
}

func (d *Draft) caChange(c, source *Cluster) CAChange {
	own := c.seen.CA
	switch {
	case own == nil && !c.signs():
		return CAChange{}
	case own == nil:
		return CAChange{Action: CopyCA, From: source.Context}
	case own.Fingerprint == source.seen.CA.Fingerprint:
		// The same CA.
		if c.New && !own.HelmOwned {
			return CAChange{Action: AdoptCA}
		}
		return CAChange{}
	case d.wish.CAFrom != "":
		return CAChange{Action: ReplaceCA, From: source.Context}
	case c.New:
		// Left by an earlier installation; nothing uses it.
		return CAChange{Action: ReplaceCA, From: source.Context}
	default:
		return CAChange{}
	}
}

// connected says whether a cluster may already exchange certificates with
// others, so that its CA cannot be replaced without both being trusted first.
// Its clustermesh-apiserver, which reads trusted CAs only when it starts, is
// restarted on the way.
func connected(f *mesh.Facts) bool { return len(f.Peers) > 0 || f.Service != nil }

// shareIPsec decides where the IPsec key comes from, if it is wished for.
func (d *Draft) shareIPsec() {
	if d.encryption() != values.IPsec {
		return
	}
	source := ""
	for i := range d.Clusters {
		if d.Clusters[i].seen.IPsecKey != nil {
			source = d.Clusters[i].Context
			break
		}
	}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if c.GitOps != "" || c.seen.IPsecKey != nil {
			continue
		}
		c.IPsec = SecretChange{Needed: true, From: source}
		if source == "" {
			source = c.Context
		}
	}
}
