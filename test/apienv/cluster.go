package apienv

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// harness is the user agent of all calls that tests make by themselves.
const harness = "apienv"

// Cluster is one running cluster, as lab/controlplane describes it.
type Cluster struct {
	Context     string            `json:"context"` // as "aks-1"
	Server      string            `json:"server"`  // URL
	UID         string            `json:"uid"`     // of namespace kube-system
	CA          string            `json:"ca"`      // file, PEM
	ServiceCIDR string            `json:"serviceCIDR"`
	AuditLog    string            `json:"auditLog"`   // file; see Audit
	Kubeconfig  string            `json:"kubeconfig"` // file, administrator
	Users       map[string]string `json:"users"`      // kubeconfig files with bearer tokens, admin's among them

	bare map[object]bool // what was there before any test
}

// Config returns the administrator's connection, without any limit of rate.
func (c *Cluster) Config() (*rest.Config, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig of %s: %w", c.Context, err)
	}
	cfg.UserAgent = harness
	cfg.QPS = -1
	cfg.WarningHandler = rest.NoWarnings{} // on deprecated kinds, which Reset lists like all others
	return cfg, nil
}

// Client returns the administrator's client.
func (c *Cluster) Client() (kubernetes.Interface, error) {
	cfg, err := c.Config()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(cfg)
}

// Token returns the bearer token of a user.
func (c *Cluster) Token(user string) (string, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Users[user])
	if err != nil {
		return "", fmt.Errorf("kubeconfig of user %q of %s: %w", user, c.Context, err)
	}
	return cfg.BearerToken, nil
}

// trust says how to trust the API server.
func (c *Cluster) trust() (*tls.Config, error) {
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("certificate authority of %s: %w", c.Context, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("certificate authority of %s: no certificate in %s", c.Context, c.CA)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
