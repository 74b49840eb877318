package main

import (
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// progressInterval is the least time between two lines of progress.
const progressInterval = time.Second

// output writes lines of JSON. Its methods may be called concurrently.
type output struct {
	mu   sync.Mutex
	json *json.Encoder
	last time.Time // when progress was written
}

func newOutput(w io.Writer) *output {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // titles are read by people too
	return &output{json: encoder}
}

func (o *output) write(line wire.Line) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.json.Encode(line)
}

// progress tells how far a measurement is, unless it did so a moment ago. The
// first line comes at once: who follows the log then knows that it is open.
func (o *output) progress(done, of int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if !o.last.IsZero() && now.Sub(o.last) < progressInterval {
		return
	}
	o.last = now
	_ = o.json.Encode(wire.Line{Done: done, Of: of}) // the result's line tells if nobody reads
}
