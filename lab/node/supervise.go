package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/aksmesh/kubectl-aksmesh/lab/cgroup"
)

// Supervise is a node's first process. It must already be in the node's
// network namespace. It returns when the node has ended.
func Supervise(dir string) error {
	c, err := readConfig(dir)
	if err != nil {
		return err
	}
	hierarchies, err := cgroup.Hierarchies()
	if err != nil {
		return err
	}
	group, err := cgroup.Make(c.Node.Name())
	if err != nil {
		return err
	}
	if err := group.Join(os.Getpid()); err != nil {
		return err
	}
	// The child's life hangs on the thread that makes it.
	runtime.LockOSThread()
	cmd := exec.Command(c.Program, "node-init", dir) //nolint:noctx // lives as long as the node
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	wait, leave, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdin = wait
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// The control groups joined above become the roots that the node sees.
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWCGROUP,
		Pdeathsig:  syscall.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot make the node's namespaces: %w", err)
	}
	// The child goes on when there is nobody but itself in the node's group.
	if cgroup.Unified(hierarchies) {
		if err := cgroup.JoinLeaf(group[0], os.Getpid()); err != nil {
			return err
		}
	}
	if err := errors.Join(leave.Close(), wait.Close()); err != nil {
		return err
	}
	if err := writeInitPid(dir, cmd.Process.Pid); err != nil {
		return err
	}
	return cmd.Wait()
}
