// Command benchdoctor times kubectl aksmesh doctor on large meshes: what it
// makes of 100 clusters of 1,000 nodes, and how long it looks at one cluster
// of 1,000 nodes that is 50 ms away. Beside each stands a floor, measured in
// the same run.
//
// It prints tables for people and is no test: a machine that is busy makes it
// slower.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

type options struct {
	size
	runs    int
	part    string // of both
	child   string // what to do as a child; empty for none
	ill     bool
	apart   bool
	profile string
	heap    string
}

func main() {
	var o options
	flag.IntVar(&o.clusters, "clusters", 100, "how many clusters are judged, at most 150")
	flag.IntVar(&o.nodes, "nodes", 1000, "how many nodes each has, at most 1024")
	flag.IntVar(&o.services, "services", 200, "how many global services each has")
	flag.IntVar(&o.runs, "runs", 3, "how often the collection is measured")
	flag.StringVar(&o.part, "part", "", "measure this alone: judge or collect")
	flag.StringVar(&o.child, "child", "", "measure this in this process and print it as JSON: walk or judge")
	flag.BoolVar(&o.ill, "ill", false, "with -child: break every way between clusters")
	flag.BoolVar(&o.apart, "apart", false, "with -child: let no two agents say the same")
	flag.StringVar(&o.profile, "cpuprofile", "", "with -child: write a CPU profile to this file")
	flag.StringVar(&o.heap, "memprofile", "", "with -child: write a profile of what was allocated to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, o options) error {
	if o.child != "" {
		return child(out, o)
	}
	var errs []error
	if o.part != "collect" {
		errs = append(errs, judging(ctx, out, o))
	}
	if o.part != "judge" {
		errs = append(errs, collecting(ctx, out, o))
	}
	return errors.Join(errs...)
}
