package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// listed is what is used of "go list -json".
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	StaleReason     string
}

// work finds the packages that a target still needs compiled, with the size of
// their sources in bytes. It downloads modules that are missing.
func (t *Target) work(ctx context.Context, say func(string)) (map[string]int64, error) {
	args := append([]string{"list", "-deps", "-json=ImportPath,Dir,GoFiles,StaleReason"}, t.flags()...)
	cmd := exec.CommandContext(ctx, "go", append(args, t.Package)...)
	cmd.Dir, cmd.Env = t.Dir, environment()
	var problems strings.Builder
	cmd.Stderr = lineWriter(func(line string) {
		if strings.HasPrefix(line, "go: downloading ") {
			say(strings.TrimPrefix(line, "go: "))
			return
		}
		problems.WriteString(line + "\n")
	})
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot run go: %w", err)
	}
	packages, decodeErr := readPackages(stdout)
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("go list %s: %w\n%s", t.Package, err, problems.String())
	}
	return packages, decodeErr
}

func readPackages(r io.Reader) (map[string]int64, error) {
	packages := map[string]int64{}
	for d := json.NewDecoder(r); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read go list's answer: %w", err)
		}
		// Not stale, or stale only in that nobody installed it.
		if p.StaleReason == "" || strings.Contains(p.StaleReason, "available in build cache") {
			continue
		}
		packages[p.ImportPath] = p.size()
	}
}

func (p *listed) size() int64 {
	var size int64
	for _, name := range p.GoFiles {
		if info, err := os.Stat(filepath.Join(p.Dir, name)); err == nil {
			size += info.Size()
		}
	}
	return size
}

// lineWriter calls itself with every line that is written to it.
type lineWriter func(line string)

func (w lineWriter) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		w(strings.TrimRight(line, "\n"))
	}
	return len(p), nil
}
