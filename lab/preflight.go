package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Problem is something that this machine lacks.
type Problem struct {
	What string
	// Packages are the Debian packages that bring it, none if that can't help.
	Packages []string
}

// requirement is a file of which one must exist, and the package that has it.
type requirement struct {
	pkg   string
	files []string
}

func requirements() []requirement {
	program := func(pkg, name string) requirement {
		return requirement{pkg, []string{"/usr/sbin/" + name, "/usr/bin/" + name, "/sbin/" + name, "/bin/" + name}}
	}
	return []requirement{
		program("iproute2", "ip"), program("iptables", "iptables"), program("nftables", "nft"),
		program("ipset", "ipset"), program("conntrack", "conntrack"), program("bpftool", "bpftool"),
		program("runc", "runc"), program("util-linux", "nsenter"), program("procps", "ps"),
		program("bash", "bash"), program("mawk", "awk"), program("hostname", "hostname"), program("mount", "mount"),
		{"clang-19", []string{"/usr/lib/llvm-19/bin/clang"}},
		{"llvm-19", []string{"/usr/lib/llvm-19/bin/llc"}},
		{"containernetworking-plugins", []string{"/usr/lib/cni/loopback"}},
		{"ca-certificates", []string{"/etc/ssl/certs/ca-certificates.crt"}},
	}
}

// Preflight looks whether the lab can run on this machine.
func (l *Lab) Preflight() ([]Problem, error) {
	var problems []Problem
	say := func(format string, args ...any) {
		problems = append(problems, Problem{What: fmt.Sprintf(format, args...)})
	}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		say("processor architecture %s has not been tried", runtime.GOARCH)
	}
	if os.Geteuid() != 0 {
		say("namespaces and mounts need root: use sudo")
	}
	if err := os.MkdirAll(string(l.Home), 0o755); err != nil {
		return nil, err
	}
	var at unix.Statfs_t
	if err := unix.Statfs(string(l.Home), &at); err != nil {
		return nil, err
	}
	if at.Type == unix.OVERLAYFS_SUPER_MAGIC {
		say("%s lies on an overlay file system, which can't hold another: set AKSMESH_LAB_HOME to a real one", l.Home)
	}
	features, err := missingFeatures()
	if err != nil {
		return nil, err
	}
	for _, f := range features {
		say("the kernel lacks %s", f)
	}
	return append(problems, missingPrograms()...), nil
}

func missingPrograms() []Problem {
	var problems []Problem
	if _, err := exec.LookPath("go"); err != nil {
		problems = append(problems, Problem{What: "go is not on PATH: install Go 1.26 or later from go.dev/dl"})
	}
	for _, r := range requirements() {
		found := false
		for _, file := range r.files {
			_, err := os.Stat(file)
			found = found || err == nil
		}
		if !found {
			problems = append(problems, Problem{What: filepath.Base(r.files[0]) + " is missing", Packages: []string{r.pkg}})
		}
	}
	return problems
}

// missingFeatures looks for what containers and Cilium need of the kernel, in
// /proc and /sys, where modules that could be loaded do not show: so only what
// is always built in is looked for.
func missingFeatures() ([]string, error) {
	var missing []string
	filesystems, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return nil, err
	}
	for _, fs := range []string{"cgroup2", "tmpfs", "bpf"} {
		if !strings.Contains(string(filesystems), "\t"+fs+"\n") {
			missing = append(missing, "file system "+fs)
		}
	}
	for feature, file := range map[string]string{
		"BTF, type information for BPF": "/sys/kernel/btf/vmlinux",
		"network namespaces":            "/proc/self/ns/net",
		"pid namespaces":                "/proc/self/ns/pid",
		"control group namespaces":      "/proc/self/ns/cgroup",
	} {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			missing = append(missing, feature)
		}
	}
	return missing, nil
}

// InstallCommands are the commands that install what is missing, one after the
// other; none if no package helps. The first brings apt's lists up to date: a
// new machine has none, or old ones that name packages which are gone.
func InstallCommands(problems []Problem) [][]string {
	var packages []string
	for _, p := range problems {
		packages = append(packages, p.Packages...)
	}
	if len(packages) == 0 {
		return nil
	}
	return [][]string{{"apt-get", "update", "-q"}, append([]string{"apt-get", "install", "-y", "-q", "--no-install-recommends"}, packages...)}
}

// Install runs an install command and says each line of its output.
func Install(ctx context.Context, command []string, say func(format string, args ...any)) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		say("%s", lines.Text())
	}
	_, _ = io.Copy(io.Discard, out) // a line too long ends the scanner only
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	return nil
}
