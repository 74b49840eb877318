package shape

import (
	"fmt"
	"os"
	"path/filepath"
)

// Home is the folder below which everything lies that the lab builds or runs.
type Home string

// DefaultHome is $AKSMESH_LAB_HOME, else kubectl-aksmesh-lab in the user's
// cache folder.
func DefaultHome() (Home, error) {
	if dir := os.Getenv("AKSMESH_LAB_HOME"); dir != "" {
		abs, err := filepath.Abs(dir)
		return Home(abs), err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the lab's files: set AKSMESH_LAB_HOME: %w", err)
	}
	return Home(filepath.Join(cache, "kubectl-aksmesh-lab")), nil
}

func (h Home) join(elem ...string) string {
	return filepath.Join(append([]string{string(h)}, elem...)...)
}

// Bin holds the programs that were built.
func (h Home) Bin() string { return h.join("bin") }

// Images holds image archives.
func (h Home) Images() string { return h.join("images") }

// ImageStore is a containerd root with all images unpacked; nodes start from
// a copy of hard links.
func (h Home) ImageStore() string { return h.join("image-store") }

// Run holds all state of a running lab; "down" removes it.
func (h Home) Run() string { return h.join("run") }

// Kubeconfig has a context for every running cluster.
func (h Home) Kubeconfig() string { return h.join("kubeconfig") }

// Values holds the Helm values that Cilium needs on this machine.
func (h Home) Values() string { return h.join("values.yaml") }

// Cluster holds the certificates, data and logs of a control plane.
func (h Home) Cluster(c Cluster) string { return h.join("run", "clusters", c.Name()) }

// Node holds the files and logs of a node.
func (h Home) Node(n Node) string { return h.join("run", "nodes", n.Name()) }

// Azure holds the state of the simulated Azure.
func (h Home) Azure() string { return h.join("run", "azure") }
