package main

import (
	"context"
	"errors"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

const (
	// rounds is how often each size is sent: a single loss is no finding.
	rounds = 3
	// pace is the time between two packets: 24 Mbit/s at most, which neither
	// a queue nor a rate limit of a small machine drops.
	pace = 500 * time.Microsecond
	// mostTold bounds the ICMP errors that are told apart.
	mostTold = 10
)

// stream is one task's packets under way.
type stream struct {
	*task
	conn *net.UDPConn
	sent wire.Sent
	tick *time.Ticker
}

func (t *task) open(ctx context.Context, mode fragmentation) (*stream, error) {
	conn, err := udpSocket(ctx, t.to.Addr(), mode)
	if err != nil {
		return nil, err
	}
	return &stream{task: t, conn: conn, tick: time.NewTicker(pace)}, nil
}

func (s *stream) close() {
	s.tick.Stop()
	_ = s.conn.Close()
}

// sweep sends don't-fragment packets of all sizes, some rounds of them. Nobody
// answers: the listener tells what came, so each way is measured by itself.
func (t *task) sweep(ctx context.Context) wire.Sent {
	mode := byRoute
	if t.PastRoute {
		mode = pastRoute
	}
	s, err := t.open(ctx, mode)
	if err != nil {
		return wire.Sent{Error: classify(err)}
	}
	defer s.close()
	s.sent.Route = routeMTU(t.to)
	for range rounds {
		for _, size := range wire.Sizes() {
			if !s.packet(ctx, size) {
				break // larger ones do not leave either
			}
		}
	}
	s.listenForErrors(ctx)
	return s.sent
}

// fragments sends packets that must be cut up.
func (t *task) fragments(ctx context.Context) wire.Sent {
	s, err := t.open(ctx, fragment)
	if err != nil {
		return wire.Sent{Error: classify(err)}
	}
	defer s.close()
	for range 2 * rounds {
		s.packet(ctx, wire.FragmentSize)
	}
	return s.sent
}

// packet sends one packet and says whether a larger one may leave, too.
func (s *stream) packet(ctx context.Context, size int) bool {
	select {
	case <-ctx.Done():
		return false
	case <-s.tick.C:
	}
	payload := make([]byte, size-overhead(s.to.Addr()))
	start := append(slices.Clone(s.shape), s.key.append(nil, mark{s.Stream, size})...)
	if len(start) > len(payload) {
		return true
	}
	copy(payload, start)
	// An ICMP error of an earlier packet may come instead of an answer to this
	// one: then once more.
	for range 4 {
		_, err := s.conn.WriteToUDPAddrPort(payload, s.to)
		local, told := queuedErrors(s.conn)
		s.note(told)
		switch {
		case err == nil:
			s.sent.Packets++
			s.sent.Largest = max(s.sent.Largest, size)
			return true
		case local && errors.Is(err, syscall.EMSGSIZE):
			if s.sent.TooLarge == 0 || size < s.sent.TooLarge {
				s.sent.TooLarge = size
			}
			return false
		case len(told) == 0:
			s.sent.Error = classify(err)
			return true
		}
	}
	return true
}

func (s *stream) note(told []wire.Told) {
	for _, one := range told {
		if len(s.sent.Told) < mostTold && !slices.Contains(s.sent.Told, one) {
			s.sent.Told = append(s.sent.Told, one)
		}
	}
}

// listenForErrors gives errors that are on their way the time to come.
func (s *stream) listenForErrors(ctx context.Context) {
	const most = 300 * time.Millisecond
	end := time.NewTimer(most)
	defer end.Stop()
	for {
		_, told := queuedErrors(s.conn)
		s.note(told)
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case <-s.tick.C:
		}
	}
}
