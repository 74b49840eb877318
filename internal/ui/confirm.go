package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// ErrNoTerminal is returned by [Confirm] where nobody can answer.
var ErrNoTerminal = errors.New("cannot ask for confirmation: stdin is not a terminal; add --yes to go on without being asked")

// Confirm asks a question, as "Change 3 clusters?", on stderr and reads the
// answer. Only y and yes are a yes; so a bare return or the end of input is a
// no. It returns [ErrNoTerminal] without asking if stdin is not a terminal, and
// the cause of ctx's end if that comes before the answer.
//
// A read from a terminal cannot be broken off on every system. After an
// interruption one goroutine may therefore stay in it, and takes the next line.
func Confirm(ctx context.Context, streams genericiooptions.IOStreams, question string) (bool, error) {
	if !IsTerminal(streams.In) {
		return false, ErrNoTerminal
	}
	return ask(ctx, streams, question)
}

func ask(ctx context.Context, streams genericiooptions.IOStreams, question string) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if _, err := fmt.Fprintf(streams.ErrOut, "%s (y/N): ", escape(question)); err != nil {
		return false, fmt.Errorf("cannot ask for confirmation: %w", err)
	}
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1) // so that a late answer finds a place
	go func() {
		line, err := readLine(streams.In)
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return false, fmt.Errorf("cannot read the answer: %w", a.err)
		}
		if a.err != nil { // the user's return key did not end the line
			fmt.Fprintln(streams.ErrOut)
		}
		s := strings.ToLower(strings.TrimSpace(a.line))
		return s == "y" || s == "yes", nil
	case <-ctx.Done():
		if in, ok := streams.In.(interface{ SetReadDeadline(time.Time) error }); ok {
			_ = in.SetReadDeadline(time.Now()) // where it works it ends the goroutine
		}
		fmt.Fprintln(streams.ErrOut)
		return false, context.Cause(ctx)
	}
}

// readLine reads byte by byte, so that what follows is left to the next reader.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return string(line), err
		}
	}
}
