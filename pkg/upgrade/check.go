package upgrade

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium"
)

// checkMembers refuses what is not a mesh of Helm releases.
func (d *Draft) checkMembers() error {
	var errs []error
	for i := range d.Clusters {
		c := &d.Clusters[i]
		switch {
		case c.seen.Config == nil && c.seen.Release == nil:
			errs = append(errs, fmt.Errorf("context %q has no Cilium: leave it out, or take it into the mesh first with kubectl aksmesh join", c.Context))
		case c.seen.Release == nil:
			errs = append(errs, fmt.Errorf("context %q runs a Cilium that Helm did not install, so there is no release to upgrade", c.Context))
		case c.seen.Config == nil || c.seen.Config.ClusterID == 0:
			errs = append(errs, fmt.Errorf("context %q is in no mesh: upgrade it with helm, or take it into the mesh first with kubectl aksmesh join", c.Context))
		}
	}
	if len(errs) == 0 && len(d.Clusters) == 1 {
		errs = append(errs, fmt.Errorf("context %q is connected to no other cluster: upgrade it with helm, or name the mesh's other clusters with --context", d.Clusters[0].Context))
	}
	return errors.Join(errs...)
}

// checkContexts refuses values for clusters that are not there.
func (d *Draft) checkContexts() error {
	for _, context := range slices.Sorted(maps.Keys(d.wish.Values)) {
		if context != "" && !slices.ContainsFunc(d.Clusters, func(c Cluster) bool { return c.Context == context }) {
			return fmt.Errorf("--set/--values names context %q, which is no member of this mesh", context)
		}
	}
	return nil
}

// checkVersions refuses what Cilium does not support: more than one minor
// version at a time, forwards or back ("the only tested rollback and upgrade
// path is between consecutive minor releases", docs of Cilium 1.20, upgrade
// guide), and more than one between two clusters of a mesh.
func (d *Draft) checkVersions() error {
	to, err := semver.NewVersion(d.wish.Version)
	if err != nil {
		return fmt.Errorf("cilium version %q is not a version", d.wish.Version)
	}
	var errs []error
	from := make([]*semver.Version, len(d.Clusters))
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if from[i], err = semver.NewVersion(c.From); err != nil {
			errs = append(errs, fmt.Errorf("context %q: the version %q of Cilium's chart cannot be read", c.Context, c.From))
		} else if c.GitOps == "" {
			errs = append(errs, c.checkJump(from[i], to))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return d.checkSkew(from, to)
}

func (c *Cluster) checkJump(from, to *semver.Version) error {
	switch apart := minors(to) - minors(from); {
	case apart < 0:
		back := "REVISION"
		if c.back.Upgrade > 0 {
			back = fmt.Sprint(c.back.Upgrade)
		}
		return fmt.Errorf("context %q runs Cilium %s, a newer minor version than %s, and upgrade does not go back across minor versions: to undo an upgrade, helm history names the revision from before it, and %s brings it back",
			c.Context, from, to, rollback(c.Context, back))
	case apart > 1:
		next := fmt.Sprintf("%d.%d", from.Major(), from.Minor()+1)
		return fmt.Errorf("context %q runs Cilium %s, and %s is more than one minor version newer: Cilium goes one minor version at a time, so bring the mesh to the newest %s first", c.Context, from, to, next)
	}
	return nil
}

// checkSkew goes through all versions that two members may have at the same
// time. Clusters that are not ours to change stay what they are; the others
// cannot come too far apart, as none is more than a minor version behind.
func (d *Draft) checkSkew(from []*semver.Version, to *semver.Version) error {
	for i := range d.Clusters {
		kept := &d.Clusters[i]
		if kept.GitOps == "" {
			continue
		}
		for j := range d.Clusters {
			other := &d.Clusters[j]
			versions := []*semver.Version{from[j], to}
			if other.GitOps != "" {
				versions = versions[:1]
			}
			for _, version := range versions {
				if apart := minors(from[i]) - minors(version); apart > 1 || apart < -1 {
					return fmt.Errorf("context %q would run Cilium %s while context %q, which is left to %s, runs %s: clusters of a mesh may be one minor version apart at most, so bring %q closer there first",
						other.Context, version, kept.Context, kept.GitOps, from[i], kept.Context)
				}
			}
		}
	}
	return nil
}

// minors counts minor versions over all major ones, of which there is one.
func minors(v *semver.Version) int {
	const many = 1000
	return int(v.Major())*many + int(v.Minor()) //nolint:gosec // versions are small
}

// checkValues refuses values with which the new chart would fail, or would not
// bring the new version.
func (d *Draft) checkValues(c *Cluster) error {
	var errs []error
	if certs := c.move.ProvidedCerts(); len(certs) > 0 {
		errs = append(errs, fmt.Errorf("context %q: the release gives certificates as Helm values (%s), which Cilium 1.20 no longer takes: keep them in Secrets, or let the chart make them (clustermesh.apiserver.tls.auto.enabled)", c.Context, strings.Join(certs, ", ")))
	}
	if pins := c.move.Pins(); len(pins) > 0 {
		var pinned, mend []string
		for _, pin := range pins {
			pinned = append(pinned, pin.String())
			mend = append(mend, "--set "+pin.Path+"=null")
		}
		errs = append(errs, fmt.Errorf("context %q: the release's values pin images (%s), which would stay what they are: choose others with --set or --values, or the chart's own with %s", c.Context, strings.Join(pinned, ", "), strings.Join(mend, " ")))
	}
	return errors.Join(errs...)
}

// rollback is the command that brings a revision back.
func rollback(context, revision string) string {
	return fmt.Sprintf("helm rollback %s %s -n %s --kube-context %s", cilium.ReleaseName, revision, cilium.Namespace, context)
}
