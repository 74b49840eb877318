package ui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

func TestConfirmRefusesWithoutTerminal(t *testing.T) {
	t.Parallel()
	streams, in, out, errOut := genericiooptions.NewTestIOStreams()
	in.WriteString("y\n")
	ok, err := Confirm(t.Context(), streams, "Go?")
	if ok || !errors.Is(err, ErrNoTerminal) || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("got %t, %v", ok, err)
	}
	if out.Len()+errOut.Len() > 0 || in.Len() != 2 {
		t.Error("it asked all the same")
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want bool
		rest string
	}{
		"y\n": {want: true}, "yes\n": {want: true}, " YES \r\n": {want: true}, "y": {want: true},
		"\n": {}, "n\n": {}, "": {}, "yep\n": {}, "n\ny\n": {rest: "y\n"},
	}
	for input, tt := range tests {
		streams, in, out, errOut := genericiooptions.NewTestIOStreams()
		in.WriteString(input)
		got, err := ask(t.Context(), streams, "Change 3 clusters?")
		if got != tt.want || err != nil || in.String() != tt.rest || out.Len() > 0 {
			t.Errorf("%q: %t, %v, rest %q, stdout %q", input, got, err, in, out)
		}
		if q := strings.TrimRight(errOut.String(), "\n"); q != "Change 3 clusters? (y/N): " {
			t.Errorf("%q: asked %q", input, q)
		}
	}
}

func TestAnswerCannotBeRead(t *testing.T) {
	t.Parallel()
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	streams.In = io.MultiReader(strings.NewReader("y"), brokenReader{})
	if ok, err := ask(t.Context(), streams, "Go?"); ok || !errors.Is(err, errBroken) {
		t.Errorf("got %t, %v", ok, err)
	}
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

func TestInterruptedQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, typing := io.Pipe()
		streams := genericiooptions.IOStreams{In: in, Out: io.Discard, ErrOut: io.Discard}
		why := errors.New("interrupted by the user")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			synctest.Wait() // until it waits for the answer
			cancel(why)
		}()
		if ok, err := ask(ctx, streams, "Go?"); ok || !errors.Is(err, why) {
			t.Errorf("got %t, %v", ok, err)
		}
		if err := typing.Close(); err != nil { // ends the read
			t.Error(err)
		}
		if ok, err := ask(ctx, streams, "Go?"); ok || !errors.Is(err, why) {
			t.Errorf("asked after the end: %t, %v", ok, err)
		}
	})
}
