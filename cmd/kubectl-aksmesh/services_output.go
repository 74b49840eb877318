package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

const outputWide = "wide"

// servicesReport is the document of command services.
type servicesReport struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Services   []globalsvc.Row   `json:"services"`
	Problems   []contextProblems `json:"problems,omitempty"`
}

// contextProblems are what could not be read of one cluster.
type contextProblems struct {
	Context  string   `json:"context"`
	Problems []string `json:"problems"`
}

func newServicesReport(s mesh.Snapshot, rows []globalsvc.Row) *servicesReport {
	return &servicesReport{APIVersion: plan.APIVersion, Kind: "ServicesReport", Services: rows, Problems: allProblems(s)}
}

func allProblems(s mesh.Snapshot) []contextProblems {
	var all []contextProblems
	for i := range s.Clusters {
		if problems := problemsOf(&s.Clusters[i]); len(problems) > 0 {
			all = append(all, contextProblems{s.Clusters[i].Context, problems})
		}
	}
	return all
}

// writeProblems says on stderr what could not be read.
func (a *app) writeProblems(all []contextProblems) {
	for i := range all {
		for _, line := range all[i].Problems {
			fmt.Fprintf(a.streams.ErrOut, "%s: %s\n", clean(all[i].Context), clean(line))
		}
	}
}

// errorsOf is an error if clusters could not be read at all.
func errorsOf(r *servicesReport, err error) error {
	if err != nil {
		return err
	}
	unread := 0
	for i := range r.Problems {
		if slices.ContainsFunc(r.Problems[i].Problems, func(p string) bool { return strings.HasPrefix(p, mesh.SectionAPI+":") }) {
			unread++
		}
	}
	if unread > 0 {
		return codeError{exitError, fmt.Errorf("%s could not be reached: what is shown of the others does not count it", count(unread, "cluster"))}
	}
	return nil
}

func (o *servicesOptions) print(r *servicesReport) error {
	if o.output == outputJSON || o.output == outputYAML {
		return printDocument(o.app.streams.Out, o.output, r)
	}
	o.app.writeProblems(r.Problems)
	if len(r.Services) == 0 {
		fmt.Fprintln(o.app.streams.ErrOut, o.none())
		return nil
	}
	_, style := o.app.outStyle()
	return errors.Join(o.table(r.Services, true).Write(o.app.streams.Out, style), writeRemarks(o.app.streams.Out, style, r.Services))
}

func (o *servicesOptions) none() string {
	where := "in namespace " + o.namespace
	if o.allNamespaces {
		where = "in any namespace"
	}
	if o.name != "" {
		return fmt.Sprintf("no cluster has service %s %s", o.name, where)
	}
	return "no global service " + where + "; make one with kubectl aksmesh expose SERVICE"
}

func (o *servicesOptions) table(rows []globalsvc.Row, header bool) *ui.Table {
	table := &ui.Table{}
	wide := o.output == outputWide
	if header {
		table.Header = []string{"NAMESPACE", "SERVICE", "CLUSTER", "GLOBAL", "SHARED", "AFFINITY", "ENDPOINTS", "ANSWERED BY (RULES)", "ANSWERED BY (AGENTS)"}
		if wide {
			table.Header = append(table.Header, "AGENT")
		}
	}
	for i := range rows {
		row := &rows[i]
		cells := ui.Cells(row.Namespace, row.Name, row.Context, yesNo(row, row.Global), yesNo(row, row.Shared), dash(row.Affinity),
			endpointsText(row), row.Rules.Text(), tablesText(row))
		cells[8].Tone = tablesTone(row)
		if wide {
			cells = append(cells, ui.Cells(agentsText(row.Tables))...)
		}
		table.Rows = append(table.Rows, cells)
	}
	return table
}

func yesNo(row *globalsvc.Row, value bool) string {
	switch {
	case !row.Present:
		return "-"
	case value:
		return "yes"
	default:
		return "no"
	}
}

// endpointsText is "2", "1+1" with one that terminates, "1/3" where only one
// of three is ready.
func endpointsText(row *globalsvc.Row) string {
	if !row.Present {
		return "-"
	}
	text := fmt.Sprint(row.Endpoint.Ready)
	if row.Endpoint.Terminating > 0 {
		text += fmt.Sprintf("+%d ending", row.Endpoint.Terminating)
	}
	if row.Endpoint.NotReady > 0 {
		text += fmt.Sprintf("/%d", row.Endpoint.Ready+row.Endpoint.Terminating+row.Endpoint.NotReady)
	}
	return text
}

func tablesText(row *globalsvc.Row) string {
	switch {
	case row.Rules.Unknown != "" && len(row.Tables) > 0:
		return heldText(row.Tables)
	case row.Agree:
		return "same"
	case len(row.Tables) == 0:
		return "-"
	case slices.ContainsFunc(row.Tables, func(h globalsvc.Held) bool { return len(h.Differs) > 0 }):
		return heldText(row.Tables)
	default:
		return "unknown"
	}
}

// heldText shows the first agent that differs.
func heldText(tables []globalsvc.Held) string {
	for i := range tables {
		h := &tables[i]
		if len(h.Differs) == 0 && i < len(tables)-1 {
			continue
		}
		total := 0
		names := map[string]bool{}
		for name, n := range h.Endpoints {
			names[name] = true
			total += n
		}
		if total == 0 {
			return "nobody"
		}
		var parts []string
		for _, name := range sortedNames(names) {
			parts = append(parts, name+" "+globalsvc.Percent(float64(h.Endpoints[name])/float64(total)))
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

func tablesTone(row *globalsvc.Row) ui.Tone {
	switch tablesText(row) {
	case "same":
		return ui.Good
	case "-", "unknown":
		return ui.Dim
	default:
		return ui.Warn
	}
}

func agentsText(tables []globalsvc.Held) string {
	var pods []string
	for i := range tables {
		pods = append(pods, tables[i].Pod)
	}
	return dash(strings.Join(pods, ","))
}

// writeRemarks says below the table why nobody answers, what policies deny,
// where agents differ, and what was left out.
func writeRemarks(w io.Writer, style ui.Style, rows []globalsvc.Row) error {
	said := map[string]bool{}
	var err error
	for i := range rows {
		row := &rows[i]
		where := fmt.Sprintf("%s/%s in %s", row.Namespace, row.Name, row.Context)
		for _, remark := range remarks(row) {
			line := where + ": " + remark
			if said[line] || err != nil {
				continue
			}
			said[line] = true
			_, err = fmt.Fprintln(w, style.Paint(ui.Dim, clean(line)))
		}
	}
	return err
}

func remarks(row *globalsvc.Row) []string {
	var all []string
	if row.Rules.Unknown != "" {
		all = append(all, row.Rules.Unknown)
	}
	if row.Rules.Nobody != "" {
		all = append(all, row.Rules.Nobody)
	}
	for i := range row.Rules.Shares {
		if share := &row.Rules.Shares[i]; share.Verdict != globalsvc.Allowed {
			all = append(all, fmt.Sprintf("requests to %s are %s by %s", share.Context, verdictText(share.Verdict), share.Reason))
		}
	}
	for i := range row.Tables {
		all = append(all, row.Tables[i].Differs...)
		if row.Tables[i].Error != "" {
			all = append(all, fmt.Sprintf("agent %s could not be asked: %s", row.Tables[i].Pod, row.Tables[i].Error))
		}
	}
	return append(all, row.Rules.Notes...)
}

func verdictText(v globalsvc.Verdict) string {
	if v == globalsvc.Denied {
		return "denied"
	}
	return "perhaps denied"
}
