package plan

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
)

// errGoexit is the outcome of a step that ended its goroutine instead of returning.
var errGoexit = errors.New("internal error: the step ended without a result")

// guarded calls the step and turns a panic into an error. The value of a
// panic may hold anything, a secret too, so only its type is told, unless it
// is the Go runtime's own, which speaks of lengths and types.
func guarded(ctx context.Context, s *Step, say func(string)) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("internal error, please report: %s%w", origin(), v)
		default:
			err = fmt.Errorf("internal error, please report: %spanic with a %T", origin(), v)
		}
	}()
	return s.Do(ctx, say)
}

// origin names the function and line that panicked, as "join.apply (apply.go:12): ".
// It must be called by the deferred function itself.
func origin() string {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		// What comes between the recovery and the culprit is the runtime's panic machinery.
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s (%s:%d): ", path.Base(f.Function), path.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}
