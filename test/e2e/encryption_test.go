//go:build e2e

package e2e

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestEncryption joins clusters with every encryption that this machine's
// kernel has, and looks at what crosses the network between them.
func TestEncryption(t *testing.T) {
	t.Run("wireguard", func(t *testing.T) {
		kernelHas(t, "link", "add", "probe", "type", "wireguard")
		const port = 51871
		encrypted(t, "wireguard", func(p packet) bool { return p.protocol == unix.IPPROTO_UDP && p.port == port })
	})
	t.Run("ipsec", func(t *testing.T) {
		kernelHas(t, "xfrm", "state", "add", "src", "192.0.2.1", "dst", "192.0.2.2", "proto", "esp", "spi", "3", "mode", "tunnel",
			"aead", "rfc4106(gcm(aes))", "0x"+strings.Repeat("01", 20), "128")
		encrypted(t, "ipsec", func(p packet) bool { return p.protocol == unix.IPPROTO_ESP })
	})
}

// kernelHas skips the test unless an ip command works in a network namespace
// that ends with it.
func kernelHas(t *testing.T, ip ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "unshare", append([]string{"--net", "ip"}, ip...)...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, and nothing was encrypted: this machine's kernel cannot: ip %s: %s", strings.Join(ip, " "), bytes.TrimSpace(out))
	}
}

// encrypted has pods of two clusters talk, and wants packets of the encryption
// between their nodes, and none in which what pods say can be read. What it sees
// without encryption is in the chapter of the first join.
func encrypted(t *testing.T, encryption string, is func(packet) bool) {
	t.Helper()
	bare(t, 2)
	join(t, "--context", "aks-1,aks-2", "--encryption", encryption, "--timeout", "1h")
	clusters := open(t, "aks-1", "aks-2")
	for _, c := range clusters {
		seesAll(t, c, 1)
	}
	seen := between(t, clusters, is, func() { reach(t, clusters) })
	t.Logf("of %d packets between the clusters' nodes, %d are of %s", seen.all, seen.wanted, encryption)
	if seen.wanted == 0 || seen.words > 0 {
		t.Errorf("%d packets of %s, and %d in which a pod's words can be read; want some and none", seen.wanted, encryption, seen.words)
	}
	if r := aksmesh(t, "doctor", "--context", "aks-1,aks-2"); r.ExitCode != 0 {
		t.Errorf("the doctor ends with exit code %d in a mesh encrypted by %s, want 0", r.ExitCode, encryption)
	}
}

// traffic counts packets between nodes of different clusters.
type traffic struct {
	all    int
	wanted int // those that were looked for
	words  int // of the rest, those in which what a pod says can be read
}

// between counts what crosses the network between clusters while does runs.
func between(t *testing.T, clusters []*mesh.Cluster, is func(packet) bool, does func()) traffic {
	t.Helper()
	nodes := map[netip.Addr]string{} // contexts by address
	for _, c := range clusters {
		for _, address := range addresses(t, c) {
			nodes[address] = c.Context
		}
	}
	var seen traffic
	stop := watchFabric(t, func(p packet) {
		if from, to := nodes[p.from], nodes[p.to]; from == "" || to == "" || from == to {
			return
		}
		seen.all++
		switch {
		case is(p):
			seen.wanted++
		case bytes.Contains(p.payload, []byte("<title>")), bytes.Contains(p.payload, []byte("GET / HTTP")):
			seen.words++
		}
	})
	does()
	stop()
	return seen
}

// addresses are those of a cluster's nodes.
func addresses(t *testing.T, c *mesh.Cluster) []netip.Addr {
	t.Helper()
	list := must[*corev1.NodeList](t)(c.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}))
	var all []netip.Addr
	for i := range list.Items {
		for _, address := range list.Items[i].Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				all = append(all, must[netip.Addr](t)(netip.ParseAddr(address.Address)))
			}
		}
	}
	return all
}

// packet is one of IPv4.
type packet struct {
	from, to netip.Addr
	protocol byte
	port     uint16 // of UDP, where it goes to
	payload  []byte // behind the IP header
}

// packetOf takes an Ethernet frame apart; false if it has no IPv4.
func packetOf(frame []byte) (packet, bool) {
	const ethernet, least = 14, 20
	if len(frame) < ethernet+least || binary.BigEndian.Uint16(frame[12:]) != unix.ETH_P_IP {
		return packet{}, false
	}
	ip := frame[ethernet:]
	header := int(ip[0]&0xf) * 4
	if len(ip) < header {
		return packet{}, false
	}
	from, to := netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20]))
	p := packet{from: from, to: to, protocol: ip[9], payload: ip[header:]}
	if p.protocol == unix.IPPROTO_UDP && len(p.payload) >= 4 {
		p.port = binary.BigEndian.Uint16(p.payload[2:])
	}
	return p, true
}

// watchFabric has sees see every packet that the lab's router takes or sends,
// until stop is called.
func watchFabric(t *testing.T, sees func(packet)) (stop func()) {
	t.Helper()
	socket := must[int](t)(onBridge("/run/netns/aksmesh-fabric", "aksmesh0"))
	var stopped atomic.Bool
	done := make(chan error, 1)
	go func() {
		defer unix.Close(socket)
		frame := make([]byte, 1<<16)
		for {
			flags, last := 0, stopped.Load()
			if last {
				flags = unix.MSG_DONTWAIT // only what has come already
			}
			n, _, err := unix.Recvfrom(socket, frame, flags)
			switch {
			case last && errors.Is(err, unix.EAGAIN):
				done <- nil
				return
			case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
			case err != nil:
				done <- err
				return
			default:
				if p, ok := packetOf(frame[:n]); ok {
					sees(p)
				}
			}
		}
	}()
	return func() {
		t.Helper()
		stopped.Store(true)
		if err := <-done; err != nil {
			t.Errorf("the packets could not all be seen: %v", err)
		}
	}
}

// onBridge is a socket that gets all frames of a device in a named network
// namespace. A socket stays where it was made, whoever reads it.
func onBridge(namespace, device string) (int, error) {
	type made struct {
		socket int
		err    error
	}
	result := make(chan made, 1)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		socket, err := enter(namespace, device)
		result <- made{socket, err}
	}()
	r := <-result
	return r.socket, r.err
}

func enter(namespace, device string) (int, error) {
	at, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(at)
	if err := unix.Setns(at, unix.CLONE_NEWNET); err != nil {
		return 0, err
	}
	link, err := net.InterfaceByName(device)
	if err != nil {
		return 0, err
	}
	all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL)) // in the network's byte order
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(all))
	if err != nil {
		return 0, err
	}
	const room, patience = 64 << 20, 200_000 // bytes, and microseconds
	err = errors.Join(
		unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room),
		unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: patience}),
		unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index}))
	if err != nil {
		unix.Close(socket)
	}
	return socket, err
}
