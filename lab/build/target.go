// Package build makes every program of the lab from published Go modules.
// Versions are pinned by go.mod files beside this one (build/cilium,
// build/containerd, controlplane); what was built once with the same pins,
// flags and toolchain is not built again.
package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// Target is a program to build.
type Target struct {
	// Name is the file to make, relative to the folder for programs.
	Name string
	// Dir is the folder of the module to build in.
	Dir string
	// Package is what to build, an import path.
	Package string
	Tags    string
	// LDFlags are the linker's flags, a version among them.
	LDFlags string
	// Sources are folders of packages below Dir that Package imports and that
	// are part of this repository: a change there makes the program outdated.
	Sources []string
}

// strip drops symbol tables and debug information.
const strip = "-s -w"

// ciliumBin is where Cilium's programs go.
const ciliumBin = "cilium"

// Modules of the pins, relative to the lab's sources.
const (
	kubernetesDir = "controlplane"
	ciliumDir     = "build/cilium"
	containerdDir = "build/containerd"
)

// Versions are those of the modules that programs come from, as in go.mod.
type Versions struct{ Kubernetes, Cilium, Containerd string }

// ReadVersions reads the pins below the lab's sources.
func ReadVersions(source string) (Versions, error) {
	var v Versions
	for _, pin := range []struct {
		dir, module string
		to          *string
	}{
		{kubernetesDir, "k8s.io/kubernetes", &v.Kubernetes},
		{ciliumDir, "github.com/cilium/cilium", &v.Cilium},
		{containerdDir, "github.com/containerd/containerd/v2", &v.Containerd},
	} {
		file := filepath.Join(source, pin.dir, "go.mod")
		text, err := os.ReadFile(file)
		if err != nil {
			return v, fmt.Errorf("cannot read a version: %w", err)
		}
		mod, err := modfile.ParseLax(file, text, nil)
		if err != nil {
			return v, err
		}
		for _, r := range mod.Require {
			if r.Mod.Path == pin.module {
				*pin.to = r.Mod.Version
			}
		}
		if *pin.to == "" {
			return v, fmt.Errorf("%s does not require %s", file, pin.module)
		}
	}
	return v, nil
}

// Targets are all programs of the lab.
func Targets(source string, v Versions) []Target {
	targets := kubernetesTargets(filepath.Join(source, kubernetesDir), v.Kubernetes)
	targets = append(targets, containerdTargets(filepath.Join(source, containerdDir), v.Containerd)...)
	targets = append(targets, ciliumTargets(filepath.Join(source, ciliumDir), v.Cilium)...)
	for _, name := range []string{"helloworld", "pause"} {
		targets = append(targets, Target{
			Name: name, Dir: source, Package: "github.com/aksmesh/kubectl-aksmesh/lab/app/" + name, LDFlags: strip,
		})
	}
	return append(targets, probeTarget(filepath.Join(source, "..")))
}

// probeTarget is the plugin's prober, from the plugin's own module.
func probeTarget(root string) Target {
	return Target{
		Name: "aksmesh-probe", Dir: root, Package: "./cmd/aksmesh-probe", LDFlags: strip,
		Sources: []string{"internal/probe/wire"},
	}
}

func kubernetesTargets(dir, version string) []Target {
	const at = "k8s.io/component-base/version."
	numbers := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	ldflags := fmt.Sprintf("%s -X %sgitVersion=%s -X %sgitMajor=%s -X %sgitMinor=%s -X %sgitTreeState=clean",
		strip, at, version, at, numbers[0], at, numbers[1], at)
	var targets []Target
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"} {
		targets = append(targets, Target{Name: name, Dir: dir, Package: "k8s.io/kubernetes/cmd/" + name, LDFlags: ldflags})
	}
	return append(targets, Target{Name: "etcd", Dir: dir, Package: "./cmd/etcd", LDFlags: strip})
}

func containerdTargets(dir, version string) []Target {
	const module = "github.com/containerd/containerd/v2"
	var targets []Target
	for _, name := range []string{"containerd", "containerd-shim-runc-v2", "ctr"} {
		targets = append(targets, Target{
			Name: name, Dir: dir, Package: module + "/cmd/" + name, Tags: "no_btrfs,no_zfs,no_devmapper",
			LDFlags: fmt.Sprintf("%s -X %s/version.Version=%s", strip, module, strings.TrimPrefix(version, "v")),
		})
	}
	return targets
}

func ciliumTargets(dir, version string) []Target {
	const module = "github.com/cilium/cilium"
	// Cilium reads its version, commit and date from one string.
	ldflags := fmt.Sprintf("%s -checklinkname=0 -X '%s/pkg/version.ciliumVersion=%s 00000000 2026-01-01T00:00:00+00:00'",
		strip, module, strings.TrimPrefix(version, "v"))
	var targets []Target
	for _, p := range []struct{ name, path, tags string }{
		{"cilium-agent", "daemon", ""},
		{"cilium-operator-generic", "operator", ",ipam_provider_operator"},
		{"clustermesh-apiserver", "clustermesh-apiserver", ""},
		{"hubble-relay", "hubble-relay", ""},
		{"cilium-dbg", "cilium-dbg", ""},
		{"cilium-cni", "plugins/cilium-cni", ""},
		{"cilium-health", "cilium-health", ""},
		{"cilium-health-responder", "cilium-health/responder", ""},
		{"cilium-mount", "tools/mount", ""},
		{"cilium-sysctlfix", "tools/sysctlfix", ""},
	} {
		targets = append(targets, Target{
			Name: filepath.Join(ciliumBin, p.name), Dir: dir, Package: module + "/" + p.path,
			Tags: "osusergo" + p.tags, LDFlags: ldflags,
		})
	}
	return targets
}

// flags are go build's, except -o, in an order that never changes: they are
// part of the build cache's keys.
func (t *Target) flags() []string {
	flags := []string{"-trimpath", "-ldflags", t.LDFlags}
	if t.Tags != "" {
		flags = append(flags, "-tags", t.Tags)
	}
	return flags
}

// environment is what programs are built with.
func environment() []string {
	return append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
}

// CiliumSource finds the folder of Cilium's module, which holds its BPF
// programs and chart.
func CiliumSource(ctx context.Context, source string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/cilium")
	cmd.Dir, cmd.Env = filepath.Join(source, ciliumDir), environment()
	dir, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("cannot find Cilium's sources: %w", err)
	}
	return strings.TrimSpace(string(dir)), nil
}
