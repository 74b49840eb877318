package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// path is two machines and a router between them: three network namespaces
// that live as long as the processes that were started in them, and have no
// names. a is 10.9.1.2, b is 10.9.2.2; both have a tunnel that owns port 8472,
// as Cilium's nodes do.
type path struct{ a, router, b int } // process ids

func newPath(t *testing.T) *path {
	t.Helper()
	root(t)
	for program, pkg := range map[string]string{"ip": "iproute2", "nft": "nftables", "nsenter": "util-linux"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s here: install Debian's package %s", program, pkg)
		}
	}
	p := &path{a: hold(t), router: hold(t), b: hold(t)}
	ip := func(pid int, format string, args ...any) {
		inside(t, pid, "", strings.Fields("ip "+fmt.Sprintf(format, args...))...)
	}
	for n, pid := range []int{p.a, p.b} {
		ip(pid, "link add eth0 mtu 1500 type veth peer name eth%d mtu 1500 netns %d", n, p.router)
		ip(pid, "address add 10.9.%d.2/24 dev eth0", n+1)
		ip(pid, "link set eth0 up")
		ip(pid, "route add default via 10.9.%d.1 onlink dev eth0", n+1)
		ip(pid, "link add vxlan0 type vxlan external dstport 8472")
		ip(pid, "link set vxlan0 up")
		ip(p.router, "address add 10.9.%d.1/24 dev eth%d", n+1, n)
		ip(p.router, "link set eth%d up", n)
	}
	inside(t, p.router, "", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
	return p
}

// hold starts a process in a network namespace of its own.
func hold(t *testing.T) int {
	t.Helper()
	command := exec.CommandContext(t.Context(), "cat")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	stdin, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
	})
	inside(t, command.Process.Pid, "", "ip", "link", "set", "lo", "up")
	return command.Process.Pid
}

func enter(t *testing.T, pid int, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), "nsenter", append([]string{"--net", "--target", fmt.Sprint(pid), "--"}, args...)...)
	command.Env = append(os.Environ(), asProgram+"=1")
	return command
}

// inside runs a command in the namespace and returns what it prints.
func inside(t *testing.T, pid int, stdin string, args ...string) []byte {
	t.Helper()
	command := enter(t, pid, args...)
	command.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out, stderr.String())
	}
	return out
}

// drop has the router drop what it would forward to b, if it matches.
func (p *path) drop(t *testing.T, match string) {
	t.Helper()
	inside(t, p.router, "table ip t {\n chain c {\n  type filter hook forward priority 0\n  ip daddr 10.9.2.2 "+match+" drop\n }\n}\n", "nft", "-f", "-")
}

// listenOn starts a listener on a machine.
func (p *path) listenOn(t *testing.T, pid int) (first wire.Listening, heard func() map[uint32]wire.Arrivals) {
	t.Helper()
	command := enter(t, pid, os.Args[0], "listen", "-key", testKey, "-watch", "8472", "-tcp")
	stdout, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	said := make(pipe, 1000)
	go func() {
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			_, _ = said.Write(scanner.Bytes())
		}
	}()
	first = <-said
	return first, said.settled
}

func (p *path) sendFrom(t *testing.T, pid int, tasks ...wire.Task) map[uint32]wire.Sent {
	t.Helper()
	plan, err := json.Marshal(wire.Plan{Key: testKey, Tasks: tasks})
	if err != nil {
		t.Fatal(err)
	}
	all := lines(t, inside(t, pid, "", os.Args[0], "measure", "-plan", string(plan)))
	sent := map[uint32]wire.Sent{}
	for _, one := range all[len(all)-1].Measured.Sent {
		sent[one.Stream] = one
	}
	return sent
}

// What a path does to packets is told as it is, one way at a time.
func TestPath(t *testing.T) {
	t.Parallel()
	const tunnel, plain, cut, bulk = 1, 2, 3, 4
	full, small := []wire.Range{{100, 1500}}, []wire.Range{{100, 1400}}
	fragments := []wire.Range{{wire.FragmentSize, wire.FragmentSize}}
	type sizes map[uint32][]wire.Range
	for name, tt := range map[string]struct {
		fault   func(*testing.T, *path)
		arrived sizes
		told    []wire.Told // of the tunnel's packets
		back    int         // bytes over TCP
	}{
		"clear": {func(*testing.T, *path) {}, sizes{tunnel: full, plain: full, cut: fragments}, nil, bulkSize},
		"smaller": {func(t *testing.T, p *path) {
			inside(t, p.router, "", "ip", "link", "set", "eth1", "mtu", "1400")
		}, sizes{tunnel: small, plain: small, cut: fragments}, []wire.Told{{By: "10.9.1.1", Text: wire.TooLarge, MTU: 1400}}, bulkSize},
		"black hole": {func(t *testing.T, p *path) { p.drop(t, "ip length > 1400") }, sizes{tunnel: small, plain: small}, nil, 0},
		"fragments":  {func(t *testing.T, p *path) { p.drop(t, "ip frag-off & 0x3fff != 0") }, sizes{tunnel: full, plain: full}, nil, bulkSize},
		"port":       {func(t *testing.T, p *path) { p.drop(t, "udp dport 8472") }, sizes{plain: full, cut: fragments}, nil, bulkSize},
		"rejected": {func(t *testing.T, p *path) {
			inside(t, p.router, "table ip t {\n chain c {\n  type filter hook forward priority 0\n  udp dport 8472 reject with icmp type admin-prohibited\n }\n}\n", "nft", "-f", "-")
		}, sizes{plain: full, cut: fragments}, []wire.Told{{By: "10.9.1.1", Text: wire.Unreachable}}, bulkSize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPath(t)
			tt.fault(t, p)
			tasks := func(address string, at wire.Listening) []wire.Task {
				to := func(port int) string { return fmt.Sprintf("%s:%d", address, port) }
				return []wire.Task{
					{Stream: tunnel, Kind: wire.Sweep, To: to(8472), Encapsulation: "vxlan", PastRoute: true},
					{Stream: plain, Kind: wire.Sweep, To: to(at.UDP), PastRoute: true},
					{Stream: cut, Kind: wire.Fragments, To: to(at.UDP)},
					{Stream: bulk, Kind: wire.Bulk, To: to(at.TCP)},
				}
			}
			atB, heardB := p.listenOn(t, p.b)
			if atB.Watched != 8472 {
				t.Fatalf("the listener does not watch: %+v", atB)
			}
			sent := p.sendFrom(t, p.a, tasks("10.9.2.2", atB)...)
			got := sizes{}
			for stream, a := range heardB() {
				if len(a.Sizes) > 0 {
					got[stream] = a.Sizes
				}
			}
			if diff := cmp.Diff(tt.arrived, got); diff != "" {
				t.Errorf("arrived (-want +got):\n%s", diff)
			}
			for _, stream := range []uint32{tunnel, plain} {
				s := sent[stream]
				// The kernel may have learned of a smaller path from the other stream.
				learned := s.Route == 1400 && name == "smaller"
				if s.Largest != 1500 || s.TooLarge != 1550 || s.Route != 1500 && !learned || s.Error != "" {
					t.Errorf("stream %d sent %+v, want up to 1500 bytes and no error", stream, s)
				}
			}
			if diff := cmp.Diff(tt.told, sent[tunnel].Told, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("was told (-want +got):\n%s", diff)
			}
			if b := sent[bulk]; !b.Connected || b.Back != tt.back {
				t.Errorf("over TCP %+v, want %d bytes back", b, tt.back)
			}
			if tt.told != nil || name == "clear" {
				return
			}
			// The other way is clear.
			atA, heardA := p.listenOn(t, p.a)
			p.sendFrom(t, p.b, tasks("10.9.1.2", atA)[:2]...)
			back := heardA()
			if diff := cmp.Diff(full, back[tunnel].Sizes); diff != "" {
				t.Errorf("the other way (-want +got):\n%s", diff)
			}
		})
	}
}

// Without the right to watch, the listener says so and does the rest.
func TestWatchWithoutRight(t *testing.T) {
	t.Parallel()
	root(t)
	command := exec.CommandContext(t.Context(), os.Args[0], "listen", "-key", testKey, "-watch", "8472")
	command.Env = append(os.Environ(), asProgram+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	exe, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	// Where the test's binary lies, and t.TempDir, are for root alone.
	readable, err := os.CreateTemp("", "aksmesh-probe-test-*") //nolint:usetesting // as said above
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(readable.Name())
	if _, err := readable.Write(exe); err != nil {
		t.Fatal(err)
	}
	if err := readable.Chmod(0o755); err != nil {
		t.Fatal(err)
	}
	if err := readable.Close(); err != nil {
		t.Fatal(err)
	}
	command.Path = readable.Name()
	stdout, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	_ = command.Wait()
	line, ok := wire.Parse(text)
	if !ok || line.Listening == nil || line.Listening.Watched != 0 || !strings.Contains(line.Listening.WatchError, "operation not permitted") || line.Listening.UDP == 0 {
		t.Errorf("it says %s", text)
	}
}

func FuzzQueued(f *testing.F) {
	f.Add([]byte{90, 0, 0, 0, 2, 3, 4, 0, 0x78, 5, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 10, 9, 1, 1})
	f.Add([]byte{90, 0, 0, 0, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		if told, _, ok := parseQueued(text); ok && told.Text == "" {
			t.Errorf("%x is an error without a text", text)
		}
	})
}
