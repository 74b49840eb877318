package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// preflight judges clusters before and after a change.
type preflight struct {
	app     *app
	command string          // as rbac takes it
	warned  map[string]bool // what was told before the change
}

// judge judges what was seen, or would be, before the change.
func (p *preflight) judge(s mesh.Snapshot) diagnose.Report {
	return diagnose.Judge(s, diagnose.Options{Phase: diagnose.Preflight, Command: p.command})
}

// unreadable prints why clusters cannot be read, which may be that Azure has
// stopped one. Nothing can be planned then, so what else would be judged of the
// others is left for the next try.
func (p *preflight) unreadable(s mesh.Snapshot) error {
	report := p.judge(s)
	var access []diagnose.Finding
	for _, f := range append(report.Errors(), report.Unknowns()...) {
		if f.Code.Family() == diagnose.Access || f.Code == diagnose.CodeAzureState {
			access = append(access, f)
		}
	}
	_, style := p.app.terminal()
	writeFindings(p.app.streams.ErrOut, style, access, nil)
	return codeError{exitError, errors.New("nothing was changed: not every cluster can be read")}
}

// unhindered refuses what would stop a change half way, and what is found of the
// codes besides. Other trouble in the mesh is not judged.
func (p *preflight) unhindered(seen mesh.Snapshot, besides ...diagnose.Code) error {
	hindrances := append([]diagnose.Code{diagnose.CodeRights, diagnose.CodeSameCluster, diagnose.CodePending}, besides...)
	report := p.judge(seen)
	report.Findings = slices.DeleteFunc(report.Findings, func(f diagnose.Finding) bool { return !slices.Contains(hindrances, f.Code) })
	return p.refuse(&report)
}

// refuse prints what was found before a change, and returns an error if any of
// it would break the mesh.
func (p *preflight) refuse(report *diagnose.Report) error {
	_, style := p.app.terminal()
	errs, warnings := report.Errors(), report.Warnings()
	p.warned = map[string]bool{}
	for i := range warnings {
		p.warned[key(warnings[i])] = true
	}
	writeFindings(p.app.streams.ErrOut, style, errs, append(warnings, report.Unknowns()...))
	if len(errs) == 0 {
		return nil
	}
	return codeError{exitError, fmt.Errorf("nothing was changed: the preflight found %s", count(len(errs), "error"))}
}

// after prints what the last look found and the preflight did not. done is
// what was reached, as "the clusters are joined".
func (p *preflight) after(s mesh.Snapshot, done string) error {
	report := diagnose.Judge(s, diagnose.Options{Phase: diagnose.Running})
	_, style := p.app.terminal()
	errs := report.Errors()
	warnings := slices.DeleteFunc(report.Warnings(), func(f diagnose.Finding) bool { return p.warned[key(f)] })
	writeFindings(p.app.streams.ErrOut, style, errs, warnings)
	if len(errs) == 0 {
		return nil
	}
	return codeError{exitFindings, fmt.Errorf("%s, and the last look found %s", done, count(len(errs), "error"))}
}

// key tells findings apart: what is judged, and of whom.
func key(f diagnose.Finding) string {
	return string(f.Code) + " " + strings.Join(f.Subject.Names, ",")
}
