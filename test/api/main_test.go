// Package api tests the plugin's binary on real kube-apiservers: what it reads
// and writes, and how it goes on after a kill. Nothing runs in these clusters,
// so nothing here waits for agents; the lab's e2e does. Where a join must wait for
// Cilium (kube-proxy may go only after it has taken over), its parts are simulated
// to be ready.
//
// AKSMESH_FAULTS=all runs what `make test-faults` does: a kill around every
// write, and many more seeds of faults.
package api

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// env is shared because starting API servers takes seconds; every test takes a
// World of it, which empties it. No test runs in parallel.
var env *apienv.Env

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	env, err = apienv.Start(context.Background(), apienv.Options{Clusters: 3})
	if err != nil {
		return 1, fmt.Errorf("start API servers: %w", err)
	}
	defer func() { err = errors.Join(err, env.Stop()) }()
	return m.Run(), nil
}

// allFaults says whether the tests of faults are to leave nothing out.
func allFaults() bool { return os.Getenv("AKSMESH_FAULTS") == "all" }
