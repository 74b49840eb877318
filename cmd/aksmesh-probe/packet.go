package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// A datagram of the prober's carries magic, the run's key, its stream and its
// own size, then zeros:
//
//	0        4                  20       24     26
//	| magic  | key              | stream | size |
//
// One that plays an encapsulated packet has the header of its tunnel before
// that, and an Ethernet header of an experimental type (IEEE 802, 0x88b5),
// which Cilium and the kernel pass on to nobody.
const (
	magic    uint32 = 0x414b534d // "AKSM"
	markSize        = 4 + wire.KeySize + 4 + 2
	// shapeSize is a tunnel's header of 8 bytes and an Ethernet header.
	shapeSize = 8 + 14

	udpHeader = 8
	etherType = 0x88b5
	// network is a virtual network that nobody uses: Cilium's are identities,
	// which it counts from below and, for other clusters, by the cluster's id.
	network = 0xfffffe
)

// key is what packets of one run are known by.
type key [wire.KeySize]byte

func parseKey(text string) (k key, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(k) {
		return k, fmt.Errorf("a key is %d bytes in hex", len(k))
	}
	copy(k[:], raw)
	return k, nil
}

// mark is what a packet says of itself.
type mark struct {
	stream uint32
	size   int // of the IP packet, bytes
}

func (k *key) append(b []byte, m mark) []byte {
	b = binary.BigEndian.AppendUint32(b, magic)
	b = append(b, k[:]...)
	b = binary.BigEndian.AppendUint32(b, m.stream)
	return binary.BigEndian.AppendUint16(b, uint16(m.size)) //nolint:gosec // at most 9000
}

// parse reads a mark, if it is one of this run's.
func (k *key) parse(b []byte) (mark, bool) {
	if len(b) < markSize || binary.BigEndian.Uint32(b) != magic || !bytes.Equal(b[4:4+len(k)], k[:]) {
		return mark{}, false
	}
	rest := b[4+len(k):]
	return mark{binary.BigEndian.Uint32(rest), int(binary.BigEndian.Uint16(rest[4:]))}, true
}

// shape is the start of a packet of a tunnel; nil for a plain datagram.
func shape(encapsulation string) ([]byte, error) {
	b := make([]byte, shapeSize)
	binary.BigEndian.PutUint16(b[shapeSize-2:], etherType)
	switch encapsulation {
	case "":
		return nil, nil
	case "vxlan": // RFC 7348: flag I, then the network in the upper 24 bits
		b[0] = 0x08
		binary.BigEndian.PutUint32(b[4:], network<<8)
	case "geneve": // RFC 8926: version 0, no options, a type, then the network
		binary.BigEndian.PutUint16(b[2:], etherType)
		binary.BigEndian.PutUint32(b[4:], network<<8)
	case "wireguard": // type 0 is none of WireGuard's, which drops it
	default:
		return nil, fmt.Errorf("encapsulation %q is not one of vxlan, geneve, wireguard", encapsulation)
	}
	return b, nil
}

// overhead is what IP and UDP take of a packet to an address, in bytes.
func overhead(to netip.Addr) int {
	if to.Unmap().Is4() {
		return 20 + udpHeader
	}
	return 40 + udpHeader
}
