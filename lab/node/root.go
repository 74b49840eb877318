package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/aksmesh/kubectl-aksmesh/lab/cgroup"
)

// Places inside a node.
const (
	binAt           = "/opt/aksmesh/bin"
	logsAt          = "/opt/aksmesh/log"
	kubeletConfigAt = "/etc/kubernetes/kubelet.yaml"
	kubeconfigAt    = "/var/lib/kubelet/kubeconfig"
	certsAt         = "/etc/kubernetes/certs"
)

// mount is one call of mount(2). An empty fstype is a bind mount with all
// mounts below it.
type mount struct {
	source, target, fstype, options string
}

// buildRoot makes a root for the node and moves into it: a tmpfs with the
// machine's /usr and /etc under layers of the node's own.
func buildRoot(c Config) error {
	root := filepath.Join(c.Dir, "root")
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := do(mount{"tmpfs", root, "tmpfs", "mode=755"}); err != nil {
		return err
	}
	if err := skeleton(root); err != nil {
		return err
	}
	for _, m := range rootMounts(c) {
		m.target = filepath.Join(root, m.target)
		if err := do(m); err != nil {
			return err
		}
	}
	if err := mountControlGroups(root); err != nil {
		return err
	}
	if err := shadowSysctls(root, c.Dir); err != nil {
		return err
	}
	return enter(root)
}

func rootMounts(c Config) []mount {
	layer := func(name string) string {
		return fmt.Sprintf("lowerdir=/%s,upperdir=%s,workdir=%s", name, filepath.Join(c.Dir, name), filepath.Join(c.Dir, name+"-work"))
	}
	return []mount{
		{"overlay", "etc", "overlay", layer("etc")},
		{"overlay", "usr", "overlay", layer("usr")},
		{"/dev", "dev", "", ""},
		{"proc", "proc", "proc", ""},
		{"sysfs", "sys", "sysfs", ""},
		{"tmpfs", "run", "tmpfs", "mode=755"},
		{"tmpfs", "tmp", "tmpfs", "mode=1777"},
		{filepath.Join(c.Dir, "var"), "var", "", ""},
		{c.Bin, binAt, "", ""},
		{c.Dir, logsAt, "", ""},
		{"bpf", "sys/fs/bpf", "bpf", ""},
	}
}

// skeleton makes mount points and the links of a merged /usr.
func skeleton(root string) error {
	for _, dir := range []string{"etc", "usr", "dev", "proc", "sys", "run", "tmp", "var", "root", "old", "opt/cni/bin", binAt, logsAt} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		target, err := os.Readlink("/" + name)
		if err != nil {
			continue // not a link here, or not there at all
		}
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			return err
		}
	}
	loopback, err := os.ReadFile("/usr/lib/cni/loopback")
	if err != nil {
		return fmt.Errorf("the CNI plugin loopback, from containernetworking-plugins: %w", err)
	}
	return os.WriteFile(filepath.Join(root, "opt/cni/bin/loopback"), loopback, 0o755) //nolint:gosec // a program
}

// mountControlGroups mounts every hierarchy anew, so that they show the node's
// own group as their root.
func mountControlGroups(root string) error {
	hierarchies, err := cgroup.Hierarchies()
	if err != nil {
		return err
	}
	base := filepath.Join(root, "sys/fs/cgroup")
	if cgroup.Unified(hierarchies) {
		if err := do(mount{"cgroup2", base, "cgroup2", ""}); err != nil {
			return err
		}
		if err := cgroup.JoinLeaf(base, 1); err != nil {
			return err
		}
		return cgroup.HandDown(base)
	}
	if err := do(mount{"tmpfs", base, "tmpfs", "mode=755"}); err != nil {
		return err
	}
	for _, h := range hierarchies {
		target := filepath.Join(base, filepath.Base(h.Mount))
		if err := os.Mkdir(target, 0o755); err != nil {
			return err
		}
		m := mount{"cgroup", target, "cgroup", h.Options}
		if h.V2 {
			m = mount{"cgroup2", target, "cgroup2", ""}
		}
		if err := do(m); err != nil {
			return err
		}
	}
	return nil
}

// shadowSysctls hides those sysctls behind plain files that belong to the whole
// machine and that kubelet or cilium-agent would write.
func shadowSysctls(root, dir string) error {
	for key, value := range map[string]string{
		"vm/overcommit_memory": "1", "vm/panic_on_oom": "0",
		"kernel/panic": "10", "kernel/panic_on_oops": "1",
		"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
		"kernel/unprivileged_bpf_disabled": "1",
	} {
		real := filepath.Join(root, "proc/sys", key)
		if _, err := os.Stat(real); errors.Is(err, fs.ErrNotExist) {
			continue // this kernel lacks it
		}
		file := filepath.Join(dir, "sysctl", strings.ReplaceAll(key, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil { //nolint:gosec // as in /proc
			return err
		}
		if err := do(mount{source: file, target: real}); err != nil {
			return err
		}
	}
	return nil
}

// enter makes root the root, and lets mounts in it spread to containers that
// ask for that.
func enter(root string) error {
	if err := unix.PivotRoot(root, filepath.Join(root, "old")); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Unmount("/old", unix.MNT_DETACH); err != nil {
		return err
	}
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "")
}

func do(m mount) error {
	var flags uintptr
	if m.fstype == "" {
		flags = unix.MS_BIND | unix.MS_REC
	}
	if err := unix.Mount(m.source, m.target, m.fstype, flags, m.options); err != nil {
		return fmt.Errorf("mount %s at %s: %w", m.source, m.target, err)
	}
	return nil
}
