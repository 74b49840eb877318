package node

import (
	"bytes"
	"embed"
	"fmt"
	"text/template"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

//go:embed files
var templates embed.FS

// Identity is what a node proves itself with, all in PEM.
type Identity struct {
	CA, Cert, Key []byte
	// Kubeconfig leads to the API server, with the same certificate.
	Kubeconfig []byte
}

// Files are the files of a node, by path in its folder. pause is the image
// that holds a pod's namespaces.
func Files(n shape.Node, id Identity, pause string) (map[string][]byte, error) {
	files := map[string][]byte{
		"etc/hostname": []byte(n.Name() + "\n"),
		// There is no name server: what a node must know is here.
		"etc/hosts": fmt.Appendf(nil, "127.0.0.1 localhost\n%s %s\n%s %s\n",
			n.Addr(), n.Name(), n.Cluster.API(), n.Cluster.FQDN()),
		"etc/resolv.conf":            nil,
		certsAt[1:] + "/ca.crt":      id.CA,
		certsAt[1:] + "/kubelet.crt": id.Cert,
		certsAt[1:] + "/kubelet.key": id.Key,
		kubeconfigAt[1:]:             id.Kubeconfig,
	}
	values := map[string]string{"ProviderID": n.ProviderID(), "Certs": certsAt, "Pause": pause}
	for file, name := range map[string]string{
		"etc/containerd/config.toml": "containerd.toml",
		kubeletConfigAt[1:]:          "kubelet.yaml",
	} {
		t, err := template.ParseFS(templates, "files/"+name)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, values); err != nil {
			return nil, err
		}
		files[file] = text.Bytes()
	}
	return files, nil
}
