package addressing

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlanPodCIDRs(t *testing.T) {
	p := netip.MustParsePrefix
	for _, tc := range []struct {
		name string
		in   Input
		want string // "context=cidr …", sorted
		err  []string
	}{
		{
			name: "new clusters take the lowest blocks",
			in:   Input{Clusters: []Cluster{{Context: "a", Nodes: 3}, {Context: "b"}, {Context: "c"}}},
			want: "a=100.64.0.0/16 b=100.65.0.0/16 c=100.66.0.0/16",
		},
		{
			name: "what runs stays, wherever it is",
			in: Input{Clusters: []Cluster{
				{Context: "a"}, {Context: "b", Existing: prefixes("100.64.0.0/16", "fd00::/104")}, {Context: "c", Existing: prefixes("10.0.0.0/8")},
			}},
			want: "a=100.65.0.0/16 b=100.64.0.0/16 b=fd00::/104 c=10.0.0.0/8",
		},
		{
			name: "steps around what is in use",
			in: Input{
				Clusters: []Cluster{{Context: "a"}, {Context: "b"}},
				Avoid:    []Range{{Prefix: p("100.64.0.0/14"), What: "a network"}, {Prefix: p("100.69.7.0/24"), What: "nodes", Soft: true}},
			},
			want: "a=100.68.0.0/16 b=100.70.0.0/16",
		},
		{
			name: "wanted wins over the pool and over those before it",
			in:   Input{Clusters: []Cluster{{Context: "a"}, {Context: "b", Wanted: p("100.64.0.0/16")}}},
			want: "a=100.65.0.0/16 b=100.64.0.0/16",
		},
		{
			name: "wanted may overlap what is only unwise",
			in: Input{
				Clusters: []Cluster{{Context: "a", Wanted: p("10.244.0.0/16")}},
				Avoid:    []Range{{Prefix: p("10.244.0.0/16"), What: "podCidr", Soft: true}},
			},
			want: "a=10.244.0.0/16",
		},
		{
			name: "Azure's own pod range is preferred, once",
			in: Input{Clusters: []Cluster{
				{Context: "a", Preferred: p("10.244.0.0/16")}, {Context: "b", Preferred: p("10.244.0.0/16")},
			}},
			want: "a=10.244.0.0/16 b=100.64.0.0/16",
		},
		{
			name: "Azure's own pod range is preferred though it is in use, by its owner",
			in: Input{
				Clusters: []Cluster{{Context: "a", Preferred: p("10.180.0.0/16")}, {Context: "b", Preferred: p("10.181.0.0/16")}},
				Avoid: []Range{
					{Prefix: p("10.180.0.0/16"), What: "podCidr", Soft: true, Owner: "a"},
					{Prefix: p("10.181.0.0/16"), What: "podCidr", Soft: true, Owner: "c"},
				},
			},
			want: "a=10.180.0.0/16 b=100.64.0.0/16",
		},
		{
			name: "a range of its own is no reason to take it from the pool",
			in: Input{
				Clusters: []Cluster{{Context: "a"}},
				Avoid:    []Range{{Prefix: p("100.64.0.0/16"), What: "podCidr", Soft: true, Owner: "a"}},
			},
			want: "a=100.65.0.0/16",
		},
		{
			name: "a preferred range that has no room is passed over",
			in:   Input{Clusters: []Cluster{{Context: "a", Nodes: 9, Preferred: p("10.244.0.0/22")}}},
			want: "a=100.64.0.0/16",
		},
		{
			name: "many nodes get more room",
			in:   Input{Clusters: []Cluster{{Context: "a"}, {Context: "b", Nodes: 200}, {Context: "c"}}},
			want: "a=100.64.0.0/16 b=100.66.0.0/15 c=100.65.0.0/16",
		},
		{
			name: "a small pool is shared out in sixteenths, by need",
			in:   Input{Pool: p("10.96.0.0/16"), Clusters: []Cluster{{Context: "a"}, {Context: "b", Nodes: 20}, {Context: "c"}}},
			want: "a=10.96.0.0/20 b=10.96.64.0/18 c=10.96.16.0/20",
		},
		{
			name: "a size can be asked for",
			in:   Input{Bits: 20, Clusters: []Cluster{{Context: "a"}, {Context: "b"}}},
			want: "a=100.64.0.0/20 b=100.64.16.0/20",
		},
		{
			name: "all that is wrong, at once",
			in: Input{
				Pool:  p("10.96.0.0/23"),
				Avoid: []Range{{Prefix: p("10.0.0.0/16"), What: `the service range of context "a"`}},
				Clusters: []Cluster{
					{Context: "a", Wanted: p("10.0.0.0/8")},
					{Context: "b", Wanted: p("172.30.0.0/24")},
					{Context: "c", Existing: prefixes("10.9.0.0/16"), Wanted: p("10.8.0.0/16")},
					{Context: "d", Nodes: 200},
					{Context: "e"}, {Context: "f"},
					{Context: "g", Nodes: 3, Wanted: p("10.7.0.0/23")},
				},
			},
			err: []string{
				`context "c" already runs with the pod CIDR 10.9.0.0/16, which cannot be changed: leave out --pod-cidr c=10.8.0.0/16`,
				`pod CIDR 10.0.0.0/8 of context "a" overlaps 10.0.0.0/16 (the service range of context "a"): choose another with --pod-cidr a=CIDR`,
				`pod CIDR 172.30.0.0/24 of context "b" overlaps 172.30.0.0/16 (a range reserved by AKS): choose another with --pod-cidr b=CIDR`,
				`pod CIDR 10.7.0.0/23 of context "g" holds 2 nodes, and the cluster has 3: choose a larger one with --pod-cidr g=CIDR`,
				`context "d" needs a pod CIDR of size /15 for its 200 nodes, and the pool 10.96.0.0/23 is smaller: choose a larger one with --pod-pool`,
				`the pool 10.96.0.0/23 has no room for a pod CIDR of size /23 for context "f": choose a larger pool with --pod-pool, or a CIDR with --pod-cidr f=CIDR`,
			},
		},
		{
			name: "an IPv6 pool",
			in:   Input{Pool: p("fd00::/48"), Clusters: []Cluster{{Context: "a"}}},
			err:  []string{"the pool fd00::/48 is not IPv4: choose another with --pod-pool"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, err := PlanPodCIDRs(tc.in)
			if d := cmp.Diff(strings.Join(tc.err, "\n"), errText(err)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tc.want, text(out)); d != "" {
				t.Error(d)
			}
		})
	}
}

func text(plan map[string][]netip.Prefix) string {
	var out []string
	for c, ps := range plan {
		for _, p := range ps {
			out = append(out, c+"="+p.String())
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestPlanProperties draws inputs at random and checks what must hold for all.
func TestPlanProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	planned := 0
	for range 2000 {
		in := randomInput(r)
		out, err := PlanPodCIDRs(in)
		if err != nil {
			continue
		}
		planned++
		checkDisjoint(t, in, out)

		again, _ := PlanPodCIDRs(in)
		if d := cmp.Diff(text(out), text(again)); d != "" {
			t.Fatalf("not deterministic: %s", d)
		}
		more := in
		more.Clusters = append(slices.Clone(in.Clusters), Cluster{Context: "late", Nodes: r.IntN(9)})
		if grown, err := PlanPodCIDRs(more); err == nil {
			delete(grown, "late")
			if d := cmp.Diff(text(out), text(grown)); d != "" {
				t.Fatalf("a further cluster moved the others: %s", d)
			}
		}
		// A run that ended halfway: one of the planned CIDRs is there by now.
		half := in
		half.Clusters = slices.Clone(in.Clusters)
		i := r.IntN(len(half.Clusters))
		half.Clusters[i].Existing = out[half.Clusters[i].Context]
		resumed, err := PlanPodCIDRs(half)
		if d := cmp.Diff(text(out), text(resumed)); err != nil || d != "" {
			t.Fatalf("a second run plans something else: %v %s", err, d)
		}
	}
	if planned < 500 {
		t.Fatalf("only %d of the random inputs could be planned; the test says little", planned)
	}
}

func randomInput(r *rand.Rand) Input {
	in := Input{Pool: netip.PrefixFrom(netip.MustParseAddr("100.64.0.0"), 10+r.IntN(8))}
	within := func(bits int) netip.Prefix {
		a := [4]byte{100, byte(64 + r.IntN(8)), byte(r.IntN(256)), 0}
		return netip.PrefixFrom(netip.AddrFrom4(a), bits).Masked()
	}
	for range r.IntN(5) {
		in.Avoid = append(in.Avoid, Range{Prefix: within(14 + r.IntN(11)), What: "a network", Soft: r.IntN(2) == 0})
	}
	for i := range 1 + r.IntN(5) {
		c := Cluster{Context: fmt.Sprintf("aks-%d", i), Nodes: r.IntN(12)}
		if r.IntN(4) == 0 {
			c.Preferred = within(16)
		}
		if r.IntN(6) == 0 {
			c.Wanted = within(18)
		}
		in.Clusters = append(in.Clusters, c)
	}
	return in
}

func checkDisjoint(t *testing.T, in Input, out map[string][]netip.Prefix) {
	t.Helper()
	for _, c := range in.Clusters {
		got := out[c.Context]
		if len(got) != 1 {
			t.Fatalf("context %s got %v", c.Context, got)
		}
		for _, r := range append(Reserved(), in.Avoid...) {
			if got[0].Overlaps(r.Prefix) && (!r.Soft || got[0] != c.Wanted) {
				t.Fatalf("%s of %s overlaps %s", got[0], c.Context, r.Prefix)
			}
		}
		for other, ps := range out {
			if other != c.Context && got[0].Overlaps(ps[0]) {
				t.Fatalf("%s of %s overlaps %s of %s", got[0], c.Context, ps[0], other)
			}
		}
		if blocks(got[0].Bits()) < c.Nodes {
			t.Fatalf("%s of %s does not hold %d nodes", got[0], c.Context, c.Nodes)
		}
	}
}
