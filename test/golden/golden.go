// Package golden holds what tests make to files that are in the repository.
package golden

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Updating says whether tests are to write their files anew, which UPDATE_GOLDEN
// in the environment asks for. Git shows then what is different.
func Updating() bool { return os.Getenv("UPDATE_GOLDEN") != "" }

// Compare reports how a file differs from what a test has made, or writes the
// file if [Updating].
func Compare(t testing.TB, path, made string) {
	t.Helper()
	if Updating() {
		if err := write(path, made); err != nil {
			t.Fatal(err)
		}
		return
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (UPDATE_GOLDEN=1 writes it)", err)
	}
	if diff := cmp.Diff(string(file), made); diff != "" {
		t.Errorf("%s (-file +made; UPDATE_GOLDEN=1 writes it anew):\n%s", path, diff)
	}
}

func write(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644) //nolint:gosec // as Git has it
}
