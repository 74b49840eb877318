package proc_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/lab/proc"
)

func TestStartStop(t *testing.T) {
	dir := t.TempDir()
	spec := proc.Spec{Dir: dir, Name: "cat (1)", Path: "/bin/sh", Args: []string{"-c", "echo here; exec sleep 600"}}
	if err := proc.Start(spec); err != nil {
		t.Fatal(err)
	}
	if pid := proc.Pid(dir, spec.Name); pid == 0 || proc.Memory(pid) == 0 {
		t.Errorf("pid %d with %d bytes of memory, want a running process", pid, proc.Memory(pid))
	}
	if err := proc.Stop(t.Context(), dir, spec.Name, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if pid := proc.Pid(dir, spec.Name); pid != 0 {
		t.Errorf("still there as process %d", pid)
	}
	if err := proc.Stop(t.Context(), dir, spec.Name, syscall.SIGKILL); err != nil {
		t.Errorf("a second stop: %v", err)
	}
}

// A number that another process has now is not the process that was started.
func TestPidOfAnother(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"reused": "1 1", "garbage": "x", "empty": ""} {
		if err := os.WriteFile(filepath.Join(dir, name+".pid"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if pid := proc.Pid(dir, name); pid != 0 {
			t.Errorf("%s: pid %d, want 0", name, pid)
		}
	}
}

func TestStartFails(t *testing.T) {
	err := proc.Start(proc.Spec{Dir: t.TempDir(), Name: "none", Path: "/nonexistent/program"})
	if err == nil || !strings.Contains(err.Error(), "cannot start none") {
		t.Errorf("error %v, want one that names the process", err)
	}
}
