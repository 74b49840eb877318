package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// tick is how often the block is looked at; it is written only where it has
// changed, which is once a second for the elapsed time if nothing else happens.
const tick = 100 * time.Millisecond

// live keeps a block of lines up to date at the end of a terminal's output.
// The cursor rests below the block, is never hidden, and the terminal's modes
// are left alone; so there is nothing to restore, even after a kill.
type live struct {
	*lineWriter
	board *board
	style Style
	size  func() (width, height int)

	drawn []string // the block as it stands, painted
	width int      // of the terminal when it was drawn
}

func (l *live) event(plan.Event, news) {} // the next tick shows it

// note writes a line above the block.
func (l *live) note(line string) {
	width, _ := l.size()
	l.write(l.home(width) + "\x1b[J" + escape(line) + "\r\n")
	l.drawn = nil
	l.draw()
}

// close leaves the last state on the screen.
func (l *live) close() error {
	l.draw()
	return l.err
}

// draw brings the block up to date in one write, so that it does not flicker.
func (l *live) draw() {
	width, height := l.size()
	next := l.frame(time.Now(), width, height)
	same := width == l.width
	var b strings.Builder
	changed := !same || len(next) != len(l.drawn)
	for i, line := range next {
		if same && i < len(l.drawn) && l.drawn[i] == line {
			b.WriteString("\r\n")
			continue
		}
		changed = true
		b.WriteString(line + "\x1b[K\r\n")
	}
	if !changed {
		return
	}
	l.write(l.home(width) + b.String() + "\x1b[J")
	l.drawn, l.width = next, width
}

// home moves the cursor to the block's first line. On a terminal that has
// become narrower the block's lines have been wrapped and take more rows.
func (l *live) home(width int) string {
	rows := 0
	for _, line := range l.drawn {
		rows += max(1, (cells(unpainted(line))+width-1)/width)
	}
	if rows == 0 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", rows)
}

// unpainted takes the codes that Style.Paint adds out of a line.
func unpainted(line string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(line, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, line, _ = strings.Cut(after, "m")
	}
}
