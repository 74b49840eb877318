package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

const judgeTargets = "targets: judged in less than 1 s, less than 300 MB for the whole process, snapshot included"

const megabyte = 1e6

// measured is what a child tells of itself.
type measured struct {
	CPU    time.Duration   `json:"cpu"` // of all threads, the garbage collector's too
	Took   time.Duration   `json:"took"`
	Heap   uint64          `json:"heap"`   // bytes that the snapshot takes
	Made   uint64          `json:"made"`   // bytes that were allocated meanwhile
	Walked int             `json:"walked"` // facts that are not as they are in a healthy mesh
	Counts diagnose.Counts `json:"counts"`
	peak   int64           // bytes of resident memory, of the whole process
}

// judging prints a table. Each row is a process of its own, as only then its
// peak of memory is its own. A walk over the snapshot says what any look at
// that much takes.
func judging(ctx context.Context, out io.Writer, o options) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%d clusters of %d nodes\tagents say\t\ttook\tCPU\tpeak memory\tsnapshot\tallocated\tpass\tfail\t\n", o.clusters, o.nodes)
	for _, row := range []options{
		{child: "walk"}, {child: "judge"}, {child: "judge", ill: true},
		{child: "walk", apart: true}, {child: "judge", apart: true}, {child: "judge", ill: true, apart: true},
	} {
		row.size = o.size
		m, err := inChild(ctx, row)
		if err != nil {
			return err
		}
		say, health := "the same", "well"
		if row.apart {
			say = "different things"
		}
		if row.ill {
			health = "all broken"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%.2f s\t%.2f s\t%.0f MB\t%.0f MB\t%.0f MB\t%d\t%d\t\n", row.child, say, health, m.Took.Seconds(), m.CPU.Seconds(),
			float64(m.peak)/megabyte, float64(m.Heap)/megabyte, float64(m.Made)/megabyte, m.Counts.Pass, m.Counts.Fail)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, judgeTargets)
	return err
}

func inChild(ctx context.Context, o options) (measured, error) {
	var m measured
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	command := exec.CommandContext(ctx, self, "-child="+o.child, fmt.Sprintf("-ill=%t", o.ill), fmt.Sprintf("-apart=%t", o.apart),
		fmt.Sprintf("-clusters=%d", o.clusters), fmt.Sprintf("-nodes=%d", o.nodes), fmt.Sprintf("-services=%d", o.services))
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		return m, fmt.Errorf("measure %s: %w", o.child, err)
	}
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.peak = usage.Maxrss * 1024
	}
	return m, json.Unmarshal(text, &m)
}

// child measures in this process.
func child(out io.Writer, o options) error {
	s := synthetic(o.size, o.ill, o.apart)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if o.profile != "" {
		file, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	m := measured{Heap: before.HeapAlloc}
	started, cpu := time.Now(), used()
	if err := m.do(o.child, s); err != nil {
		return err
	}
	m.Took, m.CPU = time.Since(started), used()-cpu
	runtime.ReadMemStats(&after)
	if err := o.writeHeap(); err != nil {
		return err
	}
	runtime.KeepAlive(s)
	m.Made = after.TotalAlloc - before.TotalAlloc
	return json.NewEncoder(out).Encode(m)
}

// writeHeap writes what was allocated so far, the snapshot included, if it is
// asked for.
func (o *options) writeHeap() error {
	if o.heap == "" {
		return nil
	}
	file, err := os.Create(o.heap)
	if err != nil {
		return err
	}
	defer file.Close()
	runtime.GC() // the profile is as of the latest collection
	return pprof.Lookup("allocs").WriteTo(file, 0)
}

// used is the time that this process has had on processors so far.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (m *measured) do(what string, s mesh.Snapshot) error {
	switch what {
	case "walk":
		m.Walked = walk(s)
	case "judge":
		m.Counts = diagnose.Judge(s, diagnose.Options{}).Counts
	default:
		return fmt.Errorf("-child %q is not one of walk, judge", what)
	}
	return nil
}
