package node

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// searchPath is PATH in a node.
const searchPath = binAt + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// service is a program that process 1 keeps running.
type service struct {
	name string
	args []string
}

// Init is process 1 of a node: it builds the root file system, then keeps
// containerd and kubelet running and reaps all orphans. It does not return
// unless something is wrong.
func Init(dir string, log *slog.Logger) error {
	c, err := readConfig(dir)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil { // the supervisor closes it when it has left the node's groups
		return err
	}
	if err := buildRoot(c); err != nil {
		return fmt.Errorf("cannot build the root file system of %s: %w", c.Node.Name(), err)
	}
	if err := unix.Sethostname([]byte(c.Node.Name())); err != nil {
		return err
	}
	return keepRunning(log, []service{
		{"containerd", []string{"--config", "/etc/containerd/config.toml"}},
		{"kubelet", []string{
			"--kubeconfig=" + kubeconfigAt, "--config=" + kubeletConfigAt,
			"--hostname-override=" + c.Node.Name(), "--node-ip=" + c.Node.Addr().String(),
			"--node-labels=" + labels(c.Node.Labels()), "--v=2",
		}},
	})
}

// keepRunning starts services and starts each again a second after it ended.
// As process 1 it reaps what has no other parent.
func keepRunning(log *slog.Logger, services []service) error {
	running := map[int]service{}
	due := services
	for {
		for _, s := range due {
			pid, err := s.start()
			if err != nil {
				return fmt.Errorf("cannot start %s: %w", s.name, err)
			}
			log.Info("started", "service", s.name, "pid", pid)
			running[pid] = s
		}
		due = nil
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err != nil && err != syscall.EINTR {
			return fmt.Errorf("wait: %w", err)
		}
		if s, ok := running[pid]; ok {
			log.Warn("ended, starting it again", "service", s.name, "exit", status.ExitStatus(), "signal", status.Signal())
			delete(running, pid)
			time.Sleep(time.Second) // a pause between attempts, not a wait for something
			due = append(due, s)
		}
	}
}

func (s service) start() (int, error) {
	file, err := os.OpenFile(filepath.Join(logsAt, s.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	process, err := os.StartProcess(filepath.Join(binAt, s.name), append([]string{s.name}, s.args...), &os.ProcAttr{
		Dir: "/", Env: []string{"PATH=" + searchPath, "HOME=/root"}, Files: []*os.File{nil, file, file},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, err
	}
	return process.Pid, nil
}

// labels writes labels as kubelet's flag takes them.
func labels(m map[string]string) string {
	var pairs []string
	for k, v := range m {
		pairs = append(pairs, k+"="+v)
	}
	return strings.Join(pairs, ",")
}
