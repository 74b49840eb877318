//go:build e2e

// Package e2e joins real clusters: the plugin's binary on the lab, with real
// Kubernetes, real Cilium agents and real packets. It needs root, and it owns
// the machine's lab: it takes down what runs and brings up its own. Run it by
// "make e2e"; $AKSMESH_KEEP_LAB leaves the lab up after a failure, to look at it,
// and with $AKSMESH_LIVE what the plugin says is shown while it says it.
package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
)

// lab is shared because there is one on a machine.
var lab *labenv.Lab

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if lab, err = labenv.FromEnvironment(os.Stderr); err == nil {
		err = lab.Run(context.Background(), "down")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if os.Getenv("AKSMESH_LIVE") != "" {
		lab.Live = os.Stderr
	}
	code := m.Run()
	if code == 0 || os.Getenv("AKSMESH_KEEP_LAB") == "" {
		if err := lab.Run(context.Background(), "down"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// must ends the test at an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func open(t *testing.T, contexts ...string) []*mesh.Cluster {
	t.Helper()
	return must[[]*mesh.Cluster](t)(lab.Open(t.Context(), contexts...))
}

// aksmesh runs the plugin and logs all that it says.
func aksmesh(t *testing.T, args ...string) *labenv.Result {
	t.Helper()
	r := must[*labenv.Result](t)(lab.Aksmesh(t.Context(), args...))
	logResult(t, r, args)
	return r
}

// join must succeed.
func join(t *testing.T, args ...string) *labenv.Result {
	t.Helper()
	r := must[*labenv.Result](t)(lab.Join(t.Context(), args...))
	logResult(t, r, append([]string{"join"}, args...))
	if r.ExitCode != 0 {
		t.Fatalf("join %v failed with exit code %d", args, r.ExitCode)
	}
	return r
}

func logResult(t *testing.T, r *labenv.Result, args []string) {
	t.Helper()
	said := "\n" + r.Stdout + r.Stderr
	if lab.Live != nil {
		said = "" // it has been shown
	}
	t.Logf("kubectl aksmesh %s: exit code %d after %.1fs%s", strings.Join(args, " "), r.ExitCode, r.Took.Seconds(), said)
}
