package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

const (
	// beat is the time between two lines of a listener's.
	beat = 500 * time.Millisecond
	// receiveBuffer holds the packets of all senders for a moment, in bytes.
	receiveBuffer = 4 << 20
	// mostPacket is the largest packet that is read, in bytes.
	mostPacket = 64 << 10
	// mostBulk bounds what a connection may send, in bytes, and bulkTime how
	// long it may take.
	mostBulk = 1 << 20
	bulkTime = 15 * time.Second
	// mostConnections bounds those that are served at once.
	mostConnections = 64
)

// listener is subcommand listen under way.
type listener struct {
	key     key
	watched int
	tcp     bool

	seen *arrivals
	said wire.Listening // what stays the same
}

// probeListen is subcommand listen: it tells what arrives until it is ended.
func probeListen(ctx context.Context, args []string, out *output) (wire.Line, error) {
	l := listener{seen: newArrivals()}
	flags := flag.NewFlagSet("listen", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error is printed as a line of JSON
	text := flags.String("key", "", "the run's key, in hex")
	flags.IntVar(&l.watched, "watch", 0, "port of an encapsulation whose packets are seen, with CAP_NET_RAW")
	flags.BoolVar(&l.tcp, "tcp", false, "take connections of TCP, too")
	err := flags.Parse(args)
	if err == nil {
		l.key, err = parseKey(*text)
	}
	if err == nil && (flags.NArg() > 0 || l.watched < 0 || l.watched > 65535) {
		err = errors.New("-watch is a port, and there are no arguments")
	}
	if err != nil {
		return wire.Line{}, fmt.Errorf("listen: %w", err)
	}
	return wire.Line{}, l.run(ctx, out)
}

// run listens until ctx ends, which is no error: but as there is no result, the
// last line says that it is the end.
func (l *listener) run(ctx context.Context, out *output) error {
	var sockets []io.Closer
	defer func() {
		for _, s := range sockets {
			_ = s.Close()
		}
	}()
	udp, err := net.ListenUDP("udp", nil)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	_ = udp.SetReadBuffer(receiveBuffer) // as much of it as the kernel grants
	sockets = append(sockets, udp)
	l.said.UDP = udp.LocalAddr().(*net.UDPAddr).Port
	go l.datagrams(udp)
	if l.watched != 0 {
		raw, err := watch(ctx, l.watched)
		if err != nil {
			l.said.WatchError = err.Error()
		} else {
			l.said.Watched = l.watched
			sockets = append(sockets, raw)
			go l.encapsulated(raw)
		}
	}
	if l.tcp {
		tcp, err := net.ListenTCP("tcp", nil)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		sockets = append(sockets, tcp)
		l.said.TCP = tcp.Addr().(*net.TCPAddr).Port
		go l.connections(tcp)
	}
	return l.tell(ctx, out)
}

var errEnded = errors.New("listen: ended")

// tell writes a line at once and then at every beat.
func (l *listener) tell(ctx context.Context, out *output) error {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		l.said.Beat++
		line := l.said
		line.Arrivals = l.seen.fresh()
		if err := out.write(wire.Line{Listening: &line}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errEnded
		case <-ticker.C:
		}
	}
}

// datagrams reads plain datagrams until the socket is closed.
func (l *listener) datagrams(conn *net.UDPConn) {
	buffer := make([]byte, mostPacket)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			l.take(buffer[:n], n+overhead(from.Addr()), from)
		}
	}
}

// encapsulated reads packets of a tunnel, each from its UDP header on.
func (l *listener) encapsulated(conn *net.IPConn) {
	buffer := make([]byte, mostPacket)
	for {
		n, from, err := conn.ReadFromIP(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < udpHeader+shapeSize || int(binary.BigEndian.Uint16(buffer[2:])) != l.watched {
			continue
		}
		address, _ := netip.AddrFromSlice(from.IP)
		port := binary.BigEndian.Uint16(buffer)
		size := n - udpHeader + overhead(address)
		l.take(buffer[udpHeader+shapeSize:n], size, netip.AddrPortFrom(address.Unmap(), port))
	}
}

// take notes a packet that is the run's and came whole.
func (l *listener) take(payload []byte, size int, from netip.AddrPort) {
	if m, ok := l.key.parse(payload); ok && m.size == size {
		l.seen.packet(m, from)
	}
}

// connections serves TCP until the listener is closed.
func (l *listener) connections(tcp *net.TCPListener) {
	room := make(chan struct{}, mostConnections)
	var served sync.WaitGroup
	defer served.Wait()
	for {
		conn, err := tcp.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		room <- struct{}{}
		served.Go(func() {
			l.serve(conn)
			<-room
		})
	}
}

// serve reads a mark and as many bytes as the four after it say, and sends
// as many back.
func (l *listener) serve(conn *net.TCPConn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(bulkTime)) // else reads fail by themselves
	head := make([]byte, markSize+4)
	if _, err := io.ReadFull(conn, head); err != nil {
		return
	}
	m, ok := l.key.parse(head)
	length := int(binary.BigEndian.Uint32(head[markSize:]))
	if !ok || length > mostBulk {
		return
	}
	from := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	buffer := make([]byte, 16<<10)
	for got := 0; got < length; {
		n, err := conn.Read(buffer[:min(len(buffer), length-got)])
		got += n
		l.seen.bytes(m.stream, got, from)
		if err != nil {
			return
		}
	}
	_, _ = conn.Write(make([]byte, length)) // the other side tells what came
}
