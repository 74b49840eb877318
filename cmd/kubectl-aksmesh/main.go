// Command kubectl-aksmesh is the kubectl plugin "kubectl aksmesh": it makes
// existing AKS clusters one Cilium Cluster Mesh.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // the providers that kubeconfigs may name
)

// Exit codes.
const (
	exitOK          = 0
	exitError       = 1 // usage or internal
	exitFindings    = 2 // looked well, and what was seen is not
	exitInterrupted = 130
)

// errInterrupted is the cause of a context that a signal ended.
var errInterrupted = errors.New("interrupted")

func main() {
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(run(streams, arguments(os.Args)))
}

// run is main without the process: it returns the exit code.
func run(streams genericiooptions.IOStreams, args []string) int {
	ctx, stop := interruptible()
	defer stop()
	command := newRoot(&app{streams: streams, lookupEnv: os.LookupEnv})
	command.SetArgs(args)
	return exitCode(streams.ErrOut, command.ExecuteContext(ctx))
}

// interruptible ends the context at the first signal; a second one ends the
// process, for someone who does not want to wait for the summary. A terminal
// that is closed sends SIGHUP, and its shell another one: that one ends nothing,
// or pods would be left behind. Under nohup it is ignored, as it should be.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		<-signals
		signal.Ignore(syscall.SIGHUP)
		cancel(errInterrupted)
		signal.Stop(signals)
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// codeError carries an exit code through cobra. Its message may be empty if
// all has been said already.
type codeError struct {
	code int
	err  error
}

func (e codeError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e codeError) Unwrap() error { return e.err }

// exitCode prints an error in kubectl's style, one line each, and returns the
// process's exit code.
func exitCode(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitError
	var coded codeError
	if errors.As(err, &coded) {
		code = coded.code
	}
	if errors.Is(err, errInterrupted) {
		code = exitInterrupted
	}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			fmt.Fprintln(w, "error: "+line)
		}
	}
	return code
}
