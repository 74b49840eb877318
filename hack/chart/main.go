// Command chart packs Cilium's Helm chart, of the version that go.mod
// requires, to where the next build embeds it. Run it from anywhere in the
// repository: go run ./hack/chart
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/pack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	path, err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

// run writes the archive and returns its path. Archives of other versions are
// removed: the binary takes exactly one.
func run(ctx context.Context) (string, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return "", err
	}
	archive, err := pack.FromModule(ctx, root)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(root, "internal", "cilium", "chart")
	path := filepath.Join(folder, archive.Name)
	old, err := filepath.Glob(filepath.Join(folder, "cilium-*.tgz"))
	if err != nil {
		return "", err
	}
	for _, name := range old {
		if name == path {
			continue
		}
		if err := os.Remove(name); err != nil {
			return "", err
		}
	}
	return path, os.WriteFile(path, archive.Data, 0o644)
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	gomod := strings.TrimSpace(string(out))
	if gomod == "" || gomod == os.DevNull {
		return "", fmt.Errorf("not inside the repository: no go.mod found")
	}
	return filepath.Dir(gomod), nil
}
