package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf"

	"github.com/aksmesh/kubectl-aksmesh/lab/cgroup"
	"github.com/aksmesh/kubectl-aksmesh/lab/network"
	"github.com/aksmesh/kubectl-aksmesh/lab/node"
	"github.com/aksmesh/kubectl-aksmesh/lab/patience"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// Down ends everything that Up started, and then looks whether anything is
// left: that would be an error that names it. What was built stays.
func (l *Lab) Down(ctx context.Context) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	size, err := l.Size()
	if err != nil {
		return err
	}
	errs := []error{
		l.stopDaemon(ctx),
		parallel(size.AllNodes(), func(n shape.Node) error { return node.Stop(ctx, n, l.Home.Node(n), l.Fabric()) }),
		parallel(size.Clusters(), func(c shape.Cluster) error { return l.controlPlane(c).Down(ctx) }),
		l.Fabric().Down(),
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := l.waitClean(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(l.Home.Kubeconfig()); err != nil {
		return err
	}
	return os.RemoveAll(l.Home.Run())
}

// waitClean gives the kernel time to end what is deferred there.
func (l *Lab) waitClean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(20*time.Second))
	defer cancel()
	for {
		left, err := l.Leftovers()
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the lab is down, but this is left of it:\n  %s", strings.Join(left, "\n  "))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Leftovers looks at the machine, not at the lab's own notes, and describes
// what belongs to a lab: processes, namespaces, mounts, control groups, BPF
// programs. Links are gone with their namespaces.
func (l *Lab) Leftovers() ([]string, error) {
	var left []string
	for _, look := range []func() ([]string, error){
		l.leftProcesses, leftNamespaces, l.leftMounts, leftControlGroups, l.leftPrograms,
	} {
		found, err := look()
		if err != nil {
			return nil, err
		}
		left = append(left, found...)
	}
	return left, nil
}

// leftProcesses finds processes that run a program of the lab, but for this
// process itself.
func (l *Lab) leftProcesses() ([]string, error) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, err
	}
	var left []string
	for _, link := range links {
		exe, err := os.Readlink(link)
		if err != nil {
			continue // it has ended, or is a thread of the kernel
		}
		exe = strings.TrimSuffix(exe, " (deleted)") // built again meanwhile
		pid := filepath.Base(filepath.Dir(link))
		own := exe == l.Program && pid != strconv.Itoa(os.Getpid())
		if own || strings.HasPrefix(exe, l.Home.Bin()+"/") {
			left = append(left, fmt.Sprintf("process %s: %s", pid, exe))
		}
	}
	return left, nil
}

func leftNamespaces() ([]string, error) {
	var left []string
	for _, pattern := range []string{network.Namespace, "aks-nodepool1-*-vmss*"} {
		found, err := filepath.Glob("/run/netns/" + pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			left = append(left, "network namespace "+name)
		}
	}
	return left, nil
}

func (l *Lab) leftMounts() ([]string, error) {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	var left []string
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], string(l.Home)+"/") {
			left = append(left, "mount "+f[1])
		}
	}
	return left, nil
}

func leftControlGroups() ([]string, error) {
	groups, err := cgroup.Find()
	if err != nil {
		return nil, err
	}
	var left []string
	for _, dirs := range groups {
		for _, dir := range dirs {
			left = append(left, "control group "+dir)
		}
	}
	return left, nil
}

func (l *Lab) leftPrograms() ([]string, error) {
	ids, err := l.newPrograms()
	if err != nil {
		return nil, err
	}
	var left []string
	for _, id := range ids {
		p, err := ebpf.NewProgramFromID(id)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		name := p.String()
		if info, err := p.Info(); err == nil {
			name = info.Name
		}
		p.Close()
		left = append(left, fmt.Sprintf("BPF program %d: %s", id, name))
	}
	return left, nil
}
