package globalsvc

import (
	"fmt"
	"math"
	"strings"
)

// Agreement says whether what a client measured is what was predicted.
type Agreement string

// Values of [Agreement].
const (
	Agrees     Agreement = "agrees"
	Differs    Agreement = "differs"
	Incomplete Agreement = "not comparable" // nothing was predicted or measured
)

// Comparison is what came of comparing.
type Comparison struct {
	Agreement Agreement `json:"agreement"`
	// Reason says what differs, or why nothing can be compared.
	Reason string `json:"reason,omitempty"`
}

const (
	// improbable is the probability below which chance is no explanation: one
	// false alarm in a million clients.
	improbable = 1e-6
	// skew is how far a load balancer may be from giving all endpoints the
	// same: Maglev's table is divided to about one in a hundred.
	skew = 0.02
)

// Compare compares how many of a client's requests were answered, and how many
// failed, with the shares that policies let through. It does not compare which
// cluster answered: answers need not say where they come from. Where all
// requests, or none, should be answered, a single one that is different
// differs; elsewhere the count must be one that chance explains.
func Compare(predicted Answers, answered, failed int) Comparison {
	n := answered + failed
	switch {
	case n == 0:
		return Comparison{Incomplete, "no request was sent"}
	case predicted.Unknown != "":
		return Comparison{Incomplete, predicted.Unknown}
	}
	low, high := failing(predicted)
	switch {
	case high == 0 && failed > 0:
		return Comparison{Differs, fmt.Sprintf("by the rules every request is answered, and %d of %d failed", failed, n)}
	case low == 1 && answered > 0:
		return Comparison{Differs, fmt.Sprintf("by the rules no request is answered (%s), and %d of %d were", why(predicted), answered, n)}
	case high == 0 || low == 1:
		return Comparison{Agreement: Agrees}
	}
	tooFew := atMost(failed, n, max(0, low-skew)) < improbable
	tooMany := atMost(answered, n, max(0, 1-high-skew)) < improbable
	if tooFew || tooMany {
		return Comparison{Differs, fmt.Sprintf("by the rules %s of the requests fail (%s), and %d of %d did", span(low, high), why(predicted), failed, n)}
	}
	return Comparison{Agreement: Agrees}
}

// failing is the least and the greatest part of requests, 0 to 1, that fail by
// the rules.
func failing(a Answers) (low, high float64) {
	if a.Nobody != "" {
		return 1, 1
	}
	denied, uncertain, endpoints := 0, 0, 0
	for _, share := range a.Shares {
		endpoints += share.Endpoints
		switch share.Verdict {
		case Denied:
			denied += share.Endpoints
		case Uncertain:
			uncertain += share.Endpoints
		}
	}
	if endpoints == 0 {
		return 1, 1
	}
	// Endpoints are counted, since sums of fractions are only nearly 0 or 1.
	return float64(denied) / float64(endpoints), float64(denied+uncertain) / float64(endpoints)
}

// why are the reasons for which requests fail.
func why(a Answers) string {
	if a.Nobody != "" {
		return a.Nobody
	}
	var reasons []string
	for _, share := range a.Shares {
		if share.Verdict != Allowed && share.Reason != "" {
			reasons = append(reasons, share.Context+": "+share.Reason)
		}
	}
	return strings.Join(reasons, "; ")
}

func span(low, high float64) string {
	if low == high {
		return fmt.Sprintf("about %.0f %%", 100*low)
	}
	return fmt.Sprintf("%.0f to %.0f %%", 100*low, 100*high)
}

// atMost is the probability that of n independent events, each of probability
// p, at most k happen.
func atMost(k, n int, p float64) float64 {
	switch {
	case k >= n || p <= 0:
		return 1
	case p >= 1:
		return 0
	}
	sum := 0.0
	for i := range k + 1 {
		sum += math.Exp(logChoices(n, i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(1, sum)
}

// logChoices is the logarithm of the number of ways to choose k of n.
func logChoices(n, k int) float64 {
	factorial := func(i int) float64 {
		log, _ := math.Lgamma(float64(i + 1)) // positive for what is not negative
		return log
	}
	return factorial(n) - factorial(k) - factorial(n-k)
}
