package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/aksmesh/kubectl-aksmesh/lab/build"
)

// bar shows the progress of a build: on a terminal one line that changes,
// elsewhere a line for each program, and one a minute while it takes long.
type bar struct {
	out      io.Writer
	terminal bool
	drawn    bool
	doing    string
	said     time.Time
}

func newBar(out io.Writer) *bar {
	file, ok := out.(*os.File)
	return &bar{out: out, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

func (b *bar) report(p build.Progress) {
	if b.terminal {
		fmt.Fprintf(b.out, "\r\x1b[K%s", line(p))
		b.drawn = true
		return
	}
	if p.Doing == b.doing && time.Since(b.said) < time.Minute {
		return
	}
	b.doing, b.said = p.Doing, time.Now()
	fmt.Fprintln(b.out, line(p))
}

// line is one state of a build as text.
func line(p build.Progress) string {
	if p.Left == 0 && p.Fraction == 0 {
		return p.Doing // before it is known how much there is to do
	}
	const width = 30
	full := int(p.Fraction * width)
	return fmt.Sprintf("[%s%s] %3.0f %%  %-24s %s left",
		strings.Repeat("#", full), strings.Repeat(".", width-full), 100*p.Fraction, p.Doing, about(p.Left))
}

// about rounds a duration as far as an estimate is good.
func about(d time.Duration) string {
	switch {
	case d > 90*time.Second:
		return fmt.Sprintf("about %.0f min", d.Minutes())
	case d > 10*time.Second:
		return fmt.Sprintf("about %.0f s", d.Round(10*time.Second).Seconds())
	}
	return "a few seconds"
}

func (b *bar) close() {
	if b.drawn {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}
