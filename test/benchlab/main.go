// Command benchlab measures joins on the lab: three bare clusters, beside the
// floor in the same run, which is the same three clusters getting plain Cilium
// without a mesh, all at once, until their agents are ready. It prints
// figures; it passes no judgement. Run it by "make bench-join", as root, on an
// idle machine.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
)

var contexts = []string{"aks-1", "aks-2", "aks-3"}

const list = "aks-1,aks-2,aks-3"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := bench(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context) (err error) {
	lab, err := labenv.FromEnvironment(os.Stderr)
	if err != nil {
		return err
	}
	if err := lab.Run(ctx, "down"); err != nil {
		return err
	}
	defer func() {
		if down := lab.Run(context.WithoutCancel(ctx), "down"); err == nil {
			err = down
		}
	}()
	if err := lab.Up(ctx, len(contexts)); err != nil {
		return err
	}
	floor, err := measureFloor(ctx, lab)
	if err != nil {
		return err
	}
	if err := lab.Run(ctx, append([]string{"reset"}, contexts...)...); err != nil {
		return err
	}
	return measureJoin(ctx, lab, floor)
}

// measureFloor installs plain Cilium everywhere at once.
func measureFloor(ctx context.Context, lab *labenv.Lab) (time.Duration, error) {
	clusters, err := lab.Open(ctx, contexts...)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i, c := range clusters {
		group.Go(func() error {
			if err := lab.InstallCilium(ctx, c, fmt.Sprintf("100.%d.0.0/16", 64+i)); err != nil {
				return err
			}
			return labenv.WaitAgents(ctx, c)
		})
	}
	err = group.Wait()
	return time.Since(start), err
}

func measureJoin(ctx context.Context, lab *labenv.Lab, floor time.Duration) error {
	clusters, err := lab.Open(ctx, contexts...)
	if err != nil {
		return err
	}
	start := time.Now()
	joined, err := lab.Join(ctx, "--context", list)
	if err != nil {
		return err
	}
	fmt.Fprint(os.Stderr, joined.Stderr)
	if joined.ExitCode != 0 {
		return fmt.Errorf("join ended with %d", joined.ExitCode)
	}
	fmt.Printf("\n%-52s %6.1f s\n", "floor: plain Cilium in 3 clusters, agents ready", floor.Seconds())
	fmt.Printf("%-52s %6.1f s   %.2f × the floor (target 1.5)\n", "join of 3 bare clusters, all connected", joined.Took.Seconds(), joined.Took.Seconds()/floor.Seconds())
	fmt.Printf("%-52s %6.0f MiB\n", "peak memory of the plugin", float64(joined.PeakMemory)/(1<<20))
	if err := printRequests(ctx, lab, start); err != nil {
		return err
	}
	if err := printRevisions(ctx, clusters); err != nil {
		return err
	}
	return printNoOp(ctx, lab)
}

func printRequests(ctx context.Context, lab *labenv.Lab, since time.Time) error {
	verbs, all := map[string]int{}, 0
	for _, c := range contexts {
		audit, err := lab.Audit(ctx, c, since)
		if err != nil {
			return err
		}
		for verb, n := range audit.Verbs {
			verbs[verb] += n
			all += n
		}
	}
	fmt.Printf("%-52s %6d     %v (target 300)\n", "API requests, waits included", all, verbs)
	return nil
}

func printRevisions(ctx context.Context, clusters []*mesh.Cluster) error {
	for _, c := range clusters {
		found, err := release.Latest(ctx, c.Client, mesh.Namespace)
		if err != nil {
			return err
		}
		fmt.Printf("%-52s %6d     %s (target 1)\n", "Helm revisions of "+c.Context, found.Revision, found.Status)
	}
	return nil
}

func printNoOp(ctx context.Context, lab *labenv.Lab) error {
	start := time.Now()
	again, err := lab.Join(ctx, "--context", list)
	if err != nil {
		return err
	}
	writes := 0
	for _, c := range contexts {
		audit, err := lab.Audit(ctx, c, start)
		if err != nil {
			return err
		}
		writes += len(audit.Changes())
	}
	fmt.Printf("%-52s %6.1f s   %d writes, exit code %d (target 2 s, 0 writes)\n", "join again, nothing to do", again.Took.Seconds(), writes, again.ExitCode)
	return nil
}
