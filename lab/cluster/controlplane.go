// Package cluster runs control planes: for each cluster an etcd, an API
// server, a controller manager and a scheduler, as plain processes in the
// fabric's network namespace.
package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/lab/network"
	"github.com/aksmesh/kubectl-aksmesh/lab/patience"
	"github.com/aksmesh/kubectl-aksmesh/lab/proc"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// Names of the programs, which are those of their pid and log files.
const (
	etcd      = "etcd"
	apiServer = "kube-apiserver"
	manager   = "kube-controller-manager"
	scheduler = "kube-scheduler"
)

// Programs are a control plane's, in the order to start them.
func Programs() []string { return []string{etcd, apiServer, manager, scheduler} }

// readyTimeout bounds the start of one API server, on a machine that is busy
// with the other clusters.
const readyTimeout = 2 * time.Minute

// mostRestarts bounds how often a program that ends is started again.
const mostRestarts = 3

// ControlPlane is that of one cluster. Dir holds its certificates, data and
// logs, Bin its programs.
type ControlPlane struct {
	Cluster  shape.Cluster
	Dir, Bin string
}

// Up starts what does not run and returns when the API server is ready. The
// cluster's address must be on the fabric.
func (p ControlPlane) Up(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(p.Dir, "etcd"), 0o700); err != nil {
		return err
	}
	if err := makeIdentities(p.Cluster, p.Dir); err != nil {
		return fmt.Errorf("cluster %s: %w", p.Cluster.Name(), err)
	}
	if err := write(p.Dir, map[string][]byte{"audit-policy.yaml": []byte(auditPolicy)}); err != nil {
		return err
	}
	if err := p.start(etcd, apiServer); err != nil {
		return err
	}
	if err := p.waitReady(ctx); err != nil {
		return fmt.Errorf("cluster %s: %w", p.Cluster.Name(), err)
	}
	return p.start(manager, scheduler)
}

func (p ControlPlane) start(names ...string) error {
	args := p.args()
	return network.Do(network.Namespace, func() error {
		for _, name := range names {
			if proc.Pid(p.Dir, name) != 0 {
				continue
			}
			err := proc.Start(proc.Spec{Dir: p.Dir, Name: name, Path: filepath.Join(p.Bin, name), Args: args[name]})
			if err != nil {
				return fmt.Errorf("cluster %s: %w", p.Cluster.Name(), err)
			}
		}
		return nil
	})
}

// waitReady asks the API server until it says that it is ready.
func (p ControlPlane) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(readyTimeout))
	defer cancel()
	client, err := p.client()
	if err != nil {
		return err
	}
	url := "https://" + p.Cluster.FQDN() + "/readyz"
	restarts := 0
	for {
		err := get(ctx, client, url)
		if err == nil {
			return nil
		}
		for _, name := range []string{etcd, apiServer} {
			if proc.Pid(p.Dir, name) != 0 {
				continue
			}
			// An API server ends if its etcd is not up yet in time, or if its
			// predecessor's port is not free yet.
			if restarts++; restarts > mostRestarts {
				return fmt.Errorf("%s ends again and again: see %s", name, proc.LogFile(p.Dir, name))
			}
			if err := p.start(name); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API server is not ready: %w: see %s", err, proc.LogFile(p.Dir, apiServer))
		case <-time.After(patience.Of(100 * time.Millisecond)):
		}
	}
}

// client reaches the API server in the fabric, whatever name is asked for.
func (p ControlPlane) client() (*http.Client, error) {
	ca, err := os.ReadFile(filepath.Join(p.Dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &http.Client{Timeout: patience.Of(5 * time.Second), Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return network.Dial(ctx, p.Cluster.APIEndpoint())
		},
		DisableKeepAlives: true,
	}}, nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// Down kills the control plane and removes its folder. Nothing is asked to end
// by itself: an API server would drain connections for minutes.
func (p ControlPlane) Down(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(30*time.Second))
	defer cancel()
	var errs []error
	for _, name := range Programs() {
		errs = append(errs, proc.Signal(p.Dir, name, syscall.SIGKILL))
	}
	for _, name := range Programs() {
		errs = append(errs, proc.Stop(ctx, p.Dir, name, syscall.SIGKILL))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cluster %s: %w", p.Cluster.Name(), err)
	}
	return os.RemoveAll(p.Dir)
}
