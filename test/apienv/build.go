package apienv

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// Environment variables that name binaries which are then not built.
const (
	controlPlaneVariable = "AKSMESH_CONTROLPLANE"
	pluginVariable       = "AKSMESH_BINARY"
)

// controlPlaneBinary returns the path of command lab/controlplane.
func controlPlaneBinary(ctx context.Context) (string, error) {
	const module = "lab/controlplane"
	root, err := repositoryRoot(ctx)
	if err != nil {
		return "", err
	}
	// the API server cannot tell its version unless the linker is told
	list := exec.CommandContext(ctx, "go", "list", "-C", filepath.Join(root, module), "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	version, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("find the version of Kubernetes: %w", err)
	}
	ldflags := "-X k8s.io/component-base/version.gitVersion=" + strings.TrimSpace(string(version))
	return program(ctx, controlPlaneVariable, module, "./cmd/controlplane", ldflags)
}

// pluginBinary returns the path of the plugin.
func pluginBinary(ctx context.Context) (string, error) {
	return program(ctx, pluginVariable, ".", "./cmd/kubectl-aksmesh", "")
}

// program returns what the variable names, or builds the package of the module
// in a folder of this repository. The result is kept in the user's cache;
// `go build` sees by itself whether it is up to date.
func program(ctx context.Context, variable, module, pkg, ldflags string) (string, error) {
	if path := os.Getenv(variable); path != "" {
		return path, nil
	}
	root, err := repositoryRoot(ctx)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for built programs: %w", err)
	}
	dir := filepath.Join(cache, "kubectl-aksmesh-test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make a place for built programs: %w", err)
	}
	path := filepath.Join(dir, filepath.Base(pkg))
	// test processes run side by side, and must not write a file that another runs
	lock := flock.New(path + ".lock")
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("wait for another build of %s: %w", pkg, err)
	}
	defer lock.Close()
	cmd := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(root, module), "-trimpath", "-ldflags", ldflags, "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s in %s: %w\n%s", pkg, module, err, out)
	}
	return path, nil
}

// repositoryRoot finds the main module's folder from the test's working directory.
func repositoryRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: go env GOMOD: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
