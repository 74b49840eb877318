package apienv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

// Scope lets this package, made for tests, serve a program: it keeps what is
// to be cleaned up, and turns a failure into an error. What a test has and
// this lacks is not used here.
type Scope struct {
	testing.TB
	ctx      context.Context //nolint:containedctx // what Context returns
	cleanups []func()
	failures []error
}

// scopeFailed ends a scope from within.
type scopeFailed struct{}

// Within runs f and then, last first, what f wants cleaned up.
func Within(ctx context.Context, f func(*Scope)) error {
	ctx, cancel := context.WithCancel(ctx)
	s := &Scope{ctx: ctx}
	s.attempt(func() { f(s) })
	cancel()
	for _, cleanup := range slices.Backward(s.cleanups) {
		s.attempt(cleanup)
	}
	return errors.Join(s.failures...)
}

// attempt runs f until its end or its first fatal failure.
func (s *Scope) attempt(f func()) {
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(scopeFailed); !ok {
				panic(v)
			}
		}
	}()
	f()
}

// Helper implements [testing.TB].
func (s *Scope) Helper() {}

// Context implements [testing.TB].
func (s *Scope) Context() context.Context { return s.ctx }

// Cleanup implements [testing.TB].
func (s *Scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

// Errorf implements [testing.TB].
func (s *Scope) Errorf(format string, args ...any) {
	s.failures = append(s.failures, fmt.Errorf(format, args...))
}

// Error implements [testing.TB].
func (s *Scope) Error(args ...any) { s.failures = append(s.failures, errors.New(fmt.Sprint(args...))) }

// Fatalf implements [testing.TB].
func (s *Scope) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	panic(scopeFailed{})
}

// Fatal implements [testing.TB].
func (s *Scope) Fatal(args ...any) {
	s.Error(args...)
	panic(scopeFailed{})
}

// TempDir implements [testing.TB].
func (s *Scope) TempDir() string {
	dir, err := os.MkdirTemp("", "aksmesh-bench")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			s.Error(err)
		}
	})
	return dir
}
