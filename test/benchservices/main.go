// Command benchservices times `kubectl aksmesh services -A` on clusters that
// are control planes alone, 50 ms away: real kube-apiservers on this machine,
// behind proxies that add the latency to every request. Each holds many global
// services with two endpoints each.
//
// Beside it stands a floor, measured in the same run: a plain paged list of
// Services and EndpointSlices, from one cluster and from all at once. On a
// machine with few cores the API servers themselves are most of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// latency is added to every request.
const latency = 50 * time.Millisecond

// targets, as printed.
const targets = "targets: less than 3 s, less than 150 MB, and no request for a single service"

type options struct{ clusters, services, runs int }

func main() {
	var o options
	flag.IntVar(&o.clusters, "clusters", 8, "how many clusters")
	flag.IntVar(&o.services, "services", 1000, "how many global services in each")
	flag.IntVar(&o.runs, "runs", 3, "how often it is measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run starts and fills the clusters, and prints what was measured.
func run(ctx context.Context, out io.Writer, o options) (err error) {
	fmt.Fprintf(os.Stderr, "starting %d control planes\n", o.clusters)
	env, err := apienv.Start(ctx, apienv.Options{Clusters: o.clusters})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	return apienv.Within(ctx, func(t *apienv.Scope) {
		w := env.World(t, apienv.WorldOptions{NotAKS: true})
		fmt.Fprintf(os.Stderr, "making %d services in each\n", o.services)
		if err := fill(ctx, w, o.services); err != nil {
			t.Fatal(err)
		}
		for _, m := range w.Members {
			m.Proxy.SetFaults(apienv.Faults{Latency: latency})
		}
		if err := report(t, out, w, o); err != nil {
			t.Fatal(err)
		}
	})
}

// report measures and prints a table.
func report(t *apienv.Scope, out io.Writer, w *apienv.World, o options) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "run\tservices -A\tCPU\tpeak memory\trows\trequests per cluster\treceived\tfloor of 1 cluster\tfloor of all\t")
	for n := range o.runs {
		one, err := floor(t.Context(), w.Members[:1])
		if err != nil {
			return err
		}
		all, err := floor(t.Context(), w.Members)
		if err != nil {
			return err
		}
		r := measure(t, w)
		const megabyte = 1e6
		fmt.Fprintf(table, "%d\t%.2f s\t%.2f s\t%.0f MB\t%d\t%d\t%.1f MB\t%.2f s\t%.2f s\t\n", n+1, r.Duration.Seconds(), r.CPU.Seconds(),
			float64(r.PeakMemory)/megabyte, r.rows, r.requests, float64(r.bytes)/megabyte, one.Seconds(), all.Seconds())
		if want := o.clusters * o.services; r.rows != want {
			return fmt.Errorf("%d rows are shown, want %d", r.rows, want)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, targets)
	return err
}

// measured is one run.
type measured struct {
	apienv.Result
	rows     int
	requests int   // of the cluster that was asked most
	bytes    int64 // of all answers, as they were on the wire
}

func measure(t *apienv.Scope, w *apienv.World) measured {
	var names []string
	for _, m := range w.Members {
		names = append(names, m.Context)
	}
	w.Journal.Reset()
	r := measured{Result: w.Run(t, "services", "-A", "--context", strings.Join(names, ","))}
	if r.ExitCode != 0 {
		t.Fatalf("services ended with %d:\n%s", r.ExitCode, r.Stderr)
	}
	for line := range strings.Lines(r.Stdout) {
		if strings.Contains(line, "%") {
			r.rows++
		}
	}
	requests := map[string]int{}
	for _, call := range w.Journal.Calls() {
		requests[call.Target]++
		r.bytes += call.Bytes
		r.requests = max(r.requests, requests[call.Target])
	}
	return r
}
