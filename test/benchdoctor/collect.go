package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// latency is added to every request, to API servers and to Azure.
const latency = 50 * time.Millisecond

const collectTargets = "target: less than 5 s for the cluster that has the nodes; doctor follows the mesh and looks at its only other member, of one node, too"

// collecting prints a table: doctor on a joined cluster of many nodes. No
// kubelet and no Cilium runs there, so the agent tier finds no pods, and what
// is measured is the static one.
func collecting(ctx context.Context, out io.Writer, o options) (err error) {
	fmt.Fprintln(os.Stderr, "starting 2 control planes")
	env, err := apienv.Start(ctx, apienv.Options{Clusters: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	return apienv.Within(ctx, func(t *apienv.Scope) {
		w := env.World(t, apienv.WorldOptions{Workloads: true})
		r := w.Run(t, "join", "--context", "aks-1,aks-2", "--yes", "--wait=false")
		if r.ExitCode != 0 {
			t.Fatalf("join ended with %d:\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
		}
		fmt.Fprintf(os.Stderr, "making %d nodes\n", o.nodes)
		if err := fill(ctx, w.Members[0], o.nodes); err != nil {
			t.Fatal(err)
		}
		for _, m := range w.Members {
			m.Proxy.SetFaults(apienv.Faults{Latency: latency})
		}
		w.ARM.SetFaults(apienv.Faults{Latency: latency})
		if err := complete(t, w, o.nodes); err != nil {
			t.Fatal(err)
		}
		if err := report(t, out, w, o); err != nil {
			t.Fatal(err)
		}
	})
}

// complete makes sure that doctor sees all that it is timed for.
func complete(t *apienv.Scope, w *apienv.World, nodes int) error {
	file := filepath.Join(t.TempDir(), "mesh.json")
	w.Run(t, "doctor", "--context", w.Members[0].Context, "--save", file)
	seen, err := mesh.LoadSnapshot(file)
	if err != nil {
		return err
	}
	f := &seen.Clusters[0]
	joined := slices.ContainsFunc(f.Peers, func(p mesh.Peer) bool { return p.Name == w.Members[1].Context })
	without := slices.IndexFunc(f.Nodes, func(n mesh.Node) bool { return len(n.InternalIPs) == 0 || len(n.PodCIDRs) == 0 })
	if len(f.Nodes) != nodes || without >= 0 || f.Config == nil || f.Azure == nil || !joined {
		return fmt.Errorf("doctor saw %d nodes of %d (number %d lacks addresses), or no joined cluster in Azure (config %t, Azure %t, peers %v): %v",
			len(f.Nodes), nodes, without, f.Config != nil, f.Azure != nil, f.Peers, f.Problems)
	}
	return nil
}

// report measures and prints a table.
func report(t *apienv.Scope, out io.Writer, w *apienv.World, o options) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%d nodes\tdoctor\tCPU\tpeak memory\trequests\tof the other cluster\tof Azure\treceived\tfloor\trequests\t\n", o.nodes)
	for n := range o.runs {
		w.Journal.Reset()
		bare, err := floor(t.Context(), w.Members[0])
		if err != nil {
			return err
		}
		lists := len(w.Journal.Calls())
		w.Journal.Reset()
		r := w.Run(t, "doctor", "--context", w.Members[0].Context)
		const findings = 2 // nothing runs in these clusters, which doctor says
		if r.ExitCode != 0 && r.ExitCode != findings {
			t.Fatalf("doctor ended with %d:\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
		}
		requests, received := map[string]int{}, int64(0)
		for _, call := range w.Journal.Calls() {
			requests[call.Target]++
			received += call.Bytes
		}
		fmt.Fprintf(table, "run %d\t%.2f s\t%.2f s\t%.0f MB\t%d\t%d\t%d\t%.1f MB\t%.2f s\t%d\t\n", n+1, r.Duration.Seconds(), r.CPU.Seconds(),
			float64(r.PeakMemory)/megabyte, requests[w.Members[0].Context], requests[w.Members[1].Context], requests["arm"],
			float64(received)/megabyte, bare.Seconds(), lists)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, collectTargets)
	return err
}
