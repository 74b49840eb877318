// Package lab brings real Kubernetes clusters up and down on one Linux machine,
// shaped like Azure Kubernetes Service, together with a simulated Azure. The
// folders below it each hold one part:
//
//	shape         names, numbers and addresses
//	build, image  programs from Go modules, images from programs
//	network       what lies between nodes, faults included
//	cluster       control planes
//	node          nodes: namespaces with containerd and kubelet
//	azure         Azure Resource Manager and AKS's controllers, simulated
package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/aksmesh/kubectl-aksmesh/lab/cluster"
	"github.com/aksmesh/kubectl-aksmesh/lab/network"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// Lab is the lab in a folder.
type Lab struct {
	Home shape.Home
	// Source is the folder of the lab's own module, to build from.
	Source string
	// Program is the lab's own executable, which nodes and the daemon run.
	Program string
	// Say is told what happens, a line each.
	Say func(format string, args ...any)
}

// Size is what a lab consists of: the number of nodes of each cluster.
type Size map[shape.Cluster]int

// Clusters lists the clusters in order.
func (s Size) Clusters() []shape.Cluster {
	var all []shape.Cluster
	for c := range s {
		all = append(all, c)
	}
	slices.Sort(all)
	return all
}

// Nodes lists the nodes of one cluster.
func (s Size) Nodes(c shape.Cluster) []shape.Node {
	var all []shape.Node
	for i := range s[c] {
		all = append(all, shape.Node{Cluster: c, Index: i + 1})
	}
	return all
}

// AllNodes lists the nodes of all clusters.
func (s Size) AllNodes() []shape.Node {
	var all []shape.Node
	for _, c := range s.Clusters() {
		all = append(all, s.Nodes(c)...)
	}
	return all
}

// Fabric is the network between the nodes.
func (l *Lab) Fabric() network.Fabric {
	return network.Fabric{StateFile: filepath.Join(l.Home.Run(), "fabric.json")}
}

func (l *Lab) controlPlane(c shape.Cluster) cluster.ControlPlane {
	return cluster.ControlPlane{Cluster: c, Dir: l.Home.Cluster(c), Bin: l.Home.Bin()}
}

func (l *Lab) sizeFile() string { return filepath.Join(l.Home.Run(), "size.json") }

// Size reads what the lab consists of now; an empty one is down.
func (l *Lab) Size() (Size, error) {
	size := Size{}
	text, err := os.ReadFile(l.sizeFile())
	if errors.Is(err, fs.ErrNotExist) {
		return size, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &size)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the lab's size from %s: %w", l.sizeFile(), err)
	}
	return size, nil
}

func (l *Lab) saveSize(s Size) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(l.sizeFile(), text, 0o600)
}

// lock keeps two commands from changing the lab at the same time. The lock
// ends with unlock or with the process.
func (l *Lab) lock() (unlock func(), err error) {
	if err := os.MkdirAll(string(l.Home), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(string(l.Home), "lock"), os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, errors.New("another command is changing the lab: wait until it is done")
	}
	return func() { file.Close() }, nil
}
