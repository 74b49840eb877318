package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// askAgain is how long to wait before agents are asked once more.
const askAgain = 2 * time.Second

// settle waits until agents have what the rules say, and returns how the
// service stands then.
func (o *exposeOptions) settle(ctx context.Context, result *plan.Result) (*servicesReport, error) {
	if ctx.Err() != nil {
		return nil, nil // failure tells of it
	}
	var last *servicesReport
	var left unverified
	for said := false; ; said = true {
		seen := o.opened.lookServices(ctx, o.scope(1))
		if ctx.Err() != nil {
			return last, o.unsettled(ctx, left)
		}
		last = newServicesReport(seen, globalsvc.Rows(seen, probe.Labels()))
		if !o.flags.wait || !result.OK() {
			return last, nil
		}
		left = unverifiedIn(seen, last.Services)
		if len(left.differ)+len(left.silent) == 0 {
			if len(left.never) > 0 {
				o.app.say("all is written, but it could not be verified in %s", strings.Join(left.never, ", "))
			}
			return last, nil
		}
		if !said {
			o.app.say("waiting for agents to take it over")
		}
		if !pause(ctx, askAgain) {
			return last, o.unsettled(ctx, left)
		}
	}
}

// unverified are contexts of which it is not known that agents answer clients
// as the rules say.
type unverified struct {
	differ []string // an agent has something else, as yet
	silent []string // no agent could be asked, as yet
	never  []string // to ask again is of no use, and why
}

func unverifiedIn(s mesh.Snapshot, rows []globalsvc.Row) unverified {
	var u unverified
	for i := range s.Clusters {
		f := &s.Clusters[i]
		for j := range rows {
			if row := &rows[j]; row.Context == f.Context && expectsAgents(f, row) {
				u.weigh(f, row)
			}
		}
	}
	return u
}

// expectsAgents says whether agents hold anything of the service: it must have
// an address, and the cluster Cilium.
func expectsAgents(f *mesh.Facts, row *globalsvc.Row) bool {
	service := f.Services.Find(row.Namespace, row.Name)
	return f.Config != nil && service != nil && len(service.ClusterIPs) > 0
}

func (u *unverified) weigh(f *mesh.Facts, row *globalsvc.Row) {
	forbidden := slices.ContainsFunc(f.Problems, func(p mesh.Problem) bool { return p.Section == mesh.SectionAgents && p.Kind == mesh.Forbidden })
	differs, answers := false, false
	for i := range row.Tables {
		h := &row.Tables[i]
		differs = differs || len(h.Differs) > 0
		answers = answers || h.Error == ""
		forbidden = forbidden || h.Forbidden
	}
	switch {
	case differs:
		u.differ = append(u.differ, f.Context)
	case answers:
	case forbidden:
		u.never = append(u.never, f.Context+" (to ask its agents is forbidden)")
	case len(row.Tables) == 0 && len(f.Workloads) == 0 && !hasProblem(f, mesh.SectionWorkloads) && !hasProblem(f, mesh.SectionAgents):
		u.never = append(u.never, f.Context+" (no agent runs there)")
	default:
		u.silent = append(u.silent, f.Context)
	}
}

func hasProblem(f *mesh.Facts, section string) bool {
	return slices.ContainsFunc(f.Problems, func(p mesh.Problem) bool { return p.Section == section })
}

// unsettled is the failure of a wait that was cut short: all is written, and
// agents may need longer.
func (o *exposeOptions) unsettled(ctx context.Context, left unverified) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errInterrupted) {
		return cause
	}
	what := "not every agent has taken it over"
	if len(left.silent) > 0 {
		what = "it could not be verified in " + strings.Join(left.silent, ", ")
	}
	if len(left.differ)*len(left.silent) > 0 {
		what += ", and not every other agent has taken it over"
	}
	return codeError{exitFindings, fmt.Errorf("all is written, but %s within --timeout %s; see kubectl aksmesh services %s -n %s --context %s --watch",
		what, o.flags.timeout, o.wish.Name, o.namespace, strings.Join(o.contexts, ","))}
}
