package mesh

import "testing"

// A pod with an address of each IP family is one endpoint.
func TestCount(t *testing.T) {
	t.Parallel()
	g := GlobalService{Endpoints: []Endpoint{
		{Address: "2001:db8::1", Pod: "a", State: Ready}, {Address: "203.0.113.1", Pod: "a", State: Ready},
		{Address: "203.0.113.2", Pod: "b", State: Ready},
		{Address: "2001:db8::3", Pod: "c", State: Ready}, {Address: "203.0.113.3", Pod: "c", State: NotReady},
		{Address: "2001:db8::4", State: Ready}, {Address: "203.0.113.4", State: Ready}, // nobody knows whether they are one
		{Address: "2001:db8::5", Pod: "e", State: Terminating},
	}}
	for state, want := range map[EndpointState]int{Ready: 5, NotReady: 1, Terminating: 1} {
		if got := g.Count(state); got != want {
			t.Errorf("%s: %d endpoints, want %d", state, got, want)
		}
	}
}
