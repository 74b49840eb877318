package network

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestRuleset(t *testing.T) {
	got := ruleset([]Fault{
		{ID: 1, Kind: DropUDP, From: 1, To: 2, Port: 8472, OneWay: true},
		{ID: 2, Kind: DropFragments, From: 1, To: 3},
		{ID: 3, Kind: LowerMTU, From: 1, To: 2, MTU: 1400},
		{ID: 4, Kind: BlackholeMTU, From: 3, To: 2, MTU: 1450, OneWay: true},
	})
	want := `table bridge aksmesh
delete table bridge aksmesh
table bridge aksmesh {
  chain to_nodes {
    type filter hook output priority 0; policy accept;
    ip saddr 10.240.1.0/24 ip daddr 10.240.2.0/24 udp dport 8472 counter drop comment "fault 1"
    ip saddr 10.240.1.0/24 ip daddr 10.240.3.0/24 ip frag-off & 0x3fff != 0 counter drop comment "fault 2"
    ip saddr 10.240.3.0/24 ip daddr 10.240.1.0/24 ip frag-off & 0x3fff != 0 counter drop comment "fault 2"
    ip saddr 10.240.3.0/24 ip daddr 10.240.2.0/24 ip length > 1450 counter drop comment "fault 4"
  }
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	good := []Fault{
		{Kind: DropUDP, From: 1, To: 2, Port: 8472},
		{Kind: DropICMP, From: 2, To: 1},
		{Kind: LowerMTU, From: 1, To: 2, MTU: 1499},
	}
	for _, f := range good {
		if err := f.Validate(); err != nil {
			t.Errorf("%s: %v", &f, err)
		}
	}
	bad := map[string]Fault{
		"no fault":           {Kind: "x", From: 1, To: 2},
		"two clusters":       {Kind: DropICMP, From: 1, To: 1},
		"a port belongs":     {Kind: DropTCP, From: 1, To: 2},
		"only to these":      {Kind: DropICMP, From: 1, To: 2, MTU: 1400},
		"not between 576":    {Kind: LowerMTU, From: 1, To: 2, MTU: 1500},
		"port belongs to ud": {Kind: DropFragments, From: 1, To: 2, Port: 1},
	}
	for want, f := range bad {
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", &f, err, want)
		}
	}
}

// A lower MTU must hold for load balancers behind the same path as well.
func TestTableRoutes(t *testing.T) {
	frontend := Route{To: netip.MustParsePrefix("10.240.2.100/32"), Via: []netip.Addr{netip.MustParseAddr("10.240.2.10")}}
	state := State{
		Routes: []Route{frontend},
		Faults: []Fault{
			{Kind: LowerMTU, From: 1, To: 2, MTU: 1400, OneWay: true},
			{Kind: LowerMTU, From: 1, To: 2, MTU: 1300, OneWay: true},
		},
	}
	want := []tableRoute{
		{table: 254, to: frontend.To, via: frontend.Via},
		{table: 1012, to: netip.MustParsePrefix("10.240.2.0/24"), mtu: 1300},
		{table: 1012, to: frontend.To, via: frontend.Via, mtu: 1300},
	}
	got := tableRoutes(state)
	slices.SortFunc(got, func(a, b tableRoute) int { return a.table - b.table })
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tableRoute{}), cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
