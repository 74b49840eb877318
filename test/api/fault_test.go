package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// TestJoinThroughFaults lets a tenth of all calls, to API servers and to
// Azure, go wrong.
func TestJoinThroughFaults(t *testing.T) {
	const few, many = 2, 20
	seeds := few
	if allFaults() {
		seeds = many
	}
	want, _ := undisturbed(t)
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := env.World(t, apienv.WorldOptions{Clusters: 2, Workloads: true})
			faults := apienv.Faults{
				Fraction: 0.1, Seed: uint64(seed), Hang: time.Second,
				Kinds: []apienv.Fault{apienv.TooManyRequests, apienv.ServerError, apienv.Timeout, apienv.LostAnswer},
			}
			w.ARM.SetFaults(faults)
			for _, m := range w.Members {
				m.Proxy.SetFaults(faults)
			}
			r := join(t, w, two)
			met := map[apienv.Fault]int{}
			for _, call := range w.Journal.Calls() {
				met[call.Fault]++
			}
			t.Logf("calls by fault: %v", met)
			for _, m := range w.Members {
				m.Proxy.SetFaults(apienv.Faults{})
			}
			w.ARM.SetFaults(apienv.Faults{})
			same(t, want, look(t, w))
			keepsSecrets(t, w, r)
		})
	}
}
