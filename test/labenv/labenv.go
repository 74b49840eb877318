// Package labenv drives the lab and the plugin's binary from tests and
// benchmarks: real clusters on this machine, with real Cilium. It needs root.
package labenv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Lab is the machine's lab and the plugin that is tried on it.
type Lab struct {
	Program string    // path of aksmesh-lab
	Plugin  string    // path of kubectl-aksmesh
	Log     io.Writer // what the lab says while it works
	Live    io.Writer // gets what the plugin says, too, while it says it; may be nil
}

// FromEnvironment takes the programs from $AKSMESH_LAB and $AKSMESH_BINARY,
// which the Makefile sets after it has built them.
func FromEnvironment(log io.Writer) (*Lab, error) {
	l := &Lab{Program: os.Getenv("AKSMESH_LAB"), Plugin: os.Getenv("AKSMESH_BINARY"), Log: log}
	if l.Program == "" || l.Plugin == "" {
		return nil, errors.New("AKSMESH_LAB and AKSMESH_BINARY are not set: use the Makefile's target")
	}
	return l, nil
}

// Run runs a command of the lab, as up or reset.
func (l *Lab) Run(ctx context.Context, args ...string) error {
	command := exec.CommandContext(ctx, l.Program, args...)
	command.Stdout, command.Stderr = l.Log, l.Log
	if err := command.Run(); err != nil {
		return fmt.Errorf("aksmesh-lab %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// Up brings up the clusters aks-1 to aks-N, bare, and what they need.
func (l *Lab) Up(ctx context.Context, clusters int) error {
	return l.Run(ctx, "up", "--install", "--clusters", fmt.Sprint(clusters))
}

// Environment are the variables that point the plugin to the lab.
func (l *Lab) Environment(ctx context.Context) ([]string, error) {
	exports, err := exec.CommandContext(ctx, l.Program, "env").Output()
	if err != nil {
		return nil, fmt.Errorf("aksmesh-lab env: %w", err)
	}
	// The lines are shell: a shell reads them.
	variables, err := exec.CommandContext(ctx, "sh", "-c", string(exports)+"\nexec env -0").Output()
	if err != nil {
		return nil, fmt.Errorf("aksmesh-lab env in a shell: %w", err)
	}
	return strings.Split(strings.TrimRight(string(variables), "\x00"), "\x00"), nil
}

// Kubeconfig is the path of the lab's kubeconfig.
func (l *Lab) Kubeconfig(ctx context.Context) (string, error) {
	return l.variable(ctx, clientcmd.RecommendedConfigPathEnvVar)
}

// Values is the file of Helm values that Cilium needs on the lab's nodes.
func (l *Lab) Values(ctx context.Context) (string, error) {
	return l.variable(ctx, "LAB_VALUES")
}

func (l *Lab) variable(ctx context.Context, name string) (string, error) {
	variables, err := l.Environment(ctx)
	if err != nil {
		return "", err
	}
	for _, v := range variables {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("the lab's environment has no %s", name)
}

// Open returns handles to clusters, by context.
func (l *Lab) Open(ctx context.Context, contexts ...string) ([]*mesh.Cluster, error) {
	kubeconfig, err := l.Kubeconfig(ctx)
	if err != nil {
		return nil, err
	}
	loader, err := mesh.NewLoader(mesh.LoaderOptions{Kubeconfig: kubeconfig, UserAgent: "labenv"})
	if err != nil {
		return nil, err
	}
	var clusters []*mesh.Cluster
	for _, name := range contexts {
		cluster, err := loader.Open(name)
		if err != nil {
			return nil, err
		}
		clusters = append(clusters, cluster)
	}
	return clusters, nil
}

// Result is how a run of the plugin ended.
type Result struct {
	Stdout, Stderr string
	ExitCode       int
	Took           time.Duration
	PeakMemory     int64 // bytes, resident
}

// Aksmesh runs the plugin.
func (l *Lab) Aksmesh(ctx context.Context, args ...string) (*Result, error) {
	variables, err := l.Environment(ctx)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, l.Plugin, args...)
	command.Env, command.Stdout, command.Stderr = variables, &stdout, &stderr
	if l.Live != nil {
		command.Stdout, command.Stderr = io.MultiWriter(&stdout, l.Live), io.MultiWriter(&stderr, l.Live)
	}
	start := time.Now()
	err = command.Run()
	if command.ProcessState == nil {
		return nil, err
	}
	r := &Result{Stdout: stdout.String(), Stderr: stderr.String(), ExitCode: command.ProcessState.ExitCode(), Took: time.Since(start)}
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.PeakMemory = usage.Maxrss << 10 // Linux counts in KiB
	}
	return r, nil
}

// Join runs join without a question and with what the lab's nodes need.
func (l *Lab) Join(ctx context.Context, args ...string) (*Result, error) {
	values, err := l.Values(ctx)
	if err != nil {
		return nil, err
	}
	return l.Aksmesh(ctx, append([]string{"join", "--yes", "--values", values}, args...)...)
}

// Audit is what an API server recorded of the plugin.
type Audit struct {
	Verbs  map[string]int `json:"verbs"`
	Writes []struct {
		Verb   string `json:"verb"`
		Object string `json:"object"`
	} `json:"writes"`
}

// Audit reads what a cluster's API server recorded of the plugin since a moment.
func (l *Lab) Audit(ctx context.Context, cluster string, since time.Time) (*Audit, error) {
	out, err := exec.CommandContext(ctx, l.Program, "audit", cluster,
		"--since", since.UTC().Format(time.RFC3339Nano), "--user-agent", "kubectl-aksmesh", "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("aksmesh-lab audit %s: %w", cluster, err)
	}
	var a Audit
	if err := json.Unmarshal(out, &a); err != nil {
		return nil, fmt.Errorf("aksmesh-lab audit %s: %w", cluster, err)
	}
	return &a, nil
}

// Requests counts all requests.
func (a *Audit) Requests() int {
	n := 0
	for _, count := range a.Verbs {
		n += count
	}
	return n
}

// Changes are the writes, without reviews of the user's own rights and execs,
// which are creates that store nothing.
func (a *Audit) Changes() []string {
	var list []string
	for _, w := range a.Writes {
		if !strings.Contains(w.Object, "selfsubject") && !strings.Contains(w.Object, "/exec") {
			list = append(list, w.Verb+" "+w.Object)
		}
	}
	return list
}
