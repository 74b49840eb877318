package apienv

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Fault is a way in which a call goes wrong.
type Fault string

// Faults that a [Chaos] handler can inject.
const (
	TooManyRequests Fault = "429"         // refused, with Retry-After: 1
	ServerError     Fault = "500"         // refused
	Timeout         Fault = "timeout"     // not passed on; no answer until Faults.Hang is over, then cut off
	LostAnswer      Fault = "lost answer" // passed on, then cut off instead of answered
)

// Faults says what goes wrong, and how often. The zero value: nothing.
type Faults struct {
	// Latency is added to every call.
	Latency time.Duration
	// Fraction of the calls, 0 to 1, that meet one of Kinds. Which ones follows
	// from Seed and from the call (target, method, path, how often it came
	// before), so that it does not depend on the order of concurrent calls.
	Fraction float64
	Kinds    []Fault
	Seed     uint64
	// Hang is how long a Timeout lasts before the connection is cut.
	Hang time.Duration
}

// pick draws the fault of a call; "" is none.
func (f Faults) pick(c *Call) Fault {
	if f.Fraction <= 0 || len(f.Kinds) == 0 {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %s %d", f.Seed, c.Target, c.Method, c.Path, c.Nth))
	draw := binary.BigEndian.Uint64(sum[:8])
	// the upper 53 bits as a number from 0 to 1
	if float64(draw>>11)/(1<<53) >= f.Fraction {
		return ""
	}
	return f.Kinds[binary.BigEndian.Uint64(sum[8:16])%uint64(len(f.Kinds))]
}
