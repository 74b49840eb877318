package apienv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Nobody is a user that every cluster knows and who has no rights.
const Nobody = "nobody"

// Options says what [Start] starts.
type Options struct {
	Clusters     int
	ServiceCIDRs []string // one per cluster; by default 10.0.0.0/16 for each
	Users        []string // besides Nobody; NAME or NAME=GROUP,GROUP
}

// Env is the control planes of one test process.
type Env struct {
	Clusters []*Cluster
	command  *exec.Cmd
	stdin    io.Closer
	ended    chan error
	inUse    atomic.Bool // by a World
}

// Start builds the control plane if need be (minutes, the first time on a
// machine), starts it and returns when all clusters are ready. The process
// dies with this one.
func Start(ctx context.Context, opts Options) (*Env, error) {
	binary, err := controlPlaneBinary(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{fmt.Sprintf("--clusters=%d", opts.Clusters), "--user=" + Nobody}
	if len(opts.ServiceCIDRs) > 0 {
		args = append(args, "--service-cidr="+strings.Join(opts.ServiceCIDRs, ","))
	}
	for _, u := range opts.Users {
		args = append(args, "--user="+u)
	}
	e := &Env{command: exec.CommandContext(ctx, binary, args...), ended: make(chan error, 1)}
	e.command.Stderr = os.Stderr
	if err := e.launch(); err != nil {
		return nil, fmt.Errorf("start control plane: %w", err)
	}
	if err := e.rememberBare(ctx); err != nil {
		return nil, errors.Join(err, e.Stop())
	}
	return e, nil
}

// launch starts the process and reads what it prints when it is ready.
func (e *Env) launch() error {
	stdin, err := e.command.StdinPipe()
	if err != nil {
		return err
	}
	e.stdin = stdin
	stdout, err := e.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.command.Start(); err != nil {
		return err
	}
	var ready struct{ Clusters []*Cluster }
	decodeErr := json.NewDecoder(stdout).Decode(&ready)
	go func() { e.ended <- e.command.Wait() }()
	if decodeErr != nil {
		return errors.Join(fmt.Errorf("it printed no clusters: %w", decodeErr), e.Stop())
	}
	e.Clusters = ready.Clusters
	return nil
}

// stopTimeout is how long the control plane may take to remove its files.
const stopTimeout = 30 * time.Second

// Stop ends the control plane, which removes its files.
func (e *Env) Stop() error {
	closeErr := e.stdin.Close()
	select {
	case err := <-e.ended:
		return errors.Join(closeErr, err)
	case <-time.After(stopTimeout):
		return errors.Join(closeErr, fmt.Errorf("control plane did not end within %s", stopTimeout), e.command.Process.Kill())
	}
}

// rememberBare notes what every cluster holds before any test.
func (e *Env) rememberBare(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range e.Clusters {
		g.Go(func() error { return c.rememberBare(ctx) })
	}
	return g.Wait()
}
