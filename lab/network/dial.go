package network

import (
	"context"
	"net"
	"net/netip"
)

// Dial connects to an address inside the fabric from outside of it. A socket
// stays in the namespace that it was made in.
func Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var conn net.Conn
	err := Do(Namespace, func() error {
		var err error
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
		return err
	})
	return conn, err
}

// Listen listens on an address inside the fabric from outside of it.
func Listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	var listener net.Listener
	err := Do(Namespace, func() error {
		var err error
		listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", at.String())
		return err
	})
	return listener, err
}
