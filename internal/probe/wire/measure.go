package wire

import (
	"slices"
	"time"
)

// A measurement between two clusters has two sides that tell what each of them
// knows, so that a lost way back does not hide that the way there works. The
// prober with subcommand measure sends numbered streams of packets and tells
// what left its machine ([Sent]); the one with subcommand listen tells what
// came ([Arrivals]). A stream goes one way. What arrives is known by a key that
// is random and made for this run, so nothing else is taken for it.

// Sizes are bytes of whole IP packets, header included, without what a tunnel
// adds around them.

// KeySize is the length of a run's key, in bytes. It is passed on as hex.
const KeySize = 16

// Plan is what subcommand measure is to do, as JSON in its flag -plan.
type Plan struct {
	Key   string `json:"key"`
	Tasks []Task `json:"tasks"`
}

// Task is one thing to send.
type Task struct {
	// Stream is the number that the listener knows the packets by; 0 for a dial.
	Stream uint32 `json:"stream,omitempty"`
	Kind   Kind   `json:"kind"`
	To     string `json:"to"` // address and port
	// Encapsulation shapes the packets: vxlan, geneve or wireguard; empty for
	// plain datagrams.
	Encapsulation string `json:"encapsulation,omitempty"`
	// PastRoute sends up to what the device carries. Without it packets obey the
	// route's MTU, as those of programs in pods do.
	PastRoute bool `json:"pastRoute,omitempty"`
}

// Kind is what a [Task] sends.
type Kind string

// Kinds of tasks.
const (
	// Sweep sends datagrams of many sizes, all with don't-fragment set: some
	// small, every one from 1280 to 1500 bytes, and larger ones if they leave.
	Sweep Kind = "sweep"
	// Fragments sends datagrams of 3,000 bytes that must be fragmented.
	Fragments Kind = "fragments"
	// Bulk sends 64 KiB over TCP and waits for as much.
	Bulk Kind = "bulk"
	// Dial connects with TCP and TLS, and sends nothing else.
	Dial Kind = "dial"
)

// Measured are the results of a [Plan]'s tasks, in their order.
type Measured struct {
	Sent []Sent `json:"sent"`
}

// Sent is what the sending side knows of one task.
type Sent struct {
	Stream uint32 `json:"stream,omitempty"`
	// Packets is how many left.
	Packets int `json:"packets,omitempty"`
	// Route is what the sender's kernel takes for the way's MTU before the
	// first packet.
	Route int `json:"route,omitempty"`
	// Largest is the largest packet that left, and TooLarge the smallest one
	// that the sender's own kernel refused (EMSGSIZE); 0 if there is none.
	Largest  int `json:"largest,omitempty"`
	TooLarge int `json:"tooLarge,omitempty"`
	// Told are ICMP errors that came back, the first of each kind and sender.
	Told []Told `json:"told,omitempty"`
	// Error is the class of what kept packets from leaving, or a connection
	// from being made or used.
	Error string `json:"error,omitempty"`
	// Connected is true if a TCP connection was made. Out and Back are the
	// bytes that [Bulk] gave to it and got from it.
	Connected bool `json:"connected,omitempty"`
	Out       int  `json:"out,omitempty"`
	Back      int  `json:"back,omitempty"`
	TLS       *TLS `json:"tls,omitempty"`
	// Micros is the time that a connection took, in microseconds.
	Micros int64 `json:"microseconds,omitempty"`
}

// Told is an error that a machine on the way, or at its end, sent back.
type Told struct {
	By   string `json:"by"`   // address
	Text string `json:"text"` // "too large", "refused", "unreachable" or "forbidden"
	// MTU is what passes there, in bytes, with "too large".
	MTU int `json:"mtu,omitempty"`
}

// Texts of [Told].
const (
	TooLarge  = "too large"
	Forbidden = "forbidden"
)

// TLS is what a handshake showed.
type TLS struct {
	// Error is the class of why the handshake failed; empty if it did not. A
	// server that wants a client's certificate may refuse only after it.
	Error   string `json:"error,omitempty"`
	Version string `json:"version,omitempty"`
	// The server's certificate; it is not verified.
	Subject   string    `json:"subject,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	SANs      []string  `json:"sans,omitempty"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter,omitzero"`
}

// Listening is what a listener tells again and again: the first time at once,
// then twice a second.
type Listening struct {
	Beat int `json:"beat"` // counts, from 1
	// UDP and TCP are the ports that were chosen.
	UDP int `json:"udp"`
	TCP int `json:"tcp,omitempty"`
	// Watched is the encapsulation's port whose packets are seen, although the
	// kernel's tunnel takes them. If they cannot be, WatchError says why.
	Watched    int    `json:"watched,omitempty"`
	WatchError string `json:"watchError,omitempty"`
	// Arrivals are all that came so far, by stream. They are left out if
	// nothing has come since the last time that they were told.
	Arrivals []Arrivals `json:"arrivals,omitempty"`
}

// Arrivals is what came of one stream.
type Arrivals struct {
	Stream  uint32 `json:"stream"`
	From    string `json:"from"` // address and port, as the listener sees them
	Packets int    `json:"packets,omitempty"`
	// Sizes of the packets, as ranges from the smallest to the largest of
	// consecutive sizes that were sent and came.
	Sizes []Range `json:"sizes,omitempty"`
	Bytes int     `json:"bytes,omitempty"` // over TCP
}

// Range is from and to, both included.
type Range [2]int

// Sizes are those of a [Sweep], ascending.
func Sizes() []int {
	sizes := []int{100}
	for size := 576; size < 1280; size += 32 {
		sizes = append(sizes, size)
	}
	for size := 1280; size <= 1500; size++ {
		sizes = append(sizes, size)
	}
	for size := 1550; size <= 9000; size += 50 {
		sizes = append(sizes, size)
	}
	return sizes
}

// FragmentSize is that of [Fragments]' packets before they are fragmented. It
// is also a size of a [Sweep].
const FragmentSize = 3000

// Ranges folds sizes of a [Sweep], in any order, into ranges: two of its sizes
// belong to one range if it sends none between them. Other sizes are left out.
func Ranges(got []int) []Range {
	var ranges []Range
	open := false
	for _, size := range Sizes() {
		came := slices.Contains(got, size)
		switch {
		case came && open:
			ranges[len(ranges)-1][1] = size
		case came:
			ranges = append(ranges, Range{size, size})
		}
		open = came
	}
	return ranges
}
