// Package proc keeps processes that outlive the command that started them. A
// process is known by a file with its id and its start time, so that a number
// that the kernel gave to another process is never taken for it.
package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pollEvery is how often a process is looked at that is not our child.
const pollEvery = 20 * time.Millisecond

// Spec is a process to start.
type Spec struct {
	// Dir holds NAME.pid and NAME.log.
	Dir, Name string
	Path      string
	Args      []string
	// Env is added to the environment.
	Env []string
}

// Start starts the process in a session of its own, with its output appended
// to its log. It inherits the namespaces of the calling thread.
func Start(s Spec) error {
	log, err := os.OpenFile(LogFile(s.Dir, s.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.Path, s.Args...) //nolint:noctx // outlives the program that starts it
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.Dir
	cmd.Env = append(os.Environ(), s.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", s.Name, err)
	}
	id, err := identify(cmd.Process.Pid)
	if err == nil {
		err = os.WriteFile(pidFile(s.Dir, s.Name), []byte(id.String()+"\n"), 0o600)
	}
	if err != nil {
		_ = cmd.Process.Kill() // what is not written down could never be ended
		return fmt.Errorf("cannot keep track of %s: %w", s.Name, err)
	}
	// Reaps it if it ends while this program still runs.
	go func() { _ = cmd.Wait() }()
	return nil
}

// LogFile is where a process writes.
func LogFile(dir, name string) string { return filepath.Join(dir, name+".log") }

func pidFile(dir, name string) string { return filepath.Join(dir, name+".pid") }

// Pid returns the id of a running process, 0 if it does not run.
func Pid(dir, name string) int {
	text, err := os.ReadFile(pidFile(dir, name))
	if err != nil {
		return 0
	}
	was, err := parseIdentity(string(text))
	if err != nil {
		return 0
	}
	is, err := identify(was.pid)
	if err != nil || is != was {
		return 0
	}
	return is.pid
}

// Signal sends a signal to a process that runs, and does nothing otherwise.
func Signal(dir, name string, sig syscall.Signal) error {
	pid := Pid(dir, name)
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("cannot signal %s (process %d): %w", name, pid, err)
	}
	return nil
}

// Stop sends a signal, waits until the process is gone and forgets it.
func Stop(ctx context.Context, dir, name string, sig syscall.Signal) error {
	if err := Signal(dir, name, sig); err != nil {
		return err
	}
	for Pid(dir, name) != 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s still runs as process %d: %w", name, Pid(dir, name), ctx.Err())
		case <-time.After(pollEvery):
		}
	}
	err := os.Remove(pidFile(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// identity tells a process from all others since boot.
type identity struct {
	pid int
	// started is in clock ticks since boot (proc(5), field 22 of stat).
	started uint64
}

func (i identity) String() string { return fmt.Sprintf("%d %d", i.pid, i.started) }

func parseIdentity(s string) (identity, error) {
	var i identity
	_, err := fmt.Sscanf(s, "%d %d", &i.pid, &i.started)
	return i, err
}

// identify reads a live process; one that is dead but not reaped is none.
func identify(pid int) (identity, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return identity{}, err
	}
	started, err := startTime(stat)
	return identity{pid: pid, started: started}, err
}

// startTime reads proc(5)'s stat. The second field, the command, may hold
// anything, so fields are counted from its closing bracket.
func startTime(stat []byte) (uint64, error) {
	_, after, ok := strings.Cut(string(stat[max(0, bytes.LastIndexByte(stat, ')')):]), " ")
	fields := strings.Fields(after)
	if !ok || len(fields) < 20 {
		return 0, fmt.Errorf("unexpected text in /proc/PID/stat: %q", stat)
	}
	// The first thread of a killed process can be a zombie while the others
	// still end, one by one; until then they hold its ports.
	if state, threads := fields[0], fields[17]; state == "X" || state == "Z" && (threads == "0" || threads == "1") {
		return 0, os.ErrProcessDone
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// Memory is the resident set of a process in bytes, 0 if it does not run.
func Memory(pid int) uint64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident uint64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * uint64(os.Getpagesize())
}
