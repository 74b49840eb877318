package controlplane

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/cache"
	aggregator "k8s.io/kube-aggregator/pkg/apiserver"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// auditPolicy logs who asked for what, not the objects, and both before and
// after the request was served.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [ResponseStarted]
rules:
- level: Metadata
`

// runner is a server that is ready to run.
type runner interface {
	Run(ctx context.Context) error
}

// buildServer makes the cluster's kube-apiserver as the program of that name
// would with the same flags.
func buildServer(ctx context.Context, c *Cluster, etcd string) (runner, error) {
	flags, err := c.flags(etcd)
	if err != nil {
		return nil, err
	}
	opts := options.NewServerRunOptions()
	all := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	named := opts.Flags()
	for _, fs := range named.FlagSets {
		all.AddFlagSet(fs)
	}
	if err := all.Parse(flags); err != nil {
		return nil, fmt.Errorf("kube-apiserver flags: %w", err)
	}
	opts.SecureServing.Listener = c.listener
	opts.SecureServing.BindPort = c.listener.Addr().(*net.TCPAddr).Port
	// informers register metrics under their name, which must be theirs alone
	if opts.InformerName, err = cache.NewInformerName("kube-apiserver-" + c.Context); err != nil {
		return nil, fmt.Errorf("name informers: %w", err)
	}
	completed, err := opts.Complete(ctx)
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver options: %w", err)
	}
	if err := errors.Join(completed.Validate()...); err != nil {
		return nil, fmt.Errorf("kube-apiserver options: %w", err)
	}
	server, err := chain(completed)
	if err != nil {
		return nil, fmt.Errorf("build kube-apiserver: %w", err)
	}
	return server, nil
}

// chain builds the three servers (extensions, Kubernetes, aggregator).
func chain(opts options.CompletedOptions) (runner, error) {
	config, err := app.NewConfig(opts)
	if err != nil {
		return nil, err
	}
	completed, err := config.Complete()
	if err != nil {
		return nil, err
	}
	var server *aggregator.APIAggregator
	if server, err = app.CreateServerChain(completed); err != nil {
		return nil, err
	}
	return server.PrepareRun()
}

// flags writes the files that kube-apiserver reads and returns its command line.
func (c *Cluster) flags(etcd string) ([]string, error) {
	cert, key, err := c.ca.issue("apiserver", pkix.Name{CommonName: "kube-apiserver"},
		"127.0.0.1", "localhost", "kubernetes.default.svc")
	if err != nil {
		return nil, err
	}
	_, saKey, err := newKeyFile(c.dir, "service-accounts")
	if err != nil {
		return nil, err
	}
	policy := filepath.Join(c.dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, fmt.Errorf("write audit policy: %w", err)
	}
	return []string{
		"--etcd-servers=" + etcd,
		"--etcd-prefix=/" + c.Context,
		"--bind-address=127.0.0.1", "--external-hostname=127.0.0.1",
		// the server refuses to publish a loopback address as the endpoint of
		// Service default/kubernetes, and nobody here would use it
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=" + c.ServiceCIDR,
		"--tls-cert-file=" + cert, "--tls-private-key-file=" + key,
		"--client-ca-file=" + c.CA,
		"--token-auth-file=" + c.tokens,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + saKey, "--service-account-signing-key-file=" + saKey,
		"--authorization-mode=Node,RBAC",
		"--allow-privileged=true", // Cilium's pods are
		"--profiling=false",
		"--audit-policy-file=" + policy,
		"--audit-log-path=" + c.AuditLog,
		"--audit-log-mode=blocking-strict", // a request that cannot be logged is not served
		"--audit-log-maxsize=1000",
	}, nil
}
