package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

const (
	connectTime = 4 * time.Second
	// bulkSize is more than fits into the first packets of a connection, which
	// TCP sends without an answer, in bytes.
	bulkSize = 64 << 10
	// mostSANs bounds the names of a certificate that are told.
	mostSANs = 10
)

// bulk sends a lot over one connection and waits for as much: where small
// packets pass and large ones do not, a connection is made and then stalls.
func (t *task) bulk(ctx context.Context) wire.Sent {
	conn, sent := t.connect(ctx)
	if conn == nil {
		return sent
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(bulkTime - connectTime)) // else it fails by itself
	head := binary.BigEndian.AppendUint32(t.key.append(nil, mark{stream: t.Stream}), bulkSize)
	n, err := conn.Write(append(head, make([]byte, bulkSize)...))
	sent.Out = max(n-len(head), 0)
	if err == nil {
		var back int64
		back, err = io.CopyN(io.Discard, conn, bulkSize)
		sent.Back = int(back)
	}
	if err != nil {
		sent.Error = classify(err)
	}
	return sent
}

// connect makes the connection; nil if it cannot.
func (t *task) connect(ctx context.Context) (net.Conn, wire.Sent) {
	began := time.Now()
	conn, err := (&net.Dialer{Timeout: connectTime}).DialContext(ctx, "tcp", t.To)
	if err != nil {
		return nil, wire.Sent{Error: classify(err)}
	}
	return conn, wire.Sent{Connected: true, Micros: time.Since(began).Microseconds()}
}

// dial makes a connection and shakes hands, without a certificate of its own.
func (t *task) dial(ctx context.Context) wire.Sent {
	conn, sent := t.connect(ctx)
	if conn == nil {
		return sent
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	facts := &wire.TLS{}
	client := tls.Client(conn, &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // the certificate is looked at, and nothing is told its owner
		VerifyConnection: func(state tls.ConnectionState) error {
			facts.Version = tls.VersionName(state.Version)
			describe(facts, state.PeerCertificates)
			return nil
		},
	})
	err := client.HandshakeContext(ctx)
	// Who wants a client's certificate has shown its own before it refuses.
	if err != nil && (!isAlert(err) || facts.Subject+facts.Issuer == "") {
		facts.Error = classify(err)
	}
	sent.TLS = facts
	return sent
}

// isAlert says whether the other side ended the handshake with an alert.
// Over TCP, crypto/tls tells that by this word alone: a [tls.AlertError] is
// QUIC's.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func describe(facts *wire.TLS, chain []*x509.Certificate) {
	if len(chain) == 0 {
		return
	}
	c := chain[0]
	facts.Subject, facts.Issuer = c.Subject.String(), c.Issuer.String()
	facts.NotBefore, facts.NotAfter = c.NotBefore.UTC(), c.NotAfter.UTC()
	facts.SANs = append(facts.SANs, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		facts.SANs = append(facts.SANs, ip.String())
	}
	facts.SANs = facts.SANs[:min(len(facts.SANs), mostSANs)]
	for i := range facts.SANs {
		facts.SANs[i] = strings.ToValidUTF8(facts.SANs[i], "?")
	}
}
