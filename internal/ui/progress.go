package ui

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// ProgressMode is the value of a --progress flag. It implements pflag.Value.
type ProgressMode string

// Values of [ProgressMode].
const (
	ProgressAuto  ProgressMode = "auto"  // tty on a terminal, else plain
	ProgressTTY   ProgressMode = "tty"   // a block of lines that is redrawn
	ProgressPlain ProgressMode = "plain" // one line per change of state
	ProgressJSON  ProgressMode = "json"  // one plan.Event per line
	ProgressQuiet ProgressMode = "quiet"
)

// String returns the mode.
func (m *ProgressMode) String() string { return string(*m) }

// Type names the values for help texts.
func (m *ProgressMode) Type() string { return "auto|tty|plain|json|quiet" }

// Set takes a mode from the command line.
func (m *ProgressMode) Set(s string) error {
	switch v := ProgressMode(s); v {
	case ProgressAuto, ProgressTTY, ProgressPlain, ProgressJSON, ProgressQuiet:
		*m = v
		return nil
	default:
		return fmt.Errorf("must be %s", m.Type())
	}
}

// Progress shows events as they come. Its methods may be called concurrently.
type Progress struct {
	mu      sync.Mutex
	board   board
	display display
	partial []byte // written to Writer and not yet ended by a newline
	closed  bool
	stop    func() // ends the redrawing and waits for that; nil if there is none
}

// display is one way to show events. Its methods are called one at a time.
type display interface {
	// event shows a change that the board has taken in.
	event(e plan.Event, n news)
	// note shows a line that is no event, a warning mostly.
	note(line string)
	// close shows the last state and reports the first error in writing, if any.
	close() error
}

// NewProgress shows progress on out, usually stderr, of which t says what it
// can do. Mode tty falls back to plain where lines cannot be redrawn. Call
// Close before anything else is written to the same terminal.
func NewProgress(out io.Writer, t Terminal, s Style, m ProgressMode) *Progress {
	p := &Progress{}
	lw := &lineWriter{out: out}
	switch {
	case m == ProgressQuiet:
		p.display = &quiet{lw}
	case m == ProgressJSON:
		p.display = &jsonLines{lw}
	case m != ProgressPlain && t.Live && t.Size != nil:
		l := &live{lineWriter: lw, board: &p.board, style: s, size: t.Size}
		p.display = l
		p.stop = p.every(tick, l.draw)
	default:
		p.display = &plain{lineWriter: lw, board: &p.board}
	}
	return p
}

// Sink takes an event. It is a [plan.Sink].
func (p *Progress) Sink(e plan.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	if n := p.board.apply(e); n != nothingNew {
		p.display.event(e, n)
	}
}

// Writer is for everything else that has to go to the same stream meanwhile,
// such as warnings of API servers: whole lines that do not tear the picture.
func (p *Progress) Writer() io.Writer { return noteWriter{p} }

// Close shows the last state, ends the redrawing, and reports the first error
// in writing, if any. Events that come later are dropped, lines written to
// Writer are not. It may be called twice.
func (p *Progress) Close() error {
	err := p.end()
	if p.stop != nil {
		p.stop() // not under the lock, which a redraw may wait for
	}
	return err
}

func (p *Progress) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	if len(p.partial) > 0 {
		p.display.note(string(p.partial))
		p.partial = nil
	}
	err := p.display.close()
	if l, ok := p.display.(*live); ok {
		p.display = &quiet{l.lineWriter}
	}
	return err
}

// every calls draw again and again, under the lock, until the returned
// function is called. Drawing then, and not on every event, bounds the work: a
// burst of events costs one redraw.
func (p *Progress) every(d time.Duration, draw func()) (stop func()) {
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		t := time.NewTicker(d)
		defer t.Stop()
		for {
			select {
			case <-end:
				return
			case <-t.C:
				p.mu.Lock()
				if !p.closed {
					draw()
				}
				p.mu.Unlock()
			}
		}
	})
	return sync.OnceFunc(func() {
		close(end)
		done.Wait()
	})
}

// noteWriter hands lines to the display.
type noteWriter struct{ p *Progress }

// Write takes any part of a line or several lines. It never fails.
func (w noteWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	w.p.partial = append(w.p.partial, b...)
	for {
		line, rest, found := bytes.Cut(w.p.partial, []byte("\n"))
		if !found {
			return len(b), nil
		}
		w.p.display.note(string(line))
		w.p.partial = rest
	}
}

// lineWriter writes and keeps the first error: progress that cannot be shown
// must not stop the work.
type lineWriter struct {
	out io.Writer
	err error
}

func (w *lineWriter) write(s string) {
	if _, err := io.WriteString(w.out, s); err != nil && w.err == nil {
		w.err = fmt.Errorf("cannot show progress: %w", err)
	}
}

func (w *lineWriter) close() error { return w.err }
