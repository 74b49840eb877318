// Package node runs Kubernetes nodes without a container engine or virtual
// machines: a node is a set of namespaces (network, mount, pid, uts, ipc,
// cgroup) with a private root file system, in which a real containerd and a
// real kubelet run.
//
// A node is two processes of the lab's own program. The first, [Supervise],
// joins the node's control groups and network and starts the second, [Init],
// in the other namespaces, where it is process 1.
package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/lab/cgroup"
	"github.com/aksmesh/kubectl-aksmesh/lab/network"
	"github.com/aksmesh/kubectl-aksmesh/lab/patience"
	"github.com/aksmesh/kubectl-aksmesh/lab/proc"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// supervisor is the name of a node's first process, for its pid and log files.
const supervisor = "node"

// Config is all that a node's processes need to know. [Start] writes it to the
// node's folder.
type Config struct {
	Node shape.Node
	// Dir is the node's folder: its writable files and its logs.
	Dir string
	// Bin holds containerd, its shim, ctr and kubelet.
	Bin string
	// ImageStore is a containerd root to start with.
	ImageStore string
	// Program is the lab's own.
	Program string
	// Files are the node's own files, by path below /, as its certificates.
	Files map[string][]byte `json:"-"`
}

// Start brings a node up and returns as soon as its processes run. A node that
// runs already is left alone.
func Start(ctx context.Context, c Config, fabric network.Fabric) error {
	if Running(c.Dir) {
		return nil
	}
	if err := prepare(ctx, c); err != nil {
		return fmt.Errorf("cannot prepare node %s: %w", c.Node.Name(), err)
	}
	// What an interrupted start left would be half a network.
	if err := fabric.RemoveNode(c.Node); err != nil {
		return err
	}
	if err := fabric.AddNode(c.Node); err != nil {
		return err
	}
	return network.Do(c.Node.Name(), func() error {
		return proc.Start(proc.Spec{Dir: c.Dir, Name: supervisor, Path: c.Program, Args: []string{"node-run", c.Dir}})
	})
}

// Running says whether the node in this folder runs.
func Running(dir string) bool { return proc.Pid(dir, supervisor) != 0 }

// prepare lays out the node's folder. "etc" becomes the upper layer over the
// machine's /etc, "var" becomes /var.
func prepare(ctx context.Context, c Config) error {
	if err := os.RemoveAll(c.Dir); err != nil {
		return err
	}
	for _, dir := range []string{"root", "etc", "etc-work", "usr", "usr-work", "sysctl",
		"etc/cni/net.d", "var/lib/kubelet", "var/lib/cni", "var/log/pods", "var/log/containers", "var/tmp"} {
		if err := os.MkdirAll(filepath.Join(c.Dir, dir), 0o755); err != nil {
			return err
		}
	}
	// As everywhere: Cilium's agent finds the control groups, which are mounted
	// below /run/cilium, in the pod's mount of /var/run/cilium.
	if err := os.Symlink("../run", filepath.Join(c.Dir, "var/run")); err != nil {
		return err
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(configFile(c.Dir), text, 0o600); err != nil {
		return err
	}
	for path, content := range c.Files {
		file := filepath.Join(c.Dir, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(path, ".key") || strings.HasSuffix(path, "kubeconfig") {
			mode = 0o600
		}
		if err := os.WriteFile(file, content, mode); err != nil {
			return err
		}
	}
	return linkStore(ctx, c.ImageStore, filepath.Join(c.Dir, "var/lib/containerd"))
}

// linkStore copies a containerd root by hard links: layers and blobs are never
// written again, only the databases are.
func linkStore(ctx context.Context, from, to string) error {
	if out, err := exec.CommandContext(ctx, "cp", "-al", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("cannot link the image store: %w: %s", err, out)
	}
	return filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".db" {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			return err
		}
		return os.WriteFile(path, text, 0o600)
	})
}

func configFile(dir string) string { return filepath.Join(dir, "node.json") }

func readConfig(dir string) (Config, error) {
	var c Config
	text, err := os.ReadFile(configFile(dir))
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, err
}

// Stop ends all of a node's processes and removes its namespaces, control
// groups and folder.
func Stop(ctx context.Context, n shape.Node, dir string, fabric network.Fabric) error {
	ctx, cancel := context.WithTimeout(ctx, patience.Of(30*time.Second))
	defer cancel()
	// The kernel ends a pid namespace with its process 1, which ends with
	// the supervisor.
	errs := []error{proc.Stop(ctx, dir, supervisor, syscall.SIGKILL)}
	groups, err := cgroup.Find()
	errs = append(errs, err)
	if g := groups[n.Name()]; g != nil {
		for _, pid := range g.Pids() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		errs = append(errs, g.Remove(ctx))
	}
	errs = append(errs, fabric.RemoveNode(n))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("node %s: %w", n.Name(), err)
	}
	return os.RemoveAll(dir)
}

// Exec replaces this process by a command inside the node. It returns only if
// that fails.
func Exec(dir string, command []string) error {
	pid, err := os.ReadFile(initPidFile(dir))
	if err != nil || !Running(dir) {
		return fmt.Errorf("node %s does not run: start it with aksmesh-lab up", filepath.Base(dir))
	}
	nsenter, err := exec.LookPath("nsenter")
	if err != nil {
		return err
	}
	args := append([]string{"nsenter", "--target", strings.TrimSpace(string(pid)),
		"--mount", "--net", "--uts", "--ipc", "--pid", "--cgroup", "--"}, command...)
	return syscall.Exec(nsenter, args, append(os.Environ(), "PATH="+searchPath, "HOME=/root"))
}

func initPidFile(dir string) string { return filepath.Join(dir, "init.pid") }

func writeInitPid(dir string, pid int) error {
	return os.WriteFile(initPidFile(dir), []byte(strconv.Itoa(pid)+"\n"), 0o600)
}
