package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"sync"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// mostTasks bounds how many tasks are under way at once: their packets must
// not wait for each other.
const mostTasks = 4

// probeMeasure is subcommand measure: it sends what a plan says.
func probeMeasure(ctx context.Context, args []string, out *output) (wire.Line, error) {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error is printed as a line of JSON
	text := flags.String("plan", "", "what to send, as JSON")
	if err := flags.Parse(args); err != nil {
		return wire.Line{}, fmt.Errorf("measure: %w", err)
	}
	var plan wire.Plan
	if err := json.Unmarshal([]byte(*text), &plan); err != nil || len(plan.Tasks) == 0 {
		return wire.Line{}, errors.Join(errors.New("measure: -plan is not a plan with tasks"), err)
	}
	key, err := parseKey(plan.Key)
	if err != nil {
		return wire.Line{}, fmt.Errorf("measure: %w", err)
	}
	jobs := make([]task, len(plan.Tasks))
	for i, t := range plan.Tasks {
		if jobs[i], err = newTask(t, key); err != nil {
			return wire.Line{}, fmt.Errorf("measure: task %d: %w", i, err)
		}
	}
	return wire.Line{Measured: &wire.Measured{Sent: sendAll(ctx, jobs, out)}}, nil
}

// sendAll does the tasks, some at a time.
func sendAll(ctx context.Context, jobs []task, out *output) []wire.Sent {
	sent := make([]wire.Sent, len(jobs))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(mostTasks, len(jobs)) {
		workers.Go(func() {
			for i := range next {
				sent[i] = jobs[i].send(ctx)
				sent[i].Stream = jobs[i].Stream
			}
		})
	}
	for i := range jobs {
		out.progress(i, len(jobs))
		next <- i
	}
	close(next)
	workers.Wait()
	return sent
}

// task is one task that can be done.
type task struct {
	wire.Task
	to    netip.AddrPort
	key   key
	shape []byte // nil for plain datagrams
}

func newTask(t wire.Task, k key) (task, error) {
	to, err := netip.ParseAddrPort(t.To)
	if err != nil && t.Kind != wire.Dial { // a mesh address may be a name
		return task{}, err
	}
	start, err := shape(t.Encapsulation)
	if err != nil {
		return task{}, err
	}
	switch t.Kind {
	case wire.Sweep, wire.Fragments, wire.Bulk, wire.Dial:
		return task{Task: t, to: to, key: k, shape: start}, nil
	}
	return task{}, fmt.Errorf("kind %q is not known", t.Kind)
}

func (t *task) send(ctx context.Context) wire.Sent {
	switch t.Kind {
	case wire.Sweep:
		return t.sweep(ctx)
	case wire.Fragments:
		return t.fragments(ctx)
	case wire.Bulk:
		return t.bulk(ctx)
	default:
		return t.dial(ctx)
	}
}
