package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// tryReport is what try shows.
type tryReport struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Namespace  string      `json:"namespace"`
	Service    string      `json:"service"`
	Requests   int         `json:"requests"` // of each client
	Clients    []tryClient `json:"clients"`
	// Problems are what could not be read.
	Problems []contextProblems `json:"problems,omitempty"`
}

// tryClient is one cluster that was asked from.
type tryClient struct {
	Context string `json:"context"`
	URL     string `json:"url,omitempty"`
	Pod     string `json:"pod,omitempty"` // removed by now
	Node    string `json:"node,omitempty"`
	// Measured is nil if there is an Error.
	Measured  *wire.HTTP        `json:"measured,omitempty"`
	Predicted globalsvc.Answers `json:"predicted,omitzero"`
	// Tables is what agents of the cluster had in their load balancers before
	// the first request; empty if none could be asked.
	Tables     []globalsvc.Held     `json:"tables,omitempty"`
	Comparison globalsvc.Comparison `json:"comparison,omitzero"`
	// Error says why nothing was measured, or what could not be removed.
	Error string `json:"error,omitempty"`
}

// predict says who answers the client by the rules, and by its cluster's agents.
func (c *tryClient) predict(seen mesh.Snapshot, q globalsvc.Query) {
	c.Predicted = globalsvc.Predict(seen, c.Context, q)
	c.Tables = globalsvc.Tables(seen, c.Predicted, q)
}

// err joins the clients' errors.
func (r *tryReport) err() error {
	var errs []error
	for i := range r.Clients {
		if c := &r.Clients[i]; c.Error != "" && c.Error != errInterrupted.Error() {
			errs = append(errs, fmt.Errorf("context %q: %s", c.Context, c.Error))
		}
	}
	return errors.Join(errs...)
}

// verdict is the error for what is not as it should be.
func (r *tryReport) verdict() error {
	if err := r.err(); err != nil {
		return err
	}
	var errs []error
	for i := range r.Clients {
		c := &r.Clients[i]
		switch {
		case c.Comparison.Agreement == globalsvc.Differs:
			errs = append(errs, fmt.Errorf("context %q: %s", c.Context, c.Comparison.Reason))
		case c.Measured.Failed > 0:
			errs = append(errs, fmt.Errorf("context %q: %d of %d requests failed, as the rules say", c.Context, c.Measured.Failed, c.Measured.Failed+c.Measured.Answered))
		case c.Measured.Incomplete:
			errs = append(errs, fmt.Errorf("context %q: only %d of %d requests were sent", c.Context, c.Measured.Answered, c.Measured.Requests))
		}
		for j := range c.Tables {
			for _, line := range c.Tables[j].Differs {
				errs = append(errs, fmt.Errorf("context %q: %s", c.Context, line))
			}
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return codeError{exitFindings, errors.Join(errs...)}
}

func (o *tryOptions) print(report *tryReport) error {
	if o.flags.output != "" {
		return printDocument(o.app.streams.Out, o.flags.output, report)
	}
	o.app.writeProblems(report.Problems)
	terminal, style := o.app.outStyle()
	return report.write(o.app.streams.Out, style, terminal.Live)
}

// write shows each client: what came how often, beside what the rules say.
func (r *tryReport) write(w io.Writer, style ui.Style, bars bool) error {
	for i := range r.Clients {
		c := &r.Clients[i]
		if i > 0 {
			fmt.Fprintln(w)
		}
		if c.Measured == nil {
			fmt.Fprintf(w, "%s: %s\n", style.Paint(ui.Bold, clean(c.Context)), style.Paint(ui.Bad, "not asked"))
			continue
		}
		fmt.Fprintf(w, "%s: %s\n", style.Paint(ui.Bold, clean(c.Context)), summary(c))
		table := c.table(style, bars)
		if err := table.Write(w, style); err != nil {
			return err
		}
		fmt.Fprintf(w, "predicted: %s\n", clean(prediction(&c.Predicted)))
		for _, note := range c.Predicted.Notes {
			fmt.Fprintf(w, "  note: %s\n", clean(note))
		}
		for _, line := range c.agents() {
			fmt.Fprintf(w, "agents:    %s\n", clean(line))
		}
		tone := map[globalsvc.Agreement]ui.Tone{globalsvc.Agrees: ui.Good, globalsvc.Differs: ui.Bad, globalsvc.Incomplete: ui.Warn}[c.Comparison.Agreement]
		if _, err := fmt.Fprintf(w, "compared:  %s\n", style.Paint(tone, clean(compared(&c.Comparison)))); err != nil {
			return err
		}
	}
	return nil
}

func summary(c *tryClient) string {
	m := c.Measured
	text := fmt.Sprintf("%d of %d requests to %s were answered in %s", m.Answered, m.Requests, clean(c.URL), micros(m.Micros))
	if l := m.Latency; l != nil {
		text += fmt.Sprintf(" (p50 %s, p90 %s, p99 %s, max %s)", micros(l.P50), micros(l.P90), micros(l.P99), micros(l.Max))
	}
	return text
}

// table counts answers and errors.
func (c *tryClient) table(style ui.Style, bars bool) *ui.Table {
	table := &ui.Table{Header: []string{"ANSWER", "TIMES", "SHARE"}}
	add := func(counts []wire.Count, prefix string, tone ui.Tone) {
		for _, one := range counts {
			part := float64(one.Times) / float64(c.Measured.Answered+c.Measured.Failed)
			row := []ui.Cell{{Text: prefix + one.Text, Tone: tone}, {Text: fmt.Sprint(one.Times)}, {Text: percent(part)}}
			if bars {
				const width = 30
				row = append(row, ui.Cell{Text: style.Bar(part, width), Tone: tone})
			}
			table.Rows = append(table.Rows, row)
		}
	}
	add(c.Measured.Answers, "", ui.Normal)
	add(c.Measured.Errors, "no answer: ", ui.Bad)
	return table
}

// prediction says in one line who answers by the rules.
func prediction(a *globalsvc.Answers) string {
	switch {
	case a.Unknown != "":
		return "unknown: " + a.Unknown
	case a.Nobody != "":
		return "nobody: " + a.Nobody
	}
	var parts []string
	for _, s := range a.Shares {
		text := fmt.Sprintf("%s %s (%s)", s.Context, percent(s.Fraction), count(s.Endpoints, "endpoint"))
		if s.Verdict != globalsvc.Allowed {
			text += fmt.Sprintf(", %s: %s", s.Verdict, s.Reason)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// agents are lines that say what agents have beside what the rules say.
func (c *tryClient) agents() []string {
	switch {
	case len(c.Tables) == 0:
		return []string{"none was asked"}
	case c.Predicted.Unknown != "":
		return []string{heldText(c.Tables)}
	case globalsvc.Agree(c.Tables):
		return []string{"as the rules say"}
	}
	var lines []string
	for i := range c.Tables {
		lines = append(lines, c.Tables[i].Differs...)
		if c.Tables[i].Error != "" {
			lines = append(lines, fmt.Sprintf("%s could not be asked: %s", c.Tables[i].Pod, c.Tables[i].Error))
		}
	}
	return lines
}

func compared(c *globalsvc.Comparison) string {
	text := map[globalsvc.Agreement]string{
		globalsvc.Agrees: "as many were answered as the rules say", globalsvc.Differs: "not as the rules say: " + c.Reason,
	}[c.Agreement]
	switch {
	case text == "":
		text = "not comparable: " + c.Reason
	case c.Agreement == globalsvc.Agrees && c.AnsweredBy != nil:
		text += ", and by the clusters that should"
	}
	if c.NotCompared != "" {
		text += "; which clusters answered is not compared: " + c.NotCompared
	}
	return text
}

func percent(part float64) string { return fmt.Sprintf("%.1f%%", 100*part) }

// micros shows microseconds to about three digits.
func micros(n int64) string {
	d := time.Duration(n) * time.Microsecond
	for unit := time.Second; unit >= time.Microsecond; unit /= 10 {
		if d >= 100*unit {
			return d.Round(unit).String()
		}
	}
	return d.String()
}
