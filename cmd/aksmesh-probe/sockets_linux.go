package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// control applies f to a socket.
func control(c syscall.RawConn, f func(fd int) error) error {
	var inner error
	err := c.Control(func(fd uintptr) { inner = f(int(fd)) })
	return errors.Join(err, inner)
}

// fragmentation says what a socket does with packets that are too large.
type fragmentation int

const (
	fragment  fragmentation = iota // cut them up
	byRoute                        // refuse what is more than the kernel knows to pass
	pastRoute                      // refuse only what the device does not carry
)

// udpSocket opens a socket to send with. Its queue of errors is on: without it
// a refusal by this kernel cannot be told from an ICMP error. The socket is not
// connected, since the kernel drops errors otherwise that name another address.
func udpSocket(ctx context.Context, to netip.Addr, mode fragmentation) (*net.UDPConn, error) {
	family := "udp6"
	if to.Unmap().Is4() {
		family = "udp4"
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error {
			if family == "udp4" {
				discover := [...]int{unix.IP_PMTUDISC_DONT, unix.IP_PMTUDISC_DO, unix.IP_PMTUDISC_PROBE}[mode]
				return errors.Join(unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, discover),
					unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1))
			}
			discover := [...]int{unix.IPV6_PMTUDISC_DONT, unix.IPV6_PMTUDISC_DO, unix.IPV6_PMTUDISC_PROBE}[mode]
			return errors.Join(unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, discover),
				unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1))
		})
	}}
	conn, err := config.ListenPacket(ctx, family, "")
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

// routeMTU is what the kernel takes for the MTU of the way to an address now,
// in bytes; 0 if it does not know a way.
func routeMTU(to netip.AddrPort) int {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return 0
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	mtu := 0
	err = control(raw, func(fd int) error {
		var err error
		if to.Addr().Unmap().Is4() {
			mtu, err = unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU)
		} else {
			mtu, err = unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU)
		}
		return err
	})
	if err != nil {
		return 0
	}
	return mtu
}

// queuedErrors reads a socket's queue of errors: those of this kernel, and
// those that others sent. It does not wait.
func queuedErrors(conn *net.UDPConn) (local bool, told []wire.Told) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false, nil
	}
	_ = control(raw, func(fd int) error {
		payload, extra := make([]byte, 64), make([]byte, 512)
		for {
			_, n, _, _, err := unix.Recvmsg(fd, payload, extra, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err != nil {
				return nil
			}
			messages, err := unix.ParseSocketControlMessage(extra[:n])
			if err != nil {
				continue
			}
			for _, m := range messages {
				one, here, ok := parseQueued(m.Data)
				local = local || ok && here && one.Text == wire.TooLarge
				if ok && !here {
					told = append(told, one)
				}
			}
		}
	})
	return local, told
}

// parseQueued reads a struct sock_extended_err, and the address of who sent
// the error behind it: see ip(7), IP_RECVERR. here is true if it is this kernel's.
func parseQueued(b []byte) (told wire.Told, here, ok bool) {
	const fixed = 16 // errno, origin, type, code, pad, info, data
	if len(b) < fixed {
		return told, false, false
	}
	switch origin := b[4]; origin {
	case unix.SO_EE_ORIGIN_LOCAL:
		here = true
	case unix.SO_EE_ORIGIN_ICMP, unix.SO_EE_ORIGIN_ICMP6:
	default:
		return told, false, false
	}
	number := syscall.Errno(binary.NativeEndian.Uint32(b))
	told.Text, told.By = textOf(number), offender(b[fixed:])
	if number == unix.EMSGSIZE {
		told.MTU = int(binary.NativeEndian.Uint32(b[8:]))
	}
	return told, here, true
}

func textOf(number syscall.Errno) string {
	switch number {
	case unix.EMSGSIZE:
		return wire.TooLarge
	case unix.EACCES, unix.EPERM:
		return wire.Forbidden
	}
	return classify(number)
}

// offender is the address in a sockaddr; empty if there is none.
func offender(b []byte) string {
	switch {
	case len(b) >= 8 && binary.NativeEndian.Uint16(b) == unix.AF_INET:
		return netip.AddrFrom4([4]byte(b[4:8])).String()
	case len(b) >= 24 && binary.NativeEndian.Uint16(b) == unix.AF_INET6:
		return netip.AddrFrom16([16]byte(b[8:24])).String()
	}
	return ""
}

// watch opens a raw socket that gets a copy of IPv4 packets to an
// encapsulation's port, although the kernel's tunnel takes them. It needs
// CAP_NET_RAW. The kernel copies none but the prober's own: pods' packets are
// neither seen nor slowed down.
func watch(ctx context.Context, port int) (*net.IPConn, error) {
	const ipAndUDP = udpHeader // behind the IP header, whose length is in X
	filter := []unix.SockFilter{
		{Code: unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH, K: 0},
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_IND, K: 2}, // destination port
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(port), Jt: 0, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_IND, K: ipAndUDP + shapeSize},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: magic, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 16},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error {
			return errors.Join(unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program),
				unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer))
		})
	}}
	conn, err := config.ListenPacket(ctx, "ip4:udp", "0.0.0.0")
	if err != nil {
		return nil, fmt.Errorf("packets to port %d cannot be watched: %w", port, err)
	}
	return conn.(*net.IPConn), nil
}
