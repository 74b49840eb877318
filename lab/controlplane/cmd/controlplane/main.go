// Command controlplane starts real Kubernetes control planes in one process,
// for tests that need an API server but no nodes.
//
//	controlplane --clusters 3 --user reader --user auditor=auditors
//
// When all are ready it prints one JSON document to standard output:
//
//	{"dir": "…", "log": "…", "clusters": [{"context": "aks-1", "server": …}, …]}
//
// (see [controlplane.Cluster] for the fields). It serves until standard input
// ends, so it dies with the process that started it, or until SIGTERM or
// SIGINT, and then removes everything it wrote. No controller-manager runs; see
// package controlplane for what that means.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"

	"github.com/aksmesh/kubectl-aksmesh/lab/controlplane"
)

// document is what is printed when all clusters are ready.
type document struct {
	Dir      string                  `json:"dir"`
	Log      string                  `json:"log"` // of the API servers
	Clusters []*controlplane.Cluster `json:"clusters"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer) (err error) {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	ctx, cancel = untilEOF(ctx, stdin)
	defer cancel()
	if opts.Dir, err = os.MkdirTemp(opts.Dir, "controlplane-"); err != nil {
		return fmt.Errorf("make a directory for the clusters: %w", err)
	}
	logFile, err := redirectLogs(opts.Dir)
	if err != nil {
		return err
	}
	// after a failure the logs are left for whoever looks into it
	defer func() {
		klog.Flush()
		if err == nil {
			err = os.RemoveAll(opts.Dir)
		} else {
			err = fmt.Errorf("%w (logs are in %s)", err, opts.Dir)
		}
	}()
	return serve(ctx, opts, logFile, stdout)
}

// serve starts the clusters, prints them and returns when ctx is done. It does
// not wait for the servers to drain, which clients with open watches can delay
// by a minute: the process ends next, and its data with it.
func serve(ctx context.Context, opts controlplane.Options, logFile string, stdout io.Writer) error {
	set, err := controlplane.Start(ctx, opts)
	if ctx.Err() != nil {
		return nil // asked to end while starting
	} else if err != nil {
		return err
	}
	out := json.NewEncoder(stdout)
	out.SetIndent("", "  ")
	if err := out.Encode(document{Dir: opts.Dir, Log: logFile, Clusters: set.Clusters}); err != nil {
		return fmt.Errorf("print the clusters: %w", err)
	}
	<-set.Ended()
	if ctx.Err() != nil {
		return nil // asked to end
	}
	return set.Stop()
}

func parse(args []string) (controlplane.Options, error) {
	var opts controlplane.Options
	var users []string
	fs := pflag.NewFlagSet("controlplane", pflag.ContinueOnError)
	fs.IntVar(&opts.Clusters, "clusters", 3, "how many clusters")
	fs.StringVar(&opts.Dir, "dir", "", "directory below which a directory for all files is made (default: the system's for temporary files)")
	fs.StringSliceVar(&opts.ServiceCIDRs, "service-cidr", nil, "range of ClusterIPs, one per cluster (default "+controlplane.DefaultServiceCIDR+" for each)")
	fs.StringArrayVar(&users, "user", nil, "restricted user with a bearer token, as NAME or NAME=GROUP,GROUP (repeatable)")
	if err := fs.Parse(args); err != nil {
		return opts, err
	}
	for _, u := range users {
		name, groups, _ := strings.Cut(u, "=")
		user := controlplane.User{Name: name}
		if groups != "" {
			user.Groups = strings.Split(groups, ",")
		}
		opts.Users = append(opts.Users, user)
	}
	return opts, nil
}

// untilEOF returns a context that is done when r ends.
func untilEOF(ctx context.Context, r io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, r) // an error is an end as well
	}()
	return ctx, cancel
}

// redirectLogs sends what the API servers log to a file, which it names; only
// what is fatal goes to standard error as well.
func redirectLogs(dir string) (string, error) {
	path := filepath.Join(dir, "kube-apiserver.log")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return "", fmt.Errorf("make log file: %w", err)
	}
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	if err := flags.Parse([]string{"-logtostderr=false", "-stderrthreshold=FATAL"}); err != nil {
		return "", fmt.Errorf("set up logging: %w", err)
	}
	klog.SetOutput(file)
	return path, nil
}
