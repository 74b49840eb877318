//go:build e2e

package network

import (
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

// TestFaultsWithPackets sends real packets through the fabric. It needs root
// and a lab that is down.
func TestFaultsWithPackets(t *testing.T) {
	f := Fabric{StateFile: filepath.Join(t.TempDir(), "fabric.json")}
	a, b := shape.Node{Cluster: 8, Index: 1}, shape.Node{Cluster: 9, Index: 1}
	t.Cleanup(func() {
		if err := errors.Join(f.RemoveNode(a), f.RemoveNode(b), f.Down()); err != nil {
			t.Error(err)
		}
	})
	if err := f.Up([]shape.Cluster{8, 9}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []shape.Node{a, b} {
		if err := f.AddNode(n); err != nil {
			t.Fatal(err)
		}
	}
	// A datagram of 1372 bytes makes an IP packet of 1400.
	for name, c := range map[string]struct {
		faults []Fault
		packet packet
		want   outcome
	}{
		"no fault":                {packet: packet{a, b, 8472, 1400, false}, want: arrives},
		"udp dropped":             {[]Fault{{Kind: DropUDP, Port: 8472}}, packet{a, b, 8472, 10, false}, vanishes},
		"udp dropped, way back":   {[]Fault{{Kind: DropUDP, Port: 8472}}, packet{b, a, 8472, 10, false}, vanishes},
		"one way, way back":       {[]Fault{{Kind: DropUDP, Port: 8472, OneWay: true}}, packet{b, a, 8472, 10, false}, arrives},
		"another port":            {[]Fault{{Kind: DropUDP, Port: 8472}}, packet{a, b, 8473, 10, false}, arrives},
		"another protocol":        {[]Fault{{Kind: DropTCP, Port: 8472}}, packet{a, b, 8472, 10, false}, arrives},
		"fits":                    {[]Fault{{Kind: LowerMTU, MTU: 1400}}, packet{a, b, 8472, 1372, true}, arrives},
		"too big, is fragmented":  {[]Fault{{Kind: LowerMTU, MTU: 1400}}, packet{a, b, 8472, 1373, false}, arrives},
		"too big, is answered":    {[]Fault{{Kind: LowerMTU, MTU: 1400}}, packet{a, b, 8472, 1373, true}, answered},
		"black hole, fits":        {[]Fault{{Kind: BlackholeMTU, MTU: 1400}}, packet{a, b, 8472, 1372, true}, arrives},
		"black hole, too big":     {[]Fault{{Kind: BlackholeMTU, MTU: 1400}}, packet{a, b, 8472, 1373, false}, vanishes},
		"black hole, forbidden":   {[]Fault{{Kind: BlackholeMTU, MTU: 1400}}, packet{a, b, 8472, 1373, true}, vanishes},
		"fragments of the sender": {[]Fault{{Kind: DropFragments}}, packet{a, b, 8472, 3000, false}, vanishes},
		"fragments of the router": {[]Fault{{Kind: LowerMTU, MTU: 1400}, {Kind: DropFragments}}, packet{a, b, 8472, 1373, false}, vanishes},
	} {
		t.Run(name, func(t *testing.T) {
			for _, fault := range c.faults {
				fault.From, fault.To = a.Cluster, b.Cluster
				if _, err := f.AddFault(fault); err != nil {
					t.Fatal(err)
				}
			}
			got := c.packet.send(t)
			if err := f.ClearFaults(); err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("packet %s, want: %s", got, c.want)
			}
		})
	}
}

type outcome string

const (
	arrives  outcome = "arrives"
	vanishes outcome = "vanishes"
	answered outcome = "is answered as too big"
)

// packet is a UDP datagram. Size is that of its payload.
type packet struct {
	from, to     shape.Node
	port         uint16
	size         int
	dontFragment bool
}

func (p packet) send(t *testing.T) outcome {
	t.Helper()
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.to.Addr(), p.port))
	var receiver, sender *net.UDPConn
	err := Do(p.to.Name(), func() (err error) { receiver, err = net.ListenUDP("udp4", to); return err })
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	err = Do(p.from.Name(), func() (err error) { sender, err = net.DialUDP("udp4", nil, to); return err })
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	p.setDontFragment(t, sender)
	if _, err := sender.Write(make([]byte, p.size)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	_ = receiver.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := receiver.Read(buffer); err == nil && n == p.size {
		return arrives
	}
	// The answer, if any, waits at the sender as the error of the next call.
	_ = sender.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := sender.Read(buffer); errors.Is(err, syscall.EMSGSIZE) {
		return answered
	}
	return vanishes
}

// setDontFragment sets the flag without letting the kernel remember path MTUs,
// which would decide over the next packet before it is sent.
func (p packet) setDontFragment(t *testing.T, c *net.UDPConn) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	mode := unix.IP_PMTUDISC_OMIT // flag off, the sender may fragment
	if p.dontFragment {
		mode = unix.IP_PMTUDISC_PROBE // flag on
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		inner = errors.Join(
			unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, mode),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1))
	})
	if err := errors.Join(err, inner); err != nil {
		t.Fatal(err)
	}
}
