// Command helloworld is the lab's demo application. It answers HTTP requests
// with the title of its cluster, as Microsoft's aks-helloworld answers with
// the environment variable TITLE:
//
//	helloworld serve
//
// and it is the client that shows who answers:
//
//	helloworld ask [-n 100] [-timeout 2s] URL
//
// which prints a line "COUNT TITLE" for each title, most frequent first, and
// exits with 1 if a request failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || args[0] == "serve" {
		return serve(ctx, ":8080", os.Getenv("TITLE"))
	}
	if args[0] != "ask" {
		return fmt.Errorf("unknown command %q: serve or ask", args[0])
	}
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	count := flags.Int("n", 100, "requests, each over a connection of its own")
	timeout := flags.Duration("timeout", 2*time.Second, "for each request")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("ask needs one URL")
	}
	answers := ask(ctx, flags.Arg(0), *count, *timeout)
	return answers.print(out)
}
