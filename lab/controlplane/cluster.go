package controlplane

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Admin is the name of the user who may do everything (group system:masters).
const Admin = "admin"

// Cluster is one running cluster. All paths are absolute.
type Cluster struct {
	// Context is the name of the kubeconfigs' only context, as "aks-1".
	Context string `json:"context"`
	// Server is the API server's URL, on 127.0.0.1.
	Server string `json:"server"`
	// UID is that of namespace kube-system, which identifies the cluster.
	UID string `json:"uid"`
	// CA is the file with the certificate of the cluster's authority (PEM).
	CA          string `json:"ca"`
	ServiceCIDR string `json:"serviceCIDR"`
	// AuditLog is a file of one JSON object of audit.k8s.io/v1 per line, at
	// level Metadata, in stages RequestReceived and ResponseComplete. The first
	// is written before the server acts on a request, so a request that was
	// answered is never missing.
	AuditLog string `json:"auditLog"`
	// Kubeconfig is the file of [Admin], with a client certificate.
	Kubeconfig string `json:"kubeconfig"`
	// Users are the kubeconfig files of Admin and of [Options.Users] with
	// bearer tokens, which also pass through proxies that end TLS.
	Users map[string]string `json:"users"`

	dir      string
	ca       *authority
	listener net.Listener
	tokens   string // file
}

// newCluster listens on a free port and writes the files of the cluster at
// position i (from 0).
func newCluster(opts Options, i int) (*Cluster, error) {
	dir, err := filepath.Abs(filepath.Join(opts.Dir, fmt.Sprintf("aks-%d", i+1)))
	if err != nil {
		return nil, fmt.Errorf("directory of cluster %d: %w", i+1, err)
	}
	c := &Cluster{
		Context:     filepath.Base(dir),
		ServiceCIDR: opts.ServiceCIDRs[i],
		CA:          filepath.Join(dir, "ca.crt"),
		AuditLog:    filepath.Join(dir, "audit.log"),
		Kubeconfig:  filepath.Join(dir, "kubeconfig"),
		Users:       map[string]string{},
		dir:         dir,
		tokens:      filepath.Join(dir, "tokens.csv"),
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of cluster %s: %w", c.Context, err)
	}
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen for cluster %s: %w", c.Context, err)
	}
	c.Server = "https://" + c.listener.Addr().String()
	if c.ca, err = newAuthority(dir, "kubernetes-"+c.Context); err != nil {
		return nil, err
	}
	if err := c.writeAdmin(); err != nil {
		return nil, err
	}
	admin := User{Name: Admin, Groups: []string{"system:masters"}}
	return c, c.writeUsers(append([]User{admin}, opts.Users...))
}

// writeAdmin writes the administrator's client certificate and kubeconfig.
func (c *Cluster) writeAdmin() error {
	cert, key, err := c.ca.issue(Admin, pkix.Name{CommonName: Admin, Organization: []string{"system:masters"}})
	if err != nil {
		return err
	}
	return c.writeKubeconfig(c.Kubeconfig, &api.AuthInfo{ClientCertificate: cert, ClientKey: key})
}

// writeUsers gives every user a random token: a line in the server's token
// file (token,name,uid,"groups") and a kubeconfig.
func (c *Cluster) writeUsers(users []User) error {
	var lines strings.Builder
	for _, u := range users {
		token := rand.Text()
		fmt.Fprintf(&lines, "%s,%s,%s,%q\n", token, u.Name, u.Name, strings.Join(u.Groups, ","))
		c.Users[u.Name] = filepath.Join(c.dir, "token-"+u.Name+".kubeconfig")
		if err := c.writeKubeconfig(c.Users[u.Name], &api.AuthInfo{Token: token}); err != nil {
			return err
		}
	}
	return os.WriteFile(c.tokens, []byte(lines.String()), 0o600)
}

// writeKubeconfig writes a kubeconfig that stands alone: files are embedded.
func (c *Cluster) writeKubeconfig(path string, auth *api.AuthInfo) error {
	cfg := api.NewConfig()
	cfg.Clusters[c.Context] = &api.Cluster{Server: c.Server, CertificateAuthority: c.CA}
	cfg.AuthInfos[c.Context] = auth
	cfg.Contexts[c.Context] = &api.Context{Cluster: c.Context, AuthInfo: c.Context}
	cfg.CurrentContext = c.Context
	if err := api.FlattenConfig(cfg); err != nil {
		return fmt.Errorf("kubeconfig of %s: %w", c.Context, err)
	}
	return clientcmd.WriteToFile(*cfg, path)
}
