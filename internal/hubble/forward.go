package hubble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// forward connects to a port of a pod through the API server. Unlike kubectl
// port-forward it opens no port on this machine, which others could use.
func forward(ctx context.Context, c *mesh.Cluster, pod string, port int32) (net.Conn, error) {
	type dialled struct {
		conn httpstream.Connection
		err  error
	}
	// Upgrades heed no context; one that comes too late is closed.
	done := make(chan dialled, 1)
	go func() {
		conn, err := upgrade(c, pod)
		done <- dialled{conn, err}
	}()
	select {
	case d := <-done:
		if d.err != nil {
			return nil, fmt.Errorf("port-forward to pod %s/%s: %w", mesh.Namespace, pod, d.err)
		}
		return open(d.conn, pod, port)
	case <-ctx.Done():
		go func() {
			if d := <-done; d.conn != nil {
				d.conn.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// upgrade asks for websockets, and for SPDY where something in between knows
// no websockets.
func upgrade(c *mesh.Cluster, pod string) (httpstream.Connection, error) {
	config := rest.CopyConfig(c.Config)
	config.WrapTransport = nil // repeats requests, and takes no part in upgrades
	target := c.Client.CoreV1().RESTClient().Post().Resource("pods").Namespace(mesh.Namespace).Name(pod).SubResource("portforward").URL()
	websocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(target, config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, target)
	dialer := portforward.NewFallbackDialerForStreaming(websocket, plain, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	conn, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	return conn, err
}

// open makes the two streams of one connection: one for its bytes, and one on
// which the kubelet says what went wrong.
func open(conn httpstream.Connection, pod string, port int32) (net.Conn, error) {
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(int(port)))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	problems, err := conn.CreateStream(headers)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	problems.Close() // nothing is written to it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := conn.CreateStream(headers)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s := &streamConn{Stream: data, conn: conn, where: podPort{pod: pod, port: port}, said: make(chan string, 1)}
	go func() {
		const most = 4096
		text, _ := io.ReadAll(io.LimitReader(problems, most)) // no text is no news
		s.said <- strings.Join(strings.Fields(string(text)), " ")
	}()
	return s, nil
}

// streamConn is a port-forward as [net.Conn]. It has no deadlines: closing it
// ends what waits.
type streamConn struct {
	httpstream.Stream
	conn  httpstream.Connection
	where podPort
	said  chan string
	once  sync.Once

	mu  sync.Mutex
	why string // the kubelet's words, once they were read
}

// Read reads; the kubelet's words replace an end that they explain.
func (s *streamConn) Read(p []byte) (int, error) {
	n, err := s.Stream.Read(p)
	if n == 0 && err != nil {
		select {
		case said := <-s.said:
			if said != "" {
				s.mu.Lock()
				s.why = said
				s.mu.Unlock()
				return 0, errors.New(said)
			}
		case <-s.conn.CloseChan():
		}
	}
	return n, err
}

// explanation is why the connection has ended, as far as that is known: HTTP/2
// forgets what a read has said if it comes before the first request.
func (s *streamConn) explanation() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

func (s *streamConn) Close() error {
	var err error
	s.once.Do(func() { err = errors.Join(s.Reset(), s.conn.Close()) })
	return err
}

func (s *streamConn) LocalAddr() net.Addr              { return s.where }
func (s *streamConn) RemoteAddr() net.Addr             { return s.where }
func (s *streamConn) SetDeadline(time.Time) error      { return nil }
func (s *streamConn) SetReadDeadline(time.Time) error  { return nil }
func (s *streamConn) SetWriteDeadline(time.Time) error { return nil }

// podPort is the address of a port of a pod.
type podPort struct {
	pod  string
	port int32
}

func (podPort) Network() string  { return "pod" }
func (p podPort) String() string { return fmt.Sprintf("%s:%d", p.pod, p.port) }
