// Package kubectl runs the plugin under a real kubectl, as a user does.
package kubectl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// variable names a kubectl that is then not built.
const variable = "AKSMESH_KUBECTL"

// Binary returns the path of a kubectl: what $AKSMESH_KUBECTL names, or one
// that is built (a minute, the first time on a machine) from the module beside
// this file and kept in the user's cache. `go build` sees by itself whether it
// is up to date.
func Binary(ctx context.Context) (string, error) {
	if path := os.Getenv(variable); path != "" {
		return path, nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: go env GOMOD: %w", err)
	}
	module := filepath.Join(filepath.Dir(strings.TrimSpace(string(out))), "test", "dist", "kubectl", "module")
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for kubectl: %w", err)
	}
	dir := filepath.Join(cache, "kubectl-aksmesh-test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make a place for kubectl: %w", err)
	}
	path := filepath.Join(dir, "kubectl")
	// test processes run side by side, and must not write a file that another runs
	lock := flock.New(path + ".lock")
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("wait for another build of kubectl: %w", err)
	}
	defer lock.Close()
	build := exec.CommandContext(ctx, "go", "build", "-C", module, "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", path, "k8s.io/kubernetes/cmd/kubectl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build kubectl: %w\n%s", err, out)
	}
	return path, nil
}

// User is somebody with a home of their own and folders on the PATH, the
// plugin's among them.
type User struct {
	Path []string // folders with programs
	Env  []string // more variables, as NAME=VALUE
}

// Result is how a kubectl ended.
type Result struct {
	Stdout, Stderr string
	Code           int
	Took           time.Duration
}

// Run runs kubectl. Nothing of the real user's is seen.
func (u User) Run(t testing.TB, args ...string) Result {
	t.Helper()
	binary, err := Binary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	path := append(append([]string{}, u.Path...), "/usr/bin", "/bin")
	command := exec.CommandContext(t.Context(), binary, args...)
	command.Env = append([]string{
		"PATH=" + strings.Join(path, string(os.PathListSeparator)), "HOME=" + home, "KUBECONFIG=" + filepath.Join(home, "none"),
	}, u.Env...)
	var out, errOut bytes.Buffer
	command.Stdout, command.Stderr = &out, &errOut
	started := time.Now()
	err = command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return Result{out.String(), errOut.String(), command.ProcessState.ExitCode(), time.Since(started)}
}
