// Command benchjoin times joins of 2, 4, 8 and 16 bare clusters that are
// control planes alone, 50 ms away: real kube-apiservers on this machine,
// behind proxies that add the latency to every request. Nothing runs in the
// clusters, so the joins wait for no agent.
//
// It prints a table for people and is no test: a machine that is busy, with
// the API servers themselves above all, makes it slower.
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

// latency is added to every request, to API servers and to Azure.
const latency = 50 * time.Millisecond

// targets, as the table names them.
const targets = `targets: 16 clusters take at most twice as long as 2; a join that has nothing to do takes less than 2 s and writes nothing`

func main() {
	most := flag.Int("most", 16, "how many clusters at most: 2, 4, 8 or 16")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, *most)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run starts the clusters and prints a row for each size.
func run(ctx context.Context, out io.Writer, most int) (err error) {
	fmt.Fprintf(os.Stderr, "starting %d control planes\n", most)
	env, err := apienv.Start(ctx, apienv.Options{Clusters: most})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "clusters\tjoin\tof 2's\tCPU\tpeak memory\trequests\tget\tlist\twatch\tcreate\tupdate\tpatch\tAzure\tagain\trequests\twrites\t")
	var first time.Duration
	for size := 2; size <= most; size *= 2 {
		row, err := measure(ctx, env, size)
		if err != nil {
			return fmt.Errorf("%d clusters: %w", size, err)
		}
		if first == 0 {
			first = row.join.Duration
		}
		row.print(table, first)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, targets)
	return err
}

// row is what was measured of one size.
type row struct {
	clusters     int
	join, again  apienv.Result
	byVerb       map[string]int // requests of the join to API servers
	azure        int            // requests of the join to Azure
	againCalls   int
	againWritten int
}

func measure(ctx context.Context, env *apienv.Env, size int) (r row, err error) {
	err = apienv.Within(ctx, func(t *apienv.Scope) {
		fmt.Fprintf(os.Stderr, "joining %d clusters\n", size)
		w := env.World(t, apienv.WorldOptions{Clusters: size})
		var names []string
		for _, m := range w.Members {
			names = append(names, m.Context)
			m.Proxy.SetFaults(apienv.Faults{Latency: latency})
		}
		w.ARM.SetFaults(apienv.Faults{Latency: latency})
		args := []string{"join", "--context", strings.Join(names, ","), "--yes", "--wait=false"}
		r = row{clusters: size, join: w.Run(t, args...), byVerb: map[string]int{}}
		must(t, r.join)
		for _, call := range w.Journal.Calls() {
			if call.Target == "arm" {
				r.azure++
			} else {
				r.byVerb[call.Verb]++
			}
		}
		w.Journal.Reset()
		r.again = w.Run(t, args...)
		must(t, r.again)
		r.againCalls, r.againWritten = len(w.Journal.Calls()), len(w.Journal.Writes())
	})
	return r, err
}

func must(t *apienv.Scope, r apienv.Result) {
	if r.ExitCode != 0 {
		t.Fatalf("join ended with %d:\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
}

func (r *row) print(table io.Writer, first time.Duration) {
	const megabyte = 1 << 20
	total := 0
	for _, n := range r.byVerb {
		total += n
	}
	fmt.Fprintf(table, "%d\t%.1f s\t%.1f x\t%.1f s\t%d MiB\t%d\t", r.clusters, r.join.Duration.Seconds(),
		float64(r.join.Duration)/float64(first), r.join.CPU.Seconds(), r.join.PeakMemory/megabyte, total)
	for _, verb := range []string{"get", "list", "watch", "create", "update", "patch"} {
		fmt.Fprintf(table, "%d\t", r.byVerb[verb])
	}
	fmt.Fprintf(table, "%d\t%.1f s\t%d\t%d\t\n", r.azure, r.again.Duration.Seconds(), r.againCalls, r.againWritten)
}
