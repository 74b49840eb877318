package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// openPTY returns both ends of a pseudo-terminal of 60 x 20.
func openPTY(t *testing.T) (user, terminal *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { user.Close() })
	var number int
	control(user, func(fd int) {
		var unlock, size error
		unlock = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
		size = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: 60, Row: 20})
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		err = errors.Join(unlock, size, err)
	})
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return user, terminal
}

func TestDetectTerminal(t *testing.T) {
	t.Parallel()
	_, terminal := openPTY(t)
	tests := map[string]struct {
		env         map[string]string
		live, color bool
	}{
		"usual":          {map[string]string{"TERM": "xterm"}, true, true},
		"no colour":      {map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, true, false},
		"empty NO_COLOR": {map[string]string{"NO_COLOR": ""}, true, true},
		"dumb":           {map[string]string{"TERM": "dumb"}, false, false},
	}
	for name, tt := range tests {
		got := Detect(terminal, env(tt.env))
		if got.Live != tt.live || got.Color != tt.color {
			t.Errorf("%s: %+v", name, got)
		}
		if !got.Live {
			continue
		}
		if w, h := got.Size(); w != 60 || h != 20 {
			t.Errorf("%s: %d x %d", name, w, h)
		}
	}
	var none *os.File
	if IsTerminal(none) || IsTerminal(nil) {
		t.Error("nothing is a terminal")
	}
}

func TestConfirmOnTerminal(t *testing.T) {
	t.Parallel()
	user, terminal := openPTY(t)
	var asked bytes.Buffer
	streams := genericiooptions.IOStreams{In: terminal, Out: io.Discard, ErrOut: &asked}
	if _, err := user.WriteString("y\n"); err != nil {
		t.Fatal(err)
	}
	if ok, err := Confirm(t.Context(), streams, "Go?"); !ok || err != nil {
		t.Errorf("got %t, %v", ok, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if ok, err := Confirm(ctx, streams, "Go?"); ok || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %t, %v", ok, err)
	}
	if asked.String() != "Go? (y/N): Go? (y/N): \n" {
		t.Errorf("asked %q", asked.String())
	}
}

func TestLiveOnTerminal(t *testing.T) {
	t.Parallel()
	user, terminal := openPTY(t)
	s := newScreen(t, 60, 20)
	shown := make(chan error, 1)
	go func() {
		for { // piece by piece, so that no escape code is torn
			line := make([]byte, 0, 256)
			for b := make([]byte, 1); !bytes.HasSuffix(line, []byte("\n")) && !bytes.HasSuffix(line, []byte("\x1b[J")); {
				if _, err := user.Read(b); err != nil {
					shown <- err
					return
				}
				line = append(line, b...)
			}
			fmt.Fprintf(s, "%s", line)
		}
	}()
	p := NewProgress(terminal, Detect(terminal, env(nil)), Style{}, ProgressAuto)
	for _, e := range story() {
		p.Sink(e)
	}
	fmt.Fprintln(p.Writer(), "Warning: one")
	if err := errors.Join(p.Close(), terminal.Close()); err != nil {
		t.Fatal(err)
	}
	<-shown // the terminal hung up: EIO on Linux
	got := s.text()
	for _, want := range []string{"Warning: one\n", "ok aks-1             2/2  done in 1m15s\n", "\n2 of 5 steps done, 1m15s\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q on the screen:\n%s", want, got)
		}
	}
}
