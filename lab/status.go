package lab

import (
	"fmt"
	"os"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/lab/cgroup"
	"github.com/aksmesh/kubectl-aksmesh/lab/cluster"
	"github.com/aksmesh/kubectl-aksmesh/lab/image"
	"github.com/aksmesh/kubectl-aksmesh/lab/node"
	"github.com/aksmesh/kubectl-aksmesh/lab/proc"
)

// Part is a running part of the lab. Memory is resident, in bytes; pages that
// processes share count once for each.
type Part struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	Memory  uint64 `json:"memory"`
	Details string `json:"details,omitempty"`
}

// Status says what runs. No parts: the lab is down.
func (l *Lab) Status() ([]Part, error) {
	size, err := l.Size()
	if err != nil || len(size) == 0 {
		return nil, err
	}
	groups, err := cgroup.Find()
	if err != nil {
		return nil, err
	}
	parts := []Part{l.process("daemon", l.Home.Run(), daemonName)}
	parts[0].Details = "API servers on loopback, Azure on " + azureListen
	for _, c := range size.Clusters() {
		parts = append(parts, l.controlPlaneStatus(c.Name(), l.Home.Cluster(c)))
		for _, n := range size.Nodes(c) {
			p := Part{
				Name:    fmt.Sprintf("%s node %d", c.Name(), n.Index),
				Running: node.Running(l.Home.Node(n)), Details: n.Name() + " " + n.Addr().String(),
			}
			for _, pid := range groups[n.Name()].Pids() {
				p.Memory += proc.Memory(pid)
			}
			parts = append(parts, p)
		}
	}
	return parts, nil
}

func (l *Lab) process(name, dir, process string) Part {
	pid := proc.Pid(dir, process)
	return Part{Name: name, Running: pid != 0, Memory: proc.Memory(pid)}
}

func (l *Lab) controlPlaneStatus(name, dir string) Part {
	p := Part{Name: name + " control plane", Running: true}
	var missing []string
	for _, program := range cluster.Programs() {
		one := l.process(program, dir, program)
		p.Memory += one.Memory
		if !one.Running {
			p.Running = false
			missing = append(missing, program)
		}
	}
	if len(missing) > 0 {
		p.Details = "not running: " + strings.Join(missing, ", ")
	}
	return p
}

// Environment are the variables that lead kubectl, kubectl-aksmesh and az to
// the lab instead of to real clusters and the real Azure, and LAB_VALUES, the
// file that join takes by --values here.
func (l *Lab) Environment() []string {
	return []string{
		"KUBECONFIG=" + l.Home.Kubeconfig(),
		"PATH=" + l.Home.Azure() + "/bin:" + os.Getenv("PATH"),
		"SSL_CERT_FILE=" + l.Home.Azure() + "/ca.crt",
		"AKSMESH_ARM_ENDPOINT=https://" + azureListen,
		"AKSMESH_PROBE_IMAGE=" + image.Probe,
		"LAB_VALUES=" + l.Home.Values(),
	}
}
