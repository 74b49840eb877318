package apienv

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
)

// output keeps what a process writes, and tells when more comes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed and renewed at each write
}

func newOutput() *output { return &output{more: make(chan struct{})} }

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(p)
}

// String is all that came so far.
func (o *output) String() string {
	text, _ := o.read()
	return text
}

func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.more
}

// errEnded is the error of waiting for what a process did not print.
var errEnded = errors.New("the process has ended")

// Stdout is what the process has printed so far.
func (p *Process) Stdout() string { return p.stdout.String() }

// WaitForOutput waits until the process has printed the text on stdout.
func (p *Process) WaitForOutput(ctx context.Context, text string) error {
	for {
		so, more := p.stdout.read()
		if strings.Contains(so, text) {
			return nil
		}
		select {
		case <-more:
		case <-p.done:
			if strings.Contains(p.stdout.String(), text) {
				return nil
			}
			return errEnded
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
