package globalsvc

import (
	"fmt"
	"math"
	"strings"
)

// Verdict says whether network policies let requests through.
type Verdict string

// Verdicts of a [Share].
const (
	Allowed   Verdict = "allowed"
	Denied    Verdict = "denied"
	Uncertain Verdict = "uncertain" // a policy asks for what cannot be told from here
)

// Share is the part of a client's requests that is sent to endpoints of one
// cluster.
type Share struct {
	Context   string `json:"context"`
	Endpoints int    `json:"endpoints"`
	// Fraction is the part of the requests, 0 to 1: all endpoints get the same.
	Fraction float64 `json:"fraction"`
	Verdict  Verdict `json:"verdict"`
	// Reason names the policy if the verdict is not Allowed.
	Reason string `json:"reason,omitempty"`
}

// Answers is who answers a client in one cluster.
type Answers struct {
	Context string  `json:"context"` // the client's cluster
	Shares  []Share `json:"shares,omitempty"`
	// Nobody says why no endpoint is asked; empty if one is.
	Nobody string `json:"nobody,omitempty"`
	// Unknown says what could not be seen, if that decides the answer.
	Unknown string `json:"unknown,omitempty"`
	// Sticky is true if each client stays with one endpoint: shares are then
	// those of many clients.
	Sticky bool     `json:"sticky,omitempty"`
	Notes  []string `json:"notes,omitempty"`

	candidates candidates
	// uncounted are clusters that may give endpoints and could not be looked at.
	uncounted map[string]bool
}

// Query is what a client asks for.
type Query struct {
	Namespace, Name string
	// Port and Protocol choose a port of the Service: the first that has both.
	// 0 means any number, and empty any protocol.
	Port     int32
	Protocol string
	// Node is that of the client's pod; empty for any. It matters if
	// internalTrafficPolicy is Local.
	Node string
	// ClientLabels are the labels of the client's pod, which is in the
	// service's namespace. Network policies may ask for them.
	ClientLabels map[string]string
}

// Text is who answers in one line, as "aks-1 33%, aks-2 67% denied".
func (a *Answers) Text() string {
	switch {
	case a.Unknown != "":
		return "unknown"
	case a.Nobody != "":
		return "nobody"
	}
	var parts []string
	for i := range a.Shares {
		share := &a.Shares[i]
		part := share.Context + " " + Percent(share.Fraction)
		if share.Verdict != Allowed {
			part += " " + string(share.Verdict)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// Percent is a part of the requests as it is predicted: digits behind the point
// would promise more.
func Percent(fraction float64) string { return fmt.Sprintf("%d%%", int(math.Round(fraction*100))) }
