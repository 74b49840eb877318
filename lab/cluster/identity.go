package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/aksmesh/kubectl-aksmesh/lab/node"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// Names of kubeconfig files in a cluster's folder. All their certificates are
// inside.
const (
	adminKubeconfig     = "admin.kubeconfig" // for people, over loopback
	azureKubeconfig     = "azure.kubeconfig" // for the simulated Azure, over loopback
	managerKubeconfig   = "kube-controller-manager.kubeconfig"
	schedulerKubeconfig = "kube-scheduler.kubeconfig"
)

// mastersGroup may do everything.
const mastersGroup = "system:masters"

// AdminKubeconfig is the path of the kubeconfig for people.
func AdminKubeconfig(dir string) string { return filepath.Join(dir, adminKubeconfig) }

// AzureKubeconfig is the path of the kubeconfig for the simulated Azure, which
// audit logs know as user "aks-addon-manager".
func AzureKubeconfig(dir string) string { return filepath.Join(dir, azureKubeconfig) }

// makeIdentities writes the certificates, keys and kubeconfigs of a control
// plane that has none yet.
func makeIdentities(c shape.Cluster, dir string) error {
	// Written last, so it stands for all the others.
	if _, err := os.Stat(AdminKubeconfig(dir)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	ca, err := newAuthority("kubernetes-" + c.Name())
	if err != nil {
		return err
	}
	tokenKey, tokenPEM, err := newKey()
	if err != nil {
		return err
	}
	tokenPub, err := publicPEM(tokenKey)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"ca.crt": ca.cert, "ca.key": ca.key,
		"service-accounts.key": tokenPEM, "service-accounts.pub": tokenPub,
	}
	for name, s := range map[string]subject{
		"apiserver":         {user: "kube-apiserver", hosts: apiServerHosts(c)},
		"apiserver-kubelet": {user: "kube-apiserver-kubelet-client", groups: []string{mastersGroup}},
	} {
		p, err := ca.issue(s)
		if err != nil {
			return err
		}
		files[name+".crt"], files[name+".key"] = p.cert, p.key
	}
	if err := write(dir, files); err != nil {
		return err
	}
	return writeKubeconfigs(c, dir, ca)
}

// apiServerHosts are all names by which an API server is called.
func apiServerHosts(c shape.Cluster) []string {
	first := shape.ServiceCIDR().Addr().Next() // of the service "kubernetes"
	return []string{
		c.FQDN(), c.API().String(), "127.0.0.1", first.String(), "localhost",
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}
}

func writeKubeconfigs(c shape.Cluster, dir string, ca *authority) error {
	inside := "https://" + c.API().String() + ":443"
	outside := fmt.Sprintf("https://127.0.0.1:%d", c.LoopbackPort())
	for _, k := range []struct {
		file, server string
		subject
	}{
		{managerKubeconfig, inside, subject{user: "system:kube-controller-manager"}},
		{schedulerKubeconfig, inside, subject{user: "system:kube-scheduler"}},
		{azureKubeconfig, outside, subject{user: "aks-addon-manager", groups: []string{mastersGroup}}},
		{adminKubeconfig, outside, subject{user: c.Admin(), groups: []string{mastersGroup}}},
	} {
		p, err := ca.issue(k.subject)
		if err != nil {
			return err
		}
		text, err := kubeconfig(c, k.server, ca.cert, p)
		if err != nil {
			return err
		}
		if err := write(dir, map[string][]byte{k.file: text}); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfig names its user as "az aks get-credentials --admin" does.
func kubeconfig(c shape.Cluster, server string, ca []byte, p pair) ([]byte, error) {
	user := "clusterAdmin_" + c.ResourceGroup() + "_" + c.Name()
	config := api.NewConfig()
	config.Clusters[c.Name()] = &api.Cluster{Server: server, CertificateAuthorityData: ca}
	config.AuthInfos[user] = &api.AuthInfo{ClientCertificateData: p.cert, ClientKeyData: p.key}
	config.Contexts[c.Name()] = &api.Context{Cluster: c.Name(), AuthInfo: user}
	config.CurrentContext = c.Name()
	return clientcmd.Write(*config)
}

// NodeIdentity issues a kubelet's certificate and kubeconfig.
func NodeIdentity(n shape.Node, dir string) (node.Identity, error) {
	ca, err := loadAuthority(dir)
	if err != nil {
		return node.Identity{}, err
	}
	p, err := ca.issue(subject{
		user: "system:node:" + n.Name(), groups: []string{"system:nodes"},
		hosts: []string{n.Name(), n.Addr().String()},
	})
	if err != nil {
		return node.Identity{}, err
	}
	text, err := kubeconfig(n.Cluster, "https://"+n.Cluster.FQDN()+":443", ca.cert, p)
	return node.Identity{CA: ca.cert, Cert: p.cert, Key: p.key, Kubeconfig: text}, err
}

// MergeKubeconfigs writes one kubeconfig with a context for each cluster.
func MergeKubeconfigs(file string, dirs []string) error {
	rules := clientcmd.ClientConfigLoadingRules{}
	for _, dir := range dirs {
		rules.Precedence = append(rules.Precedence, AdminKubeconfig(dir))
	}
	merged, err := rules.Load()
	if err != nil {
		return fmt.Errorf("cannot merge the clusters' kubeconfigs: %w", err)
	}
	return clientcmd.WriteToFile(*merged, file)
}

func write(dir string, files map[string][]byte) error {
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
