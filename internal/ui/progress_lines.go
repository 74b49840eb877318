package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// plain writes one line per change, for logs: seconds since the first event,
// cluster, step, state, text. No escape codes.
type plain struct {
	*lineWriter
	board *board
}

func (p *plain) event(e plan.Event, n news) {
	s := p.board.steps[e.Step]
	word, text := string(e.State), e.Text
	switch n {
	case queued:
		return
	case started:
		word = "starts"
	case waits:
		word = "waits"
	case ended:
		if e.State == plan.Done && !s.began.IsZero() {
			text = "after " + short(s.ended.Sub(s.began))
		}
	}
	clusters, steps := p.widths()
	line := fmt.Sprintf("%7.1fs  %s  %s  %-7s  %s", e.Time.Sub(p.board.began).Seconds(),
		pad(clusterName(e.Cluster), clusters), pad(s.label, steps), word, oneLine(text))
	p.write(strings.TrimRight(line, " ") + "\n")
}

// widths of the columns, as far as names are known by now; a run tells all of
// them before it begins.
func (p *plain) widths() (clusters, steps int) {
	for _, r := range p.board.rows {
		clusters = max(clusters, cells(clusterName(r.cluster)))
		for _, s := range r.steps {
			steps = max(steps, cells(s.label))
		}
	}
	return clusters, steps
}

func (p *plain) note(line string) { p.write(escape(line) + "\n") }

// jsonLines writes every event as one line of JSON. What is no event becomes
// an object with nothing but time and text.
type jsonLines struct{ *lineWriter }

func (j *jsonLines) event(e plan.Event, _ news) { j.encode(e) }

func (j *jsonLines) note(line string) {
	j.encode(struct {
		Time time.Time `json:"time"`
		Text string    `json:"text"`
	}{time.Now().UTC(), line})
}

func (j *jsonLines) encode(v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // texts are read by people too
	if err := enc.Encode(v); err != nil && j.err == nil {
		j.err = fmt.Errorf("cannot show progress: %w", err)
	}
	j.write(b.String())
}

// quiet shows nothing but notes: a warning is no progress.
type quiet struct{ *lineWriter }

func (q *quiet) event(plan.Event, news) {}

func (q *quiet) note(line string) { q.write(escape(line) + "\n") }
