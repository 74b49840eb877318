package patience

import (
	"testing"
	"time"
)

func TestOf(t *testing.T) {
	for factor, want := range map[string]time.Duration{
		"": time.Second, "1": time.Second, "10": 10 * time.Second, "0": time.Second, "-3": time.Second, "soon": time.Second,
	} {
		t.Setenv(Variable, factor)
		if got := Of(time.Second); got != want {
			t.Errorf("with %q, a second is %s, want %s", factor, got, want)
		}
	}
}
