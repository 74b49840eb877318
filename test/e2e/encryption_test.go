//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/test/labenv"
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
	const slow = "--request-timeout=2m" // an emulated machine is
	join(t, "--context", "aks-1,aks-2", "--encryption", encryption, "--timeout", "1h", slow)
	clusters := open(t, "aks-1", "aks-2")
	for _, c := range clusters {
		seesAll(t, c, 1)
	}
	seen := between(t, clusters, is, func() { reach(t, clusters) })
	t.Logf("of %d packets between the clusters' nodes, %d are of %s", seen.all, seen.wanted, encryption)
	if seen.wanted == 0 || seen.words > 0 {
		t.Errorf("%d packets of %s, and %d in which a pod's words can be read; want some and none", seen.wanted, encryption, seen.words)
	}
	// Cilium's own questions end after seconds, in which the machine may be busy.
	var last *labenv.Result
	err := wait.PollUntilContextTimeout(t.Context(), 10*time.Second, 5*time.Minute, true, func(context.Context) (bool, error) {
		last = aksmesh(t, "doctor", "--context", "aks-1,aks-2", slow)
		return last.ExitCode == 0 && !strings.Contains(last.Stdout, "could not be asked"), nil
	})
	if err != nil {
		t.Errorf("the doctor ends with exit code %d in a mesh encrypted by %s, want 0 and all pods asked", last.ExitCode, encryption)
	}
}

// traffic counts packets between nodes of different clusters.
type traffic struct {
	all    int
	wanted int // those that were looked for
	words  int // those in which what a pod says can be read, also behind a header that promises encryption
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
	cut := 0
	stop := watchFabric(t, func(p packet) {
		if from, to := nodes[p.from], nodes[p.to]; from == "" || to == "" || from == to {
			return
		}
		seen.all++
		if p.cut {
			cut++
		}
		if is(p) {
			seen.wanted++
		}
		if bytes.Contains(p.payload, []byte("<title>")) || bytes.Contains(p.payload, []byte("GET / HTTP")) {
			seen.words++
		}
	})
	does()
	stop()
	if cut > 0 {
		t.Errorf("%d of %d packets between nodes could not be seen to their end", cut, seen.all)
	}
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
