package apienv

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// pipeDelay bounds how long grandchildren may keep the plugin's output open.
const pipeDelay = time.Second

// Result is how a program ended.
type Result struct {
	Stdout, Stderr string
	ExitCode       int // -1 if it was killed
	Duration       time.Duration
	PeakMemory     int64 // bytes of resident memory; 0 where the system does not tell
	CPU            time.Duration
}

// Process is a running program.
type Process struct {
	cmd            *exec.Cmd
	stdout, stderr *output
	started        time.Time
	took           time.Duration
	done           chan struct{}
}

// Launch starts the plugin in this world: with its kubeconfig, its `az`, its
// ARM, and an empty home. It is killed at the latest when the test ends.
func (w *World) Launch(t testing.TB, args ...string) *Process {
	t.Helper()
	binary, err := pluginBinary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return w.LaunchProgram(t, binary, args...)
}

// LaunchProgram is [World.Launch] for any program.
func (w *World) LaunchProgram(t testing.TB, binary string, args ...string) *Process {
	t.Helper()
	p := &Process{cmd: exec.CommandContext(t.Context(), binary, args...), stdout: newOutput(), stderr: newOutput(), done: make(chan struct{}), started: time.Now()}
	p.cmd.Dir = w.dir
	p.cmd.Env = w.environment(t)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.cmd.WaitDelay = pipeDelay
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("run %s: %v", binary, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the exit code tells
		p.took = time.Since(p.started)
	}()
	t.Cleanup(func() { <-p.done })
	return p
}

func (w *World) environment(t testing.TB) []string {
	t.Helper()
	env := []string{
		"PATH=" + w.bin() + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + w.home(),
		"KUBECONFIG=" + w.Kubeconfig,
		"GORACE=" + os.Getenv("GORACE"), // of a plugin with the race detector
	}
	if w.ARM != nil {
		ca := filepath.Join(w.dir, "arm-ca.crt")
		if err := os.WriteFile(ca, w.ARM.CA, 0o600); err != nil {
			t.Fatalf("write ARM's certificate: %v", err)
		}
		env = append(env, "AKSMESH_ARM_ENDPOINT="+w.ARM.URL, "SSL_CERT_FILE="+ca)
	}
	return append(env, w.Extra...)
}

// Kill ends the process at once and returns when it is gone.
func (p *Process) Kill() {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return // not ours any more; Wait tells how it ended
	}
	<-p.done
}

// Signal sends the process a signal, as a terminal does on Ctrl-C.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Wait returns how the process ended.
func (p *Process) Wait() Result {
	<-p.done
	return Result{
		Stdout: p.stdout.String(), Stderr: p.stderr.String(),
		ExitCode: p.cmd.ProcessState.ExitCode(), Duration: p.took, PeakMemory: peakMemory(p.cmd.ProcessState),
		CPU: p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime(),
	}
}

func peakMemory(state *os.ProcessState) int64 {
	const kilobyte = 1024 // Linux's unit of ru_maxrss
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss * kilobyte
	}
	return 0
}

// Run runs the plugin to its end, and until what it asked for has ended too.
func (w *World) Run(t testing.TB, args ...string) Result {
	t.Helper()
	result := w.Launch(t, args...).Wait()
	w.settle(t)
	return result
}

// Moment is when, around a write, a process is killed.
type Moment string

// Moments of [World.RunKilled].
const (
	BeforeWrite Moment = "before" // the write never happens
	AfterWrite  Moment = "after"  // it happened, but the process does not know
)

// RunKilled runs the plugin and kills it around the first write that matches,
// with writes counted from now. It returns false if there was none.
func (w *World) RunKilled(t testing.TB, when Moment, at Match, args ...string) (Result, bool) {
	t.Helper()
	var killed atomic.Bool
	process := make(chan *Process, 1)
	kill := func(Call) {
		if killed.CompareAndSwap(false, true) {
			(<-process).Kill()
		}
	}
	w.Journal.Reset()
	if when == BeforeWrite {
		w.Journal.CutBefore(at, kill)
	} else {
		w.Journal.CutAfter(at, kill)
	}
	p := w.Launch(t, args...)
	process <- p
	result := p.Wait()
	w.settle(t)
	w.Journal.Reset()
	return result, killed.Load()
}

// settle waits for calls whose client is gone, and for Azure's operations.
func (w *World) settle(t testing.TB) {
	t.Helper()
	if err := w.Journal.WaitIdle(t.Context()); err != nil {
		t.Fatalf("calls did not end: %v", err)
	}
	if w.ARM != nil {
		w.ARM.WaitIdle()
	}
}
