//go:build !windows

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// hangUp is what a terminal that is closed sends.
func hangUp(t *testing.T) {
	t.Helper()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// heedAgain undoes [signal.Ignore], which [signal.Reset] does not.
func heedAgain() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	signal.Stop(signals)
}

// A terminal that is closed, or a lost SSH connection, interrupts as Ctrl-C does.
// The shell and the kernel both send SIGHUP, so a second one ends nothing: pods
// are still to be removed.
func TestHangUp(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("the tests run under nohup")
	}
	t.Cleanup(heedAgain)
	ctx, stop := interruptible()
	defer stop()
	hangUp(t)
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was interrupted")
	}
	if !errors.Is(context.Cause(ctx), errInterrupted) {
		t.Errorf("ended by %v", context.Cause(ctx))
	}
	hangUp(t)
}

// What runs under nohup is to go on without its terminal.
func TestHangUpUnderNohup(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	t.Cleanup(heedAgain)
	ctx, stop := interruptible()
	defer stop()
	hangUp(t)
	select {
	case <-ctx.Done():
		t.Error("nohup was not heeded")
	case <-time.After(100 * time.Millisecond):
	}
}
