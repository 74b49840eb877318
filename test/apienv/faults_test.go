package apienv

import (
	"fmt"
	"testing"
)

func TestFaultsPick(t *testing.T) {
	kinds := []Fault{TooManyRequests, ServerError, Timeout}
	f := Faults{Fraction: 0.1, Kinds: kinds, Seed: 1}
	const calls = 10_000
	met := map[Fault]int{}
	differs := false
	for i := range calls {
		c := &Call{Target: "aks-1", Method: "GET", Path: fmt.Sprintf("/api/v1/pods/%d", i)}
		fault := f.pick(c)
		met[fault]++
		if again := f.pick(c); again != fault {
			t.Fatalf("call %d met %q, then %q", i, fault, again)
		}
		c.Nth = 1
		differs = differs || f.pick(c) != fault
	}
	for _, kind := range kinds { // a third of a tenth each, give or take
		if n := met[kind]; n < 250 || n > 420 {
			t.Errorf("%d of %d calls met %s, want about 333", n, calls, kind)
		}
	}
	if !differs {
		t.Error("a repeated call always meets what the first one met")
	}
	if fault := (Faults{Kinds: kinds}).pick(&Call{}); fault != "" {
		t.Errorf("no fraction, but met %s", fault)
	}
}
