//go:build !linux

package main

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// errLinux: pods run on Linux, and what is measured is Linux's own. The other
// systems are for who works on the rest of the prober.
var errLinux = errors.New("this is measured on Linux only")

type fragmentation int

const (
	fragment fragmentation = iota
	byRoute
	pastRoute
)

func udpSocket(context.Context, netip.Addr, fragmentation) (*net.UDPConn, error) {
	return nil, errLinux
}
func routeMTU(netip.AddrPort) int                     { return 0 }
func queuedErrors(*net.UDPConn) (bool, []wire.Told)   { return false, nil }
func watch(context.Context, int) (*net.IPConn, error) { return nil, errLinux }
