package globalsvc

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
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
	sticky := func(verdicts ...Verdict) Answers {
		a := shares(verdicts...)
		a.Sticky = true
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
		"sticky, answered":      {sticky(Denied, Allowed), 1000, 0, Incomplete, "sessionAffinity is ClientIP"},
		"sticky, failed":        {sticky(Denied, Allowed), 0, 1000, Incomplete, "sessionAffinity is ClientIP"},
		"sticky, moved":         {sticky(Denied, Allowed), 300, 700, Incomplete, "sessionAffinity is ClientIP"},
		"sticky, all allowed":   {sticky(Allowed, Allowed), 1000, 0, Agrees, ""},
		"sticky, one failed":    {sticky(Allowed, Allowed), 999, 1, Differs, "every request is answered"},
		"sticky, all denied":    {sticky(Denied, Denied), 1, 999, Differs, "no request is answered"},
		"unknown":               {Answers{Unknown: "not read"}, 1, 1, Incomplete, "not read"},
		"nothing measured":      {shares(Allowed), 0, 0, Incomplete, "no request was sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Compare(mesh.Snapshot{}, tt.predicted, Measured{Answered: tt.answered, Failed: tt.failed})
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
		if got := Compare(mesh.Snapshot{}, a, Measured{Answered: n - failed, Failed: failed}); got.Agreement != Agrees {
			t.Errorf("%d denied, %d allowed, %d of %d failed: %+v", denied, allowed, failed, n, got)
		}
	}
}

// named is a mesh whose contexts are c1 to c3 and whose clusters are n1 to n3.
func named() mesh.Snapshot { return world(side{}, side{}, side{}) }

// who is a prediction of three endpoints, of which c1 has one and c2 two.
func who(second Verdict) Answers {
	return Answers{Context: "c1", Shares: []Share{
		{Context: "c1", Endpoints: 1, Fraction: 1. / 3, Verdict: Allowed}, {Context: "c2", Endpoints: 2, Fraction: 2. / 3, Verdict: second},
	}}
}

// Answers that name a cluster are compared with who should answer.
func TestCompareWho(t *testing.T) {
	t.Parallel()
	sticky := who(Allowed)
	sticky.Sticky = true
	partly := who(Allowed)
	partly.uncounted = map[string]bool{"far": true}
	torn := named()
	torn.Clusters[2].Context = "n1" // which is also the first cluster's name
	for name, tt := range map[string]struct {
		seen      mesh.Snapshot
		predicted Answers
		failed    int
		answers   map[string]int
		want      Agreement
		reason    string
		by        map[string]int
		not       string // what was not compared
	}{
		"by context":        {named(), who(Allowed), 0, map[string]int{"c1": 330, "c2": 670}, Agrees, "", map[string]int{"c1": 330, "c2": 670}, ""},
		"by cluster name":   {named(), who(Allowed), 0, map[string]int{"n1": 330, "n2": 600, "c2": 70}, Agrees, "", map[string]int{"c1": 330, "c2": 670}, ""},
		"another cluster":   {named(), who(Allowed), 0, map[string]int{"c1": 330, "c2": 669, "n3": 1}, Differs, "by the rules c3 answers nobody here, and it gave 1 of 1000 answers", map[string]int{"c1": 330, "c2": 669, "c3": 1}, ""},
		"too many":          {named(), who(Allowed), 0, map[string]int{"c1": 670, "c2": 330}, Differs, "by the rules c1 answers about 33 % of the requests, and it answered 670 of 1000", map[string]int{"c1": 670, "c2": 330}, ""},
		"none of one":       {named(), who(Allowed), 0, map[string]int{"c2": 1000}, Differs, "by the rules c1 answers about 33 %", map[string]int{"c2": 1000}, ""},
		"few requests":      {named(), who(Allowed), 0, map[string]int{"c2": 10}, Agrees, "", map[string]int{"c2": 10}, ""},
		"one is denied":     {named(), who(Denied), 670, map[string]int{"c1": 330}, Agrees, "", map[string]int{"c1": 330}, ""},
		"the denied one":    {named(), who(Denied), 670, map[string]int{"c1": 320, "c2": 10}, Differs, "by the rules c2 answers nobody here", map[string]int{"c1": 320, "c2": 10}, ""},
		"perhaps denied":    {named(), who(Uncertain), 0, map[string]int{"c1": 330, "c2": 670}, Agrees, "", map[string]int{"c1": 330, "c2": 670}, ""},
		"no cluster":        {named(), who(Allowed), 0, map[string]int{"c1": 330, "two": 670}, Agrees, "", nil, `answer "two" is no cluster's name`},
		"two clusters":      {torn, who(Allowed), 0, map[string]int{"n1": 1000}, Agrees, "", nil, `answer "n1" is no cluster's name`},
		"counts differ":     {named(), who(Allowed), 1, map[string]int{"c1": 330, "c2": 669}, Differs, "1 of 1000 failed", map[string]int{"c1": 330, "c2": 669}, ""},
		"sticky":            {named(), sticky, 0, map[string]int{"c1": 1000}, Agrees, "", map[string]int{"c1": 1000}, ""},
		"sticky, elsewhere": {named(), sticky, 0, map[string]int{"c3": 1000}, Differs, "by the rules c3 answers nobody here", map[string]int{"c3": 1000}, ""},
		"member unseen":     {named(), partly, 0, map[string]int{"c1": 100, "c2": 200, "far": 700}, Agrees, "", map[string]int{"c1": 100, "c2": 200, "far": 700}, ""},
		"not a member":      {named(), partly, 0, map[string]int{"c1": 100, "c2": 200, "c3": 700}, Differs, "by the rules c3 answers nobody here", map[string]int{"c1": 100, "c2": 200, "c3": 700}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answered := 0
			for _, times := range tt.answers {
				answered += times
			}
			got := Compare(tt.seen, tt.predicted, Measured{answered, tt.failed, tt.answers})
			if got.Agreement != tt.want || !strings.Contains(got.Reason, tt.reason) || (got.Reason == "") != (tt.reason == "") {
				t.Errorf("got %+v, want %s: %s", got, tt.want, tt.reason)
			}
			if diff := cmp.Diff(tt.by, got.AnsweredBy); diff != "" || !strings.Contains(got.NotCompared, tt.not) || (got.NotCompared == "") != (tt.not == "") {
				t.Errorf("not compared: %q, want %q; who answered (-want +got):\n%s", got.NotCompared, tt.not, diff)
			}
		})
	}
}

// Chance alone makes no cluster answer other than it should.
func TestCompareWhoByChance(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		first, second, n := 1+random.IntN(5), 1+random.IntN(5), 1+random.IntN(3000)
		a := Answers{Shares: []Share{{Context: "c1", Endpoints: first, Verdict: Allowed}, {Context: "c2", Endpoints: second, Verdict: Allowed}}}
		answers := map[string]int{}
		for range n {
			if random.IntN(first+second) < first {
				answers["c1"]++
			} else {
				answers["c2"]++
			}
		}
		if got := Compare(named(), a, Measured{Answered: n, Answers: answers}); got.Agreement != Agrees {
			t.Errorf("%d and %d endpoints, answers %v: %+v", first, second, answers, got)
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
