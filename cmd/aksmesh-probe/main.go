// Command aksmesh-probe looks at a mesh from inside a pod. It is the only file
// of its image: static, without a shell beside it, and needs neither a file nor,
// with one exception, a right.
//
//	aksmesh-probe http [-n 1000] [-timeout 2s] [-concurrency 1] [-by REGEXP] [-host HOST] URL
//	aksmesh-probe listen -key KEY [-watch PORT] [-tcp]
//	aksmesh-probe measure -plan PLAN
//
// Two of them measure the way from one cluster to another: measure sends, and
// listen tells what came, see package wire. A right is of use only to listen
// -watch, which sees packets to a port that the kernel's tunnel has
// (CAP_NET_RAW); without it the rest is measured.
//
// It prints lines of JSON, see package wire: how far it is, at most one a
// second, and then the result. SIGTERM and SIGINT have it print what it has by
// then. It exits with 0 if there is a result, whatever the result says, and
// with 1 if not.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout)
	stop()
	os.Exit(code)
}

// subcommand measures something and returns the last line.
type subcommand func(ctx context.Context, args []string, out *output) (wire.Line, error)

func subcommands() map[string]subcommand {
	return map[string]subcommand{"http": probeHTTP, "listen": probeListen, "measure": probeMeasure}
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, w io.Writer) int {
	out := newOutput(w)
	line, err := dispatch(ctx, args, out)
	if err != nil {
		line = wire.Line{Error: err.Error()}
	}
	if out.write(line) != nil || err != nil {
		return 1
	}
	return 0
}

func dispatch(ctx context.Context, args []string, out *output) (wire.Line, error) {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	command, ok := subcommands()[name]
	if !ok {
		return wire.Line{}, fmt.Errorf("unknown command %q: http, listen and measure are known", name)
	}
	return command(ctx, args[1:], out)
}
