//go:build e2e

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/test/golden"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
	"github.com/aksmesh/kubectl-aksmesh/test/pasted"
)

const walkthroughPage = "../../docs/walkthrough.md"

// TestWalkthrough runs the commands of the walkthrough on bare clusters, and
// holds what the page says they print to what they do print. Numbers and times
// are other ones every time, and what they tell is not: see package pasted.
// UPDATE_GOLDEN=1 pastes the output anew.
func TestWalkthrough(t *testing.T) {
	bare(t, 3)
	page, err := os.ReadFile(walkthroughPage)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```")
	for i := 1; i < len(blocks); i += 2 {
		if !strings.HasPrefix(blocks[i], "console\n") {
			continue
		}
		was := blocks[i]
		blocks[i] = walk(t, was)
		if golden.Updating() {
			continue
		}
		if diff := pasted.Diff(was, blocks[i]); diff != "" {
			t.Errorf("what commands of %s print (-page +now; UPDATE_GOLDEN=1 pastes it):\n%s", walkthroughPage, diff)
		}
	}
	if golden.Updating() {
		if err := os.WriteFile(walkthroughPage, []byte(strings.Join(blocks, "```")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// walk runs the commands of a block, and returns it with their output.
func walk(t *testing.T, block string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("console\n")
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ kubectl aksmesh ")
		if !ok {
			continue
		}
		if strings.HasPrefix(command, "expose") {
			demoApplication(t)
		}
		b.WriteString(line)
		b.WriteString(strings.Trim(run1(t, strings.Fields(command)), "\n") + "\n")
	}
	return b.String()
}

// run1 runs one command, with the lab's values in place of the page's.
func run1(t *testing.T, args []string) string {
	t.Helper()
	var r *labenv.Result
	if at := slices.Index(args, "--values"); args[0] == "join" && at > 0 {
		args = slices.Delete(args, at, at+2)
		r = must[*labenv.Result](t)(lab.Join(t.Context(), slices.DeleteFunc(args[1:], func(a string) bool { return a == "--yes" })...))
	} else {
		r = must[*labenv.Result](t)(lab.Aksmesh(t.Context(), args...))
	}
	if r.ExitCode != 0 {
		t.Fatalf("kubectl aksmesh %s ends with %d\n%s%s", strings.Join(args, " "), r.ExitCode, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// demoApplication runs in all clusters, once.
func demoApplication(t *testing.T) {
	t.Helper()
	if err := lab.Run(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
}
