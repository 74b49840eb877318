// Package diagnose judges what was seen of a mesh. [Judge] is pure: it reads a
// snapshot and nothing else, calls no API and keeps no state, so that the same
// judgements serve a look at running clusters, a stored snapshot, and a plan
// that was laid over a snapshot before anything is changed.
package diagnose

import (
	"slices"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// APIVersion and Kind are the type that a [Report] carries.
const (
	APIVersion = "aksmesh.io/v1alpha1"
	Kind       = "DiagnosticReport"
)

// Options says how to judge.
type Options struct {
	// Phase chooses the checks; empty is [Running].
	Phase Phase
	// Now is the time that certificates are judged by; zero is the time at
	// which the snapshot was taken.
	Now time.Time
	// Command is what is about to be done, as rbac takes it: its roles are named
	// where rights are lacking in a preflight. Empty is join.
	Command string
}

// Judge runs every check of the phase over the snapshot. It does not change
// the snapshot. One cluster's trouble never hides another's findings.
func Judge(s mesh.Snapshot, opts Options) Report {
	v := newView(s, opts)
	var parts [][]Finding // a large mesh has tens of thousands
	for _, c := range Catalogue() {
		if !c.in(v.phase) {
			continue
		}
		found := once(c.Judge(v))
		for i := range found {
			found[i] = c.stamp(found[i])
		}
		parts = append(parts, found)
	}
	all := slices.Concat(parts...)
	rank(all)
	return Report{APIVersion: APIVersion, Kind: Kind, Findings: all, Counts: count(all)}
}

// once drops what a check says twice of a cluster that it cannot judge: checks
// that look at clusters and at pairs come across it both times. The list is
// the check's no more.
func once(found []Finding) []Finding {
	type key struct{ context, message string }
	said := map[key]bool{}
	return slices.DeleteFunc(found, func(f Finding) bool {
		if f.Subject.Kind != ClusterSubject || f.Status != Unknown && f.Status != Skipped {
			return false
		}
		k := key{f.Subject.Names[0], f.Message}
		again := said[k]
		said[k] = true
		return again
	})
}
