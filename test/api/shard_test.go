package api

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// listing says whether the tests are only to be listed (go test -list).
func listing() bool { return flag.Lookup("test.list").Value.String() != "" }

// takeShard leaves to this process its share of the tests: $AKSMESH_SHARD is "1/2"
// for the first of two. Tests wait for API servers more than they reckon, and
// each process has API servers of its own, so several take less time than one.
func takeShard(ctx context.Context) error {
	shard := os.Getenv("AKSMESH_SHARD")
	if shard == "" {
		return nil
	}
	var mine, of int
	if _, err := fmt.Sscanf(shard, "%d/%d", &mine, &of); err != nil || mine < 1 || mine > of {
		return fmt.Errorf("AKSMESH_SHARD is %q, not like 1/2", shard)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, program, "-test.list", flag.Lookup("test.run").Value.String()).Output()
	if err != nil {
		return fmt.Errorf("list the tests: %w", err)
	}
	return flag.Set("test.run", "^("+strings.Join(share(strings.Fields(string(out)), mine, of), "|")+")$")
}

// share are every of-th of the names, from the mine-th on, as patterns.
func share(names []string, mine, of int) []string {
	var found []string
	for i, name := range names {
		if i%of == mine-1 {
			found = append(found, regexp.QuoteMeta(name))
		}
	}
	return found
}

func TestShares(t *testing.T) {
	names := []string{"TestA", "TestB", "TestC"}
	for mine, want := range map[int]string{1: "TestA TestC", 2: "TestB"} {
		if got := strings.Join(share(names, mine, 2), " "); got != want {
			t.Errorf("share %d of 2 is %q, want %q", mine, got, want)
		}
	}
}
