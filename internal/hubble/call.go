package hubble

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// The call, as gRPC's "PROTOCOL-HTTP2.md" has it: one request and a stream of
// answers, each message behind five bytes: is it compressed, and its length.
const (
	methodGetFlows = "/observer.Observer/GetFlows"
	frameHeader    = 5
	// maxMessage bounds one message, as gRPC's own clients do.
	maxMessage = 4 << 20
	grpcOK     = "0"
)

// serverName is a name that the relay's certificate is made for
// (*.hubble-relay.cilium.io); connections through the API server have none.
const serverName = "kubectl-aksmesh.hubble-relay.cilium.io"

// dialer makes a connection to a relay.
type dialer func(ctx context.Context) (net.Conn, error)

// stream calls GetFlows with a request over a connection that dial makes, and
// calls visit with each answer until the relay ends the stream or ctx ends.
// config is nil for a relay without TLS.
func stream(ctx context.Context, dial dialer, config *tls.Config, request []byte, visit func(event)) error {
	var made madeConn
	transport := &http.Transport{
		Protocols: new(http.Protocols),
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := dial(ctx)
			made.keep(conn)
			return conn, err
		},
		TLSClientConfig:   config,
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	target := url.URL{Scheme: "http", Host: serverName, Path: methodGetFlows}
	if config != nil {
		transport.Protocols.SetHTTP2(true)
		target.Scheme = "https"
	} else {
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(frame(request)))
	if err != nil {
		return err
	}
	call.Header.Set("Content-Type", "application/grpc")
	call.Header.Set("Te", "trailers")
	response, err := transport.RoundTrip(call)
	if err != nil {
		return fmt.Errorf("relay does not answer: %w", made.explain(err))
	}
	defer response.Body.Close()
	if err := refusal(response.StatusCode, response.Header); err != nil {
		return err
	}
	if err := receive(response.Body, visit); err != nil {
		return err
	}
	return refusal(response.StatusCode, response.Trailer)
}

// madeConn is the connection of a call, which may be made after the call has ended.
type madeConn struct {
	mu   sync.Mutex
	conn net.Conn
}

func (m *madeConn) keep(conn net.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn = conn
}

// explain replaces an error by what the connection knows of its end.
func (m *madeConn) explain(err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if conn, ok := m.conn.(interface{ explanation() string }); ok && conn.explanation() != "" {
		return errors.New(conn.explanation())
	}
	return err
}

func frame(message []byte) []byte {
	header := make([]byte, frameHeader, frameHeader+len(message))
	binary.BigEndian.PutUint32(header[1:], uint32(len(message))) //nolint:gosec // a request of some hundred bytes
	return append(header, message...)
}

// receive reads messages until the stream ends.
func receive(r io.Reader, visit func(event)) error {
	var header [frameHeader]byte
	var message []byte
	for {
		if _, err := io.ReadFull(r, header[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("stream of flows broke off: %w", err)
		}
		size := binary.BigEndian.Uint32(header[1:])
		if header[0] != 0 || size > maxMessage {
			return fmt.Errorf("%w: it is compressed or has %d bytes", errWire, size)
		}
		if int(size) > cap(message) {
			message = make([]byte, size)
		}
		message = message[:size]
		if _, err := io.ReadFull(r, message); err != nil {
			return fmt.Errorf("stream of flows broke off: %w", err)
		}
		e, err := decodeEvent(message)
		if err != nil {
			return err
		}
		visit(e)
	}
}

// refusal is the error that headers or trailers tell; nil if they tell none.
func refusal(status int, headers http.Header) error {
	if status != http.StatusOK {
		return fmt.Errorf("relay answers with HTTP status %d, so it is no gRPC server", status)
	}
	code := headers.Get("Grpc-Status")
	if code == "" || code == grpcOK {
		return nil
	}
	text, err := url.PathUnescape(headers.Get("Grpc-Message"))
	if err != nil {
		text = headers.Get("Grpc-Message")
	}
	return fmt.Errorf("relay refuses with gRPC status %s: %s", code, strings.Join(strings.Fields(text), " "))
}
