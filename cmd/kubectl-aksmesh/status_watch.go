package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// follow looks again and again until ctx ends: agents cannot be watched, they
// have to be asked. A terminal shows the newest look; anything else gets each
// that differs from the one before.
func (o *statusOptions) follow(ctx context.Context) error {
	terminal, style := o.app.outStyle()
	var last *statusReport
	for {
		seen, err := o.see(ctx)
		switch {
		case err != nil:
			return err
		case terminal.Live && o.output == "":
			err = redraw(o.app.streams.Out, terminal, style, seen, o.interval)
		case last == nil || !reflect.DeepEqual(last, seen.statusReport):
			err = o.printNext(seen, last != nil)
		}
		if err != nil {
			return err
		}
		last = seen.statusReport
		if !pause(ctx, o.interval) {
			return context.Cause(ctx)
		}
	}
}

// printNext prints a look; in words, an empty line and the time part it from
// the one before.
func (o *statusOptions) printNext(seen *statusSeen, again bool) error {
	if o.output == "" && again {
		fmt.Fprintf(o.app.streams.Out, "\nat %s:\n", seen.snapshot.Taken.Local().Format(time.TimeOnly))
	}
	return o.print(seen)
}

// redraw writes a look over the one before, in one write, so that it does not
// flicker. What does not fit on the screen is counted.
func redraw(w io.Writer, terminal ui.Terminal, style ui.Style, seen *statusSeen, every time.Duration) error {
	columns, rows := terminal.Size()
	var text bytes.Buffer
	verdict := style.Paint(ui.Good, "ready")
	if !seen.Ready {
		verdict = style.Paint(ui.Bad, "not ready")
	}
	fmt.Fprintf(&text, "%s at %s, again every %s; Ctrl-C ends\n\n", verdict, seen.snapshot.Taken.Local().Format(time.TimeOnly), every)
	if err := seen.write(&text, style, columns); err != nil {
		return err
	}
	_, err := io.WriteString(w, screenful(text.String(), columns, rows))
	return err
}

// Escape codes: to the first place, to the line's end, to the screen's end.
const (
	goHome    = "\x1b[H"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// screenful is a text from the screen's first place on, cut to its rows.
func screenful(text string, columns, rows int) string {
	var b strings.Builder
	b.WriteString(goHome)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	left := rows - 1 // the last row stays free, or the screen would scroll
	for i, line := range lines {
		need := rowsOf(line, columns)
		last := i == len(lines)-1
		if need > left || !last && need+1 > left {
			fmt.Fprintf(&b, "and %s more: make the window higher%s\r\n", count(len(lines)-i, "line"), clearLine)
			break
		}
		left -= need
		b.WriteString(line + clearLine + "\r\n")
	}
	return b.String() + clearRest
}

// rowsOf is how many rows a line takes; colours take none.
func rowsOf(line string, columns int) int {
	plain := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(line, "")
	if columns <= 0 {
		return 1
	}
	return max(1, (runewidth.StringWidth(plain)+columns-1)/columns)
}
