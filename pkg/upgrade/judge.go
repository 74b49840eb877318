package upgrade

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// judge finds out how the mesh is now. What a preflight judges too is left to
// it: it sees the clusters as they would be.
func (d *Draft) judge() {
	preflight := map[diagnose.Code]bool{}
	for _, check := range diagnose.Catalogue() {
		preflight[check.Code] = slices.Contains(check.Phases, diagnose.Preflight)
	}
	report := diagnose.Judge(d.snapshot, diagnose.Options{Phase: diagnose.Running})
	d.running = slices.DeleteFunc(report.Findings, func(f diagnose.Finding) bool { return preflight[f.Code] })
}

func broken(f *diagnose.Finding) bool {
	return f.Status == diagnose.Fail && f.Severity == diagnose.Error
}

// Report is what speaks against the upgrade: what a preflight finds, and what
// is broken already, for only a mesh that was whole before tells whether an
// upgraded cluster has come back. What is wrong with a cluster whose upgrade
// is unfinished is a warning, since the upgrade is to mend it.
func (d *Draft) Report() diagnose.Report {
	report := diagnose.Judge(d.projected(), diagnose.Options{Phase: diagnose.Preflight, Command: "upgrade"})
	for _, f := range d.running {
		if broken(&f) && slices.ContainsFunc(f.Subject.Names, d.isUnfinished) {
			f.Severity = diagnose.Warning
		}
		report.Findings = append(report.Findings, f)
	}
	return report
}

func (d *Draft) isUnfinished(context string) bool {
	return slices.ContainsFunc(d.Clusters, func(c Cluster) bool { return c.Context == context && c.Unfinished })
}

// projected is the mesh with the new version everywhere.
func (d *Draft) projected() mesh.Snapshot {
	s := d.snapshot
	s.Clusters = make([]mesh.Facts, 0, len(d.Clusters))
	for i := range d.Clusters {
		facts := *d.Clusters[i].seen
		if d.Clusters[i].Helm.Needed {
			release := *facts.Release
			release.ChartVersion = d.wish.Version
			facts.Release = &release
		}
		s.Clusters = append(s.Clusters, facts)
	}
	return s
}

// NotWhole is an error if not every agent and kvstoremesh of every cluster sees
// all others, apart from clusters whose upgrade is unfinished. It also covers
// agents that could not be asked, of which no check says that they are broken.
func (d *Draft) NotWhole() error {
	var errs []error
	for i := range d.Clusters {
		c := &d.Clusters[i]
		if c.Unfinished {
			continue
		}
		var others []string
		for j := range d.Clusters {
			if i != j && !d.Clusters[j].Unfinished {
				others = append(others, d.Clusters[j].Name)
			}
		}
		missing := "no agent runs"
		if len(c.seen.Agents) > 0 {
			missing = mesh.Unconnected(slices.Concat(c.seen.Agents, c.seen.KVStore), others)
		}
		if missing != "" {
			errs = append(errs, fmt.Errorf("context %q: %s: a mesh is upgraded once it is whole; see kubectl aksmesh doctor", c.Context, missing))
		}
	}
	return errors.Join(errs...)
}
