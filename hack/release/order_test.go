package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tagged is a repository whose HEAD has a tag, with hack/release.sh and, in
// place of all that it runs, programs that note their arguments in a file. The
// command that ends so fails.
func tagged(t *testing.T, fails string) (folder, notes string) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "release.sh"))
	if err != nil {
		t.Fatal(err)
	}
	folder, notes = t.TempDir(), filepath.Join(t.TempDir(), "notes")
	note := "#!/bin/sh\necho \"$GOTOOLCHAIN $(basename \"$0\") $*\" >>'" + notes + "'\ncase \"$*\" in " + fails + ") exit 1;; esac\n"
	for name, text := range map[string]string{
		"hack/release.sh":    string(script),
		"hack/goreleaser.sh": note,
		"hack/vuln.sh":       note,
		"go.mod":             "module x\n\ntoolchain go9.9.9\n",
		"bin/tools/go":       "#!/bin/sh\ncp bin/tools/noted bin/aksmesh-release\n",
		"bin/tools/noted":    note,
		".gitignore":         "bin\n",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const commit = `git init -q && git add . && git -c user.name=x -c user.email=x@example.com commit -qm x && git -c tag.gpgSign=false tag v1.2.3`
	shell(t, folder, commit)
	return folder, notes
}

// shell runs a command in a folder, and says whether it went well.
func shell(t *testing.T, folder, command string) (ok bool) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "bash", "-c", command)
	c.Dir = folder
	c.Env = append(os.Environ(), "PATH="+filepath.Join(folder, "bin", "tools")+":"+os.Getenv("PATH"), "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := c.CombinedOutput()
	t.Logf("%s: %v\n%s", command, err, out)
	return err == nil
}

// TestImageBeforeDraft: no draft is made of plugins whose image is missing, or
// that have a vulnerability that is known. go.mod's toolchain makes all.
func TestImageBeforeDraft(t *testing.T) {
	all := []string{
		"go9.9.9 aksmesh-release check v1.2.3",
		"go9.9.9 aksmesh-release chart",
		"go9.9.9 vuln.sh ",
		"go9.9.9 goreleaser.sh build --id aksmesh-probe --clean --parallelism 1",
		"go9.9.9 aksmesh-release image",
		"go9.9.9 aksmesh-release image --push ghcr.io/aksmesh/aksmesh-probe",
		"go9.9.9 goreleaser.sh release --clean --parallelism 1",
		"go9.9.9 aksmesh-release krew",
	}
	for fails, want := range map[string][]string{"nothing": all, "check*": all[:1], "''": all[:3], "*--push*": all[:6]} {
		folder, notes := tagged(t, fails)
		if ok := shell(t, folder, "hack/release.sh"); ok != (fails == "nothing") {
			t.Errorf("%s fails, and the release went well: %t", fails, ok)
		}
		text, err := os.ReadFile(notes)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")); diff != "" {
			t.Errorf("%s fails: what was run (-want +got):\n%s", fails, diff)
		}
	}
}
