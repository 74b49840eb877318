package globalsvc

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
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
	// AnsweredBy counts the answers of each cluster, by context, if all answers
	// are names of clusters; only then who answered is compared, too.
	AnsweredBy map[string]int `json:"answeredBy,omitempty"`
	// NotCompared says why who answered is not.
	NotCompared string `json:"notCompared,omitempty"`
}

// Measured is what came of a client's requests.
type Measured struct {
	Answered, Failed int
	Answers          map[string]int // by their text
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
// failed, with the shares that policies let through; and who answered with the
// shares, if every answer is the name of a cluster. Where all requests, or none,
// should be answered, a single one that is different differs; elsewhere the
// count must be one that chance explains.
func Compare(s mesh.Snapshot, predicted Answers, m Measured) Comparison {
	c := compareFailures(predicted, m.Answered, m.Failed)
	c.AnsweredBy, c.NotCompared = answeredBy(s, predicted, m.Answers)
	if c.AnsweredBy == nil || c.Agreement == Differs || predicted.Unknown != "" {
		return c
	}
	if differs := compareWho(predicted, c.AnsweredBy, m.Answered+m.Failed); differs != "" {
		c.Agreement, c.Reason = Differs, differs
	}
	return c
}

func compareFailures(predicted Answers, answered, failed int) Comparison {
	n := answered + failed
	incomplete := func(reason string) Comparison { return Comparison{Agreement: Incomplete, Reason: reason} }
	differs := func(format string, args ...any) Comparison {
		return Comparison{Agreement: Differs, Reason: fmt.Sprintf("by the rules "+format, args...)}
	}
	switch {
	case n == 0:
		return incomplete("no request was sent")
	case predicted.Unknown != "":
		return incomplete(predicted.Unknown)
	}
	low, high := failing(predicted)
	switch {
	case high == 0 && failed > 0:
		return differs("every request is answered, and %d of %d failed", failed, n)
	case low == 1 && answered > 0:
		return differs("no request is answered (%s), and %d of %d were", why(predicted), answered, n)
	case high == 0 || low == 1:
		return Comparison{Agreement: Agrees}
	case predicted.Sticky:
		return incomplete("sessionAffinity is ClientIP, so one client meets one endpoint, which answers or not")
	case !likely(failed, n, low, high):
		return differs("%s of the requests fail (%s), and %d of %d did", span(low, high), why(predicted), failed, n)
	}
	return Comparison{Agreement: Agrees}
}

// likely says whether chance explains that k of n requests went one way, if
// between low and high of all, 0 to 1, do.
func likely(k, n int, low, high float64) bool {
	return atMost(k, n, max(0, low-skew)) >= improbable && atMost(n-k, n, max(0, 1-high-skew)) >= improbable
}

// answeredBy counts answers by the context of the cluster that they name; nil,
// and why, if one names none.
func answeredBy(s mesh.Snapshot, a Answers, answers map[string]int) (by map[string]int, notCompared string) {
	if len(answers) == 0 {
		return nil, ""
	}
	contexts := contextsByName(s, a)
	by = map[string]int{}
	for _, text := range slices.Sorted(maps.Keys(answers)) {
		context, ok := contexts[text]
		if !ok {
			return nil, fmt.Sprintf("answer %q is no cluster's name", text)
		}
		by[context] += answers[text]
	}
	return by, ""
}

// contextsByName are the contexts of clusters by all that they are called. What
// two clusters are called is left out. A member that was not looked at has no
// context, and stands for itself.
func contextsByName(s mesh.Snapshot, a Answers) map[string]string {
	known := map[string]string{}
	torn := map[string]bool{}
	add := func(name, context string) {
		if other, ok := known[name]; ok && other != context {
			torn[name] = true
		}
		known[name] = context
	}
	for i := range s.Clusters {
		f := &s.Clusters[i]
		add(f.Context, f.Context)
		if f.Config != nil && f.Config.ClusterName != "" {
			add(f.Config.ClusterName, f.Context)
		}
	}
	for name := range a.uncounted {
		add(name, name)
	}
	maps.DeleteFunc(known, func(name, _ string) bool { return torn[name] })
	return known
}

// compareWho says which cluster answered more or fewer of n requests than the
// rules have it; empty if none did.
func compareWho(a Answers, by map[string]int, n int) string {
	all := maps.Clone(by)
	for i := range a.Shares {
		all[a.Shares[i].Context] += 0
	}
	for _, context := range slices.Sorted(maps.Keys(all)) {
		low, high := answering(a, context)
		switch times := all[context]; {
		case a.uncounted[context]: // what it gives is not known
		case high == 0 && times > 0:
			return fmt.Sprintf("by the rules %s answers nobody here, and it gave %d of %d answers", context, times, n)
		case a.Sticky: // all answers come from one cluster
		case !likely(times, n, low, high):
			return fmt.Sprintf("by the rules %s answers %s of the requests, and it answered %d of %d", context, span(low, high), times, n)
		}
	}
	return ""
}

// answering is the least and the greatest part of requests, 0 to 1, that a
// cluster answers by the rules. Clusters that are not counted may take from it.
func answering(a Answers, context string) (low, high float64) {
	allowed, uncertain, endpoints := 0, 0, 0
	for i := range a.Shares {
		share := &a.Shares[i]
		endpoints += share.Endpoints
		switch {
		case share.Context != context:
		case share.Verdict == Allowed:
			allowed += share.Endpoints
		case share.Verdict == Uncertain:
			uncertain += share.Endpoints
		}
	}
	if endpoints == 0 {
		return 0, 0
	}
	low, high = float64(allowed)/float64(endpoints), float64(allowed+uncertain)/float64(endpoints)
	if len(a.uncounted) > 0 {
		low = 0
	}
	return low, high
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
