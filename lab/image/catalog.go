package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Names of the images that the lab itself refers to. Cilium's are those of its
// chart.
const (
	Pause      = "registry.k8s.io/pause:3.10.1"
	HelloWorld = "aksmesh.lab/aks-helloworld:v1"
	Probe      = "aksmesh.lab/aksmesh-probe:v1"
)

// KubeProxy is the image of kube-proxy, named as on AKS.
func KubeProxy(version string) string {
	return "mcr.microsoft.com/oss/v2/kubernetes/kube-proxy:" + version
}

// Inputs are what images are made from.
type Inputs struct {
	// Bin holds the programs that were built.
	Bin string
	// CiliumSource is the folder of Cilium's module: BPF programs and scripts.
	CiliumSource string
	// Kubernetes and Cilium are versions, as tags ("v1.20.1").
	Kubernetes, Cilium string
}

// llvm is the version of clang that Cilium is tested with.
const llvm = "19"

// shellTools are what scripts in Cilium's chart and image call.
func shellTools() []string {
	return strings.Fields(`bash sh awk basename cat chmod chown cp cut date dirname echo env
		false find grep head hostname id kill ln ls mkdir mktemp mount mv nsenter ps readlink rm rmdir sed
		sleep sort stat tail tee test touch tr true umount uname unshare wc xargs`)
}

// networkTools are what agent and kube-proxy call.
func networkTools() []string {
	return strings.Fields(`ip tc ss iptables iptables-save iptables-restore ip6tables ip6tables-save
		ip6tables-restore ipset nft conntrack bpftool`)
}

// Catalog returns all images of the lab.
func Catalog(in Inputs) ([]*Image, error) {
	m, err := newMachine()
	if err != nil {
		return nil, err
	}
	bin := func(name string) string { return filepath.Join(in.Bin, name) }
	images := []*Image{
		single(Pause, "pause", bin("pause")),
		single(HelloWorld, "helloworld", bin("helloworld")),
		single(Probe, "aksmesh-probe", bin("aksmesh-probe")),
		operator(in),
		clusterMesh(in),
		hubbleRelay(in),
	}
	for _, make := range []func(Inputs, *machine) (*Image, error){agent, kubeProxy} {
		i, err := make(in, m)
		if err != nil {
			return nil, err
		}
		images = append(images, i)
	}
	return images, nil
}

func single(ref, name, from string) *Image {
	t := Tree{}
	t.File(name, from, 0o755)
	return &Image{Ref: ref, Tree: t, Entrypoint: []string{"/" + name}}
}

// base has the folders and files that programs take for granted.
func base() Tree {
	t := Tree{}
	for _, dir := range []string{"usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "var", "run", "root", "proc", "sys", "dev"} {
		t.Dir(dir, 0o755)
	}
	t.Dir("tmp", fs.ModeSticky|0o777)
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		t.Link(name, "usr/"+name)
	}
	t.Link("var/run", "../run")
	t.Text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnonroot:x:65532:65532::/:/bin/false\n")
	t.Text("etc/group", "root:x:0:\nnonroot:x:65532:\n")
	t.Text("etc/nsswitch.conf", "hosts: files dns\n")
	for _, file := range []string{"etc/protocols", "etc/services", "etc/ssl/certs/ca-certificates.crt"} {
		if _, err := os.Stat("/" + file); err == nil {
			t.File(file, "/"+file, 0o644)
		}
	}
	return t
}

// gops is where Cilium's programs keep their debugging sockets.
func gops() []string { return []string{"GOPS_CONFIG_DIR=/tmp/gops"} }

func operator(in Inputs) *Image {
	const name = "usr/bin/cilium-operator-generic"
	t := base()
	t.File(name, filepath.Join(in.Bin, "cilium/cilium-operator-generic"), 0o755)
	return &Image{Ref: "quay.io/cilium/operator-generic:" + in.Cilium, Tree: t, Entrypoint: []string{"/" + name}, Env: gops()}
}

func clusterMesh(in Inputs) *Image {
	const name = "usr/bin/clustermesh-apiserver"
	t := base()
	t.File(name, filepath.Join(in.Bin, "cilium/clustermesh-apiserver"), 0o755)
	t.File("usr/bin/etcd", filepath.Join(in.Bin, "etcd"), 0o755)
	t.File("var/lib/cilium/etcd-config.yaml", filepath.Join(in.CiliumSource, "clustermesh-apiserver/etcd-config.yaml"), 0o644)
	t.Dir("run/cilium", 0o777)
	return &Image{Ref: "quay.io/cilium/clustermesh-apiserver:" + in.Cilium, Tree: t, Entrypoint: []string{"/" + name}, Env: gops()}
}

func hubbleRelay(in Inputs) *Image {
	i := single("quay.io/cilium/hubble-relay:"+in.Cilium, "usr/bin/hubble-relay", filepath.Join(in.Bin, "cilium/hubble-relay"))
	i.Env = gops() // it is not root: its home is not its own
	return i
}

func kubeProxy(in Inputs, m *machine) (*Image, error) {
	t := base()
	if err := addTools(t, m, append(networkTools(), "sh")); err != nil {
		return nil, err
	}
	const name = "usr/local/bin/kube-proxy"
	t.File(name, filepath.Join(in.Bin, "kube-proxy"), 0o755)
	return &Image{Ref: KubeProxy(in.Kubernetes), Tree: t, Entrypoint: []string{"/" + name}}, nil
}

// addTools adds programs of the machine, and the extensions of iptables.
func addTools(t Tree, m *machine, names []string) error {
	for _, name := range names {
		if err := m.program(t, name); err != nil {
			return err
		}
	}
	for _, dir := range m.libraries {
		extensions, err := filepath.Glob(filepath.Join(dir, "xtables", "*.so"))
		if err != nil {
			return err
		}
		for _, file := range extensions {
			if err := m.file(t, file); err != nil {
				return err
			}
		}
	}
	return nil
}

// agent needs a shell for the chart's init containers, network tools, and a
// compiler for its BPF programs.
func agent(in Inputs, m *machine) (*Image, error) {
	t := base()
	if err := addTools(t, m, append(shellTools(), networkTools()...)); err != nil {
		return nil, err
	}
	// Handy for those who look around; not needed.
	for _, name := range []string{"tcpdump", "kmod", "sysctl"} {
		if _, err := lookPath(name); err == nil {
			if err := m.program(t, name); err != nil {
				return nil, err
			}
		}
	}
	if err := addCompiler(t, m); err != nil {
		return nil, err
	}
	for _, name := range []string{"cilium-agent", "cilium-dbg", "cilium-health", "cilium-health-responder", "cilium-mount", "cilium-sysctlfix"} {
		t.File("usr/bin/"+name, filepath.Join(in.Bin, "cilium", name), 0o755)
	}
	t.Link("usr/bin/cilium", "cilium-dbg")
	t.File("opt/cni/bin/cilium-cni", filepath.Join(in.Bin, "cilium/cilium-cni"), 0o755)
	t.File("cni/loopback", "/usr/lib/cni/loopback", 0o755)
	t.Dir("home/cilium", 0o755)
	for _, script := range []string{"images/cilium/init-container.sh", "plugins/cilium-cni/install-plugin.sh", "plugins/cilium-cni/cni-uninstall.sh"} {
		t.File(filepath.Base(script), filepath.Join(in.CiliumSource, script), 0o755)
	}
	noTests := func(rel string) bool { return rel == "tests" }
	if err := t.Copy("var/lib/cilium/bpf", filepath.Join(in.CiliumSource, "bpf"), noTests); err != nil {
		return nil, err
	}
	return &Image{Ref: "quay.io/cilium/cilium:" + in.Cilium, Tree: t, Entrypoint: []string{"/usr/bin/cilium-agent"}}, nil
}

// addCompiler adds clang and llc with clang's own headers.
func addCompiler(t Tree, m *machine) error {
	const home = "/usr/lib/llvm-" + llvm
	for _, name := range []string{"clang", "llc"} {
		if err := m.file(t, home+"/bin/"+name); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("clang-%s and llvm-%s are not installed: run aksmesh-lab preflight", llvm, llvm)
			}
			return err
		}
		t.Link("usr/local/bin/"+name, "../../lib/llvm-"+llvm+"/bin/"+name)
	}
	headers := home + "/lib/clang/" + llvm + "/include"
	return t.Copy(headers, headers, nil)
}
