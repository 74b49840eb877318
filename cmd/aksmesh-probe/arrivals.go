package main

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// arrivals are what came, by stream. Its methods may be called concurrently.
// Who knows the run's key could make it grow, and nobody else.
type arrivals struct {
	mu      sync.Mutex
	changed bool
	streams map[uint32]*arrival
}

type arrival struct {
	from           netip.AddrPort
	packets, bytes int
	sizes          map[int]bool
}

func newArrivals() *arrivals { return &arrivals{streams: map[uint32]*arrival{}} }

func (a *arrivals) packet(m mark, from netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.stream(m.stream, from)
	one.packets++
	one.sizes[m.size] = true
}

// bytes notes how many have come over TCP so far.
func (a *arrivals) bytes(stream uint32, n int, from netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stream(stream, from).bytes = n
}

func (a *arrivals) stream(number uint32, from netip.AddrPort) *arrival {
	one := a.streams[number]
	if one == nil {
		one = &arrival{sizes: map[int]bool{}}
		a.streams[number] = one
	}
	one.from, a.changed = netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), true
	return one
}

// fresh are all arrivals, unless nothing came since they were last asked for.
func (a *arrivals) fresh() []wire.Arrivals {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.changed {
		return nil
	}
	a.changed = false
	var all []wire.Arrivals
	for number, one := range a.streams {
		sizes := make([]int, 0, len(one.sizes))
		for size := range one.sizes {
			sizes = append(sizes, size)
		}
		all = append(all, wire.Arrivals{
			Stream: number, From: one.from.String(), Packets: one.packets, Sizes: wire.Ranges(sizes), Bytes: one.bytes,
		})
	}
	slices.SortFunc(all, func(a, b wire.Arrivals) int { return cmp.Compare(a.Stream, b.Stream) })
	return all
}
