package globalsvc

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	shares := func(verdicts ...Verdict) Answers {
		a := Answers{Context: "aks-1"}
		for _, v := range verdicts {
			s := Share{Context: "aks-2", Endpoints: 1, Fraction: 1 / float64(len(verdicts)), Verdict: v}
			if v != Allowed {
				s.Reason = "policy p"
			}
			a.Shares = append(a.Shares, s)
		}
		return a
	}
	for name, tt := range map[string]struct {
		predicted        Answers
		answered, failed int
		want             Agreement
		reason           string
	}{
		"all answered":          {shares(Allowed, Allowed, Allowed), 1000, 0, Agrees, ""},
		"one failed":            {shares(Allowed, Allowed, Allowed), 999, 1, Differs, "every request is answered, and 1 of 1000 failed"},
		"nobody":                {Answers{Nobody: "no endpoint"}, 0, 1000, Agrees, ""},
		"nobody, yet answered":  {Answers{Nobody: "no endpoint"}, 1, 999, Differs, "no request is answered (no endpoint), and 1 of 1000 were"},
		"no shares":             {Answers{}, 0, 10, Agrees, ""},
		"all denied":            {shares(Denied, Denied, Denied), 0, 1000, Agrees, ""},
		"all denied, answered":  {shares(Denied, Denied), 7, 3, Differs, "(aks-2: policy p; aks-2: policy p), and 7 of 10 were"},
		"half denied":           {shares(Denied, Allowed), 480, 520, Agrees, ""},
		"half denied, few":      {shares(Denied, Allowed), 300, 700, Differs, "about 50 % of the requests fail (aks-2: policy p), and 700 of 1000 did"},
		"half denied, many":     {shares(Denied, Allowed), 1000, 0, Differs, "and 0 of 1000 did"},
		"few requests":          {shares(Denied, Allowed), 10, 0, Agrees, ""},
		"uncertain, answered":   {shares(Uncertain), 1000, 0, Agrees, ""},
		"uncertain, failed":     {shares(Uncertain), 0, 1000, Agrees, ""},
		"uncertain and allowed": {shares(Uncertain, Allowed), 0, 1000, Differs, "0 to 50 % of the requests fail"},
		"uncertain and denied":  {shares(Uncertain, Denied), 1000, 0, Differs, "50 to 100 % of the requests fail"},
		"unknown":               {Answers{Unknown: "not read"}, 1, 1, Incomplete, "not read"},
		"nothing measured":      {shares(Allowed), 0, 0, Incomplete, "no request was sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Compare(tt.predicted, tt.answered, tt.failed)
			if got.Agreement != tt.want || !strings.Contains(got.Reason, tt.reason) || (got.Reason == "") != (tt.reason == "") {
				t.Errorf("got %+v, want %s: %s", got, tt.want, tt.reason)
			}
		})
	}
}

// What chance makes of a prediction agrees with it.
func TestCompareChance(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		denied, allowed, n := 1+random.IntN(5), 1+random.IntN(5), 1+random.IntN(3000)
		a := Answers{Shares: []Share{{Endpoints: denied, Verdict: Denied}, {Endpoints: allowed, Verdict: Allowed}}}
		failed := 0
		for range n {
			if random.IntN(denied+allowed) < denied {
				failed++
			}
		}
		if got := Compare(a, n-failed, failed); got.Agreement != Agrees {
			t.Errorf("%d denied, %d allowed, %d of %d failed: %+v", denied, allowed, failed, n, got)
		}
	}
}

func TestAtMost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		k, n    int
		p, want float64
	}{
		{0, 1, 0.5, 0.5}, {1, 1, 0.5, 1}, {0, 10, 0, 1}, {5, 10, 1, 0}, {1, 3, 0.5, 0.5},
		{0, 1_000_000, 0.5, 0}, {499_999, 1_000_000, 0.5, 0.4996},
	} {
		if got := atMost(tt.k, tt.n, tt.p); math.Abs(got-tt.want) > 1e-3 {
			t.Errorf("atMost(%d, %d, %g) = %g, want %g", tt.k, tt.n, tt.p, got, tt.want)
		}
	}
}
