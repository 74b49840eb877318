package ui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// frame draws the board as lines that fit into width columns and fewer than
// height rows. The row that scrolls and the column that wraps stay free.
func (l *live) frame(now time.Time, width, height int) []string {
	b := l.board
	if len(b.rows) == 0 || height < 2 {
		return nil
	}
	var lines [][]Cell
	if height > 2 {
		lines = l.crowd(b.rows, b.since(now), height-2)
	}
	lines = append(lines, l.total(b, now))
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = l.style.line(line, max(1, width-1))
	}
	return out
}

// crowd draws one line per cluster. If that makes too many, first those that
// are done share a line, then those that wait, then what is left is counted.
func (l *live) crowd(rows []*row, now time.Duration, most int) [][]Cell {
	nameWidth := 0
	for _, r := range rows {
		nameWidth = max(nameWidth, cells(clusterName(r.cluster)))
	}
	kept := slices.Clone(rows)
	var shared [][]Cell
	for _, k := range []kind{wellDone, idle} {
		if len(kept)+len(shared) <= most {
			break
		}
		var names []string
		kept = slices.DeleteFunc(kept, func(r *row) bool {
			if r.kind() == k {
				names = append(names, clusterName(r.cluster))
			}
			return r.kind() == k
		})
		if len(names) > 0 {
			shared = append(shared, []Cell{l.mark(k), {Text: fmt.Sprintf(" %d %s: %s", len(names), k, strings.Join(names, ", "))}})
		}
	}
	if len(kept)+len(shared) > most {
		kept = kept[:min(len(kept), most-1)]
		hidden := len(rows) - len(kept)
		shared = [][]Cell{{{Text: fmt.Sprintf("%s and %s more", l.style.ellipsis(), count(hidden, "cluster"))}}}
	}
	lines := make([][]Cell, 0, len(kept)+len(shared))
	for _, r := range kept {
		lines = append(lines, l.row(r, now, nameWidth))
	}
	return append(lines, shared...)
}

// kind is where a cluster as a whole stands.
type kind string

const (
	busy     kind = "running"
	idle     kind = "waiting"
	wellDone kind = "done"
	undone   kind = "not done" // ended with a failure
)

func (r *row) kind() kind {
	switch {
	case len(r.in(plan.Running)) > 0:
		return busy
	case r.endedSteps() < len(r.steps):
		return idle
	case len(r.in(plan.Done)) == len(r.steps):
		return wellDone
	default:
		return undone
	}
}

// mark is the symbol of a kind; in ASCII all are two columns wide.
func (l *live) mark(k kind) Cell {
	switch k {
	case busy:
		return Cell{l.style.pick("▸", "> "), Bold}
	case wellDone:
		return Cell{l.style.pick("✓", "ok"), Good}
	case undone:
		return Cell{l.style.pick("✗", "x "), Bad}
	default:
		return Cell{l.style.pick("·", ". "), Dim}
	}
}

// row draws a cluster: mark, name, steps done, and what goes on.
func (l *live) row(r *row, now time.Duration, nameWidth int) []Cell {
	k := r.kind()
	steps := fmt.Sprintf("%d/%d", len(r.in(plan.Done)), len(r.steps))
	line := []Cell{
		l.mark(k),
		{Text: " " + pad(clusterName(r.cluster), nameWidth) + "  "},
		{Text: fmt.Sprintf("%5s  ", steps), Tone: Dim},
	}
	if failed := r.in(plan.Failed); len(failed) > 0 {
		line = append(line, Cell{failed[0].label + " failed", Bad})
		if k == undone {
			return append(line, Cell{Text: ": " + oneLine(failed[0].text)})
		}
		line = append(line, Cell{Text: "; "})
	}
	switch k {
	case busy:
		return append(line, l.running(r, now)...)
	case idle:
		return append(line, Cell{"waits for its turn", Dim})
	case wellDone:
		return append(line, Cell{Text: "done in " + short(r.span())})
	default: // nothing failed here: all that is undone was skipped
		skipped := r.in(plan.Skipped)
		return append(line, Cell{Text: skipped[0].label + " skipped: " + oneLine(skipped[0].text)})
	}
}

// running names the steps that run, since when the eldest does, and the
// newest word of what is waited for.
func (l *live) running(r *row, now time.Duration) []Cell {
	in := r.in(plan.Running)
	labels := make([]string, len(in))
	since, text := now, ""
	for i, s := range in {
		labels[i] = s.label
		since = min(since, l.board.since(s.began))
		if s.text != "" {
			text = s.text
		} else if text == "" {
			text = s.summary
		}
	}
	return []Cell{
		{Text: strings.Join(labels, ", ")},
		{Text: fmt.Sprintf("%6s  ", short(now-since))},
		{Text: oneLine(text), Tone: Dim},
	}
}

// total sums up the board. Once all has ended, the clock stands still.
func (l *live) total(b *board, now time.Time) []Cell {
	done, ended := 0, 0
	var last time.Time
	for _, r := range b.rows {
		done += len(r.in(plan.Done))
		ended += r.endedSteps()
		if end := r.end(); end.After(last) {
			last = end
		}
	}
	if ended == len(b.steps) {
		now = last
	}
	return []Cell{{fmt.Sprintf("%d of %s done, %s", done, count(len(b.steps), "step"), short(b.since(now))), Dim}}
}

// line paints cells side by side, cut with a mark at width columns.
func (s Style) line(parts []Cell, width int) string {
	total := 0
	for _, c := range parts {
		total += cells(c.Text)
	}
	left, mark := width, ""
	if total > width {
		mark = fit(s.ellipsis(), width, "")
		left -= cells(mark)
	}
	var b strings.Builder
	for _, c := range parts {
		text := fit(c.Text, left, "")
		left -= cells(text)
		b.WriteString(s.Paint(c.Tone, text))
	}
	return strings.TrimRight(b.String(), " ") + mark
}
