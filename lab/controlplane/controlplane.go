// Package controlplane runs real Kubernetes control planes inside one process:
// one etcd, and per cluster one kube-apiserver with its own certificate
// authority, its own data and its own identity. They start in seconds and need
// no root, so they serve tests that need an API server but no datapath.
//
// What a cluster is: every API of Kubernetes, with validation, admission,
// RBAC and the audit log. What it is not: no controller-manager, scheduler or
// kubelet runs, so Deployments make no Pods, deleted namespaces stay in
// Terminating until somebody finalizes them, owner references are not followed,
// and load balancers get no address. What admission needs of the
// controller-manager, the service accounts "default" of the four initial
// namespaces, is made here.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// DefaultServiceCIDR is the range of ClusterIPs of a cluster that asks for none;
// AKS has the same default.
const DefaultServiceCIDR = "10.0.0.0/16"

// readyTimeout bounds how long [Start] waits for all API servers.
const readyTimeout = 2 * time.Minute

// Options says what [Start] starts.
type Options struct {
	// Clusters is how many; their contexts are aks-1, aks-2, …
	Clusters int
	// Dir is an existing directory that will hold everything: certificates,
	// kubeconfigs, logs, etcd's data. It is the caller's to remove.
	Dir string
	// ServiceCIDRs are the ranges of ClusterIPs, one per cluster in CIDR
	// notation; missing or empty ones are [DefaultServiceCIDR].
	ServiceCIDRs []string
	// Users are the restricted users known to every cluster. They have no
	// rights but those that everybody has, until RBAC objects give them some.
	Users []User
}

// User is somebody who authenticates with a bearer token.
type User struct {
	Name   string
	Groups []string
}

// Set is a number of running clusters.
type Set struct {
	Clusters []*Cluster
	etcd     *etcdServer
	stop     context.CancelFunc
	servers  *errgroup.Group
	ended    <-chan struct{} // closed when a server has ended
}

// Start starts the clusters and returns when all are ready. They run until
// [Set.Stop] or until ctx is done.
func Start(ctx context.Context, opts Options) (*Set, error) {
	if err := opts.complete(); err != nil {
		return nil, fmt.Errorf("control plane options: %w", err)
	}
	etcd, err := startEtcd(ctx, filepath.Join(opts.Dir, "etcd"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	set := &Set{etcd: etcd, stop: cancel}
	set.servers, ctx = errgroup.WithContext(ctx)
	set.ended = ctx.Done()
	if err := set.start(ctx, opts); err != nil {
		return nil, errors.Join(err, set.Stop())
	}
	return set, nil
}

// start builds the servers one after the other, since kube-apiserver writes
// package variables while it builds, and then runs them side by side.
func (s *Set) start(ctx context.Context, opts Options) error {
	for i := range opts.Clusters {
		c, err := newCluster(opts, i)
		if err != nil {
			return err
		}
		server, err := buildServer(ctx, c, s.etcd.endpoint)
		if err != nil {
			return fmt.Errorf("cluster %s: %w", c.Context, errors.Join(err, c.listener.Close()))
		}
		s.servers.Go(func() error {
			if err := server.Run(ctx); err != nil {
				return fmt.Errorf("cluster %s: kube-apiserver ended: %w", c.Context, err)
			}
			return nil
		})
		s.Clusters = append(s.Clusters, c)
	}
	return s.bootstrap(ctx)
}

// bootstrap waits for every API server and makes what is missing in its cluster.
func (s *Set) bootstrap(ctx context.Context) error {
	wait, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("not ready after %s", readyTimeout))
	defer cancel()
	g, wait := errgroup.WithContext(wait)
	for _, c := range s.Clusters {
		g.Go(func() error {
			if err := c.bootstrap(wait); err != nil {
				return fmt.Errorf("cluster %s: %w", c.Context, errors.Join(err, context.Cause(wait)))
			}
			return nil
		})
	}
	return g.Wait()
}

// Stop ends the API servers, waits until they have ended and ends etcd. Clients
// that keep a watch open can make that take up to a minute; a program that is
// about to exit need not call it.
func (s *Set) Stop() error {
	s.stop()
	err := s.servers.Wait()
	s.etcd.Close()
	return err
}

// Ended is closed when a server has ended; [Set.Stop] tells why.
func (s *Set) Ended() <-chan struct{} { return s.ended }

func (o *Options) complete() error {
	if o.Clusters < 1 {
		return fmt.Errorf("%d clusters wanted, must be at least 1", o.Clusters)
	}
	if len(o.ServiceCIDRs) > o.Clusters {
		return fmt.Errorf("%d service CIDRs for %d clusters", len(o.ServiceCIDRs), o.Clusters)
	}
	if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
		return fmt.Errorf("directory %q must exist: %w", o.Dir, err)
	}
	cidrs := make([]string, o.Clusters)
	copy(cidrs, o.ServiceCIDRs)
	for i, cidr := range cidrs {
		if cidr == "" {
			cidrs[i] = DefaultServiceCIDR
		} else if _, err := netip.ParsePrefix(cidr); err != nil {
			return fmt.Errorf("service CIDR of cluster %d: %w", i+1, err)
		}
	}
	o.ServiceCIDRs = cidrs
	return nil
}
