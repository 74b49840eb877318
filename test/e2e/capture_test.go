//go:build e2e

package e2e

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// packet is one of IPv4.
type packet struct {
	from, to netip.Addr
	protocol byte
	port     uint16 // of UDP, where it goes to
	payload  []byte // behind the IP header; not to be kept
	cut      bool   // the payload's end does not fit into the ring
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
	ring := must[*ring](t)(onBridge("/run/netns/aksmesh-fabric", "aksmesh0"))
	var stopped atomic.Bool
	done := make(chan error, 1)
	go func() { done <- ring.read(&stopped, sees) }()
	t.Cleanup(func() { stopped.Store(true) }) // also when what is watched ends the test
	return func() {
		t.Helper()
		stopped.Store(true)
		if err := <-done; err != nil {
			t.Errorf("the packets could not all be seen: %v", err)
		}
	}
}

// The ring's geometry: frames of a page hold what nodes send, who have an MTU of
// 1500 and don't leave segmentation to devices. API servers do.
const (
	frameSize  = 4096
	frames     = 1 << 14
	blockSize  = 1 << 20
	ringLength = frameSize * frames
)

// ring is a packet socket whose packets the kernel copies the moment that they
// pass. One that only keeps them until they are read would show what has become
// of them since: a receiver may decrypt in place what it shares with the socket.
type ring struct {
	socket int
	memory []byte
	next   int
}

// openRing gets all frames of a device in the thread's network namespace.
func openRing(device string) (*ring, error) {
	link, err := net.InterfaceByName(device)
	if err != nil {
		return nil, err
	}
	all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL)) // in the network's byte order
	r := &ring{}
	if r.socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, err
	}
	err = errors.Join(
		unix.SetsockoptInt(r.socket, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2),
		unix.SetsockoptTpacketReq(r.socket, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq{
			Block_size: blockSize, Block_nr: ringLength / blockSize, Frame_size: frameSize, Frame_nr: frames,
		}))
	if err == nil {
		r.memory, err = unix.Mmap(r.socket, 0, ringLength, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err == nil {
		err = unix.Bind(r.socket, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index})
	}
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *ring) close() error {
	var err error
	if r.memory != nil {
		err = unix.Munmap(r.memory)
	}
	return errors.Join(err, unix.Close(r.socket))
}

// read has sees see packets until stopped, and what has come until then. That
// some did not fit is an error.
func (r *ring) read(stopped *atomic.Bool, sees func(packet)) (err error) {
	defer func() { err = errors.Join(err, r.close()) }()
	for {
		last := stopped.Load()
		r.take(sees)
		if last {
			break
		}
		if err := r.wait(); err != nil {
			return err
		}
	}
	statistics, err := unix.GetsockoptTpacketStats(r.socket, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err == nil && statistics.Drops > 0 {
		err = fmt.Errorf("%d of %d packets did not fit into the ring", statistics.Drops, statistics.Packets)
	}
	return err
}

// wait returns when a packet has come, and from time to time.
func (r *ring) wait() error {
	const patience = 200                                              // milliseconds
	poll := []unix.PollFd{{Fd: int32(r.socket), Events: unix.POLLIN}} //nolint:gosec // a descriptor is small
	if _, err := unix.Poll(poll, patience); err != nil && !errors.Is(err, unix.EINTR) {
		return err
	}
	if poll[0].Revents&unix.POLLERR == 0 {
		return nil
	}
	code, err := unix.GetsockoptInt(r.socket, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	return err
}

// take has sees see what lies in the ring, and gives its place back.
func (r *ring) take(sees func(packet)) {
	for {
		at := r.memory[r.next*frameSize:][:frameSize]
		header := (*unix.Tpacket2Hdr)(unsafe.Pointer(&at[0]))
		if atomic.LoadUint32(&header.Status)&unix.TP_STATUS_USER == 0 {
			return
		}
		frame := at[header.Mac:]
		if p, ok := packetOf(frame[:min(len(frame), int(header.Snaplen))]); ok {
			p.cut = header.Len > header.Snaplen
			sees(p)
		}
		atomic.StoreUint32(&header.Status, unix.TP_STATUS_KERNEL)
		r.next = (r.next + 1) % frames
	}
}

// onBridge is a ring with the frames of a device in a named network namespace.
// A socket stays where it was made, whoever reads it.
func onBridge(namespace, device string) (*ring, error) {
	type made struct {
		ring *ring
		err  error
	}
	result := make(chan made, 1)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		ring, err := enter(namespace, device)
		result <- made{ring, err}
	}()
	r := <-result
	return r.ring, r.err
}

func enter(namespace, device string) (*ring, error) {
	at, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(at)
	if err := unix.Setns(at, unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	return openRing(device)
}
