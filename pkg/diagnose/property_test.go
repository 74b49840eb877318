package diagnose

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/addressing"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/config"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestHitsBruteForce compares the overlaps that hits finds with looking at
// every address, for all pairs of prefixes in a space of 16 addresses.
func TestHitsBruteForce(t *testing.T) {
	var all []span
	for bits := 28; bits <= 32; bits++ {
		for at := 0; at < 16; at += 1 << (32 - bits) {
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(at)}), bits)
			all = append(all, span{p, "a range"})
		}
	}
	for _, a := range all {
		for _, b := range all {
			shared, inside := 0, true
			for i := range 16 {
				ip := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
				if a.prefix.Contains(ip) && b.prefix.Contains(ip) {
					shared++
				}
				if b.prefix.Contains(ip) && !a.prefix.Contains(ip) {
					inside = false
				}
			}
			if got := len(hits([]span{a}, []span{b})); (got == 1) != (shared > 0) {
				t.Errorf("%s and %s share %d addresses, and %d overlaps were found", a, b, shared, got)
			}
			if contains(a.prefix, b.prefix) != inside {
				t.Errorf("contains(%s, %s) = %t", a, b, !inside)
			}
		}
	}
}

// TestReservedAsPlanned: the planner avoids what the judgement refuses. The
// two lists are apart because judgements import nothing but facts.
func TestReservedAsPlanned(t *testing.T) {
	var judged, planned []string
	for _, s := range reserved() {
		judged = append(judged, s.prefix.String())
	}
	for _, r := range addressing.Reserved() {
		planned = append(planned, r.Prefix.String())
	}
	if d := cmp.Diff(planned, judged); d != "" {
		t.Errorf("(-addressing +diagnose)\n%s", d)
	}
}

// TestNamesAsPlanned: likewise for cluster names.
func TestNamesAsPlanned(t *testing.T) {
	for _, name := range []string{"", "a", "a-1", "-a", "a-", "A", "ä", "a_b", "default", fmt.Sprintf("%032d", 0), fmt.Sprintf("%033d", 0)} {
		judged := illegalName(name) != "" || name == defaultName
		if planned := config.ValidateClusterName(name) != nil; planned != judged {
			t.Errorf("name %q: refused by the plan %t, by the judgement %t", name, planned, judged)
		}
	}
}

// TestUntouched: judging changes nothing in the snapshot, and gives the same twice.
func TestUntouched(t *testing.T) {
	for _, tc := range grid(t) {
		s := tc.patched(t)
		before := tc.patched(t)
		first := Judge(s, Options{Phase: tc.Phase})
		if d := cmp.Diff(before, s); d != "" {
			t.Fatalf("%s: the snapshot changed: %s", tc.Name, d)
		}
		if d := cmp.Diff(first, Judge(s, Options{Phase: tc.Phase})); d != "" {
			t.Fatalf("%s: a second judgement differs: %s", tc.Name, d)
		}
	}
}

// TestBlindClusterHidesNothing: a further cluster that cannot be reached
// leaves all failures of the others as they are. Only whether a member without
// a context has left is then no longer known: the blind one may know it.
func TestBlindClusterHidesNothing(t *testing.T) {
	for _, tc := range grid(t) {
		s := tc.patched(t)
		want := Judge(s, Options{Phase: tc.Phase})
		s.Clusters = append(slices.Clone(s.Clusters), mesh.Facts{
			Context: "blind", Problems: []mesh.Problem{{Section: mesh.SectionAPI, Kind: mesh.Unreachable, Message: "no answer"}},
		})
		got := Judge(s, Options{Phase: tc.Phase})
		doubtful := slices.ContainsFunc(got.Findings, func(f Finding) bool {
			return f.Code == CodeLeftover && f.Status == Unknown && !slices.Contains(f.Subject.Names, "blind")
		})
		failures := func(r Report) map[string]bool {
			out := map[string]bool{}
			for _, f := range r.Findings {
				if f.Status != Fail || slices.Contains(f.Subject.Names, "blind") || doubtful && f.Code == CodeLeftover {
					continue
				}
				if doubtful {
					f.ExplainedBy = "" // what does not fail explains nothing
				}
				out[fmt.Sprint(f)] = true
			}
			return out
		}
		if d := cmp.Diff(slices.Sorted(maps.Keys(failures(want))), slices.Sorted(maps.Keys(failures(got)))); d != "" {
			t.Errorf("%s: (-without +with)\n%s", tc.Name, d)
		}
		for _, f := range got.Findings {
			if f.Status == Fail && f.Code != CodeAPI && slices.Contains(f.Subject.Names, "blind") {
				t.Errorf("%s: a failure of a cluster that was not seen: %+v", tc.Name, f)
			}
		}
	}
}

// TestCounts: the report's numbers are those of its findings, and it survives
// being written and read.
func TestCounts(t *testing.T) {
	for _, tc := range grid(t) {
		r := Judge(tc.patched(t), Options{Phase: tc.Phase})
		n := r.Counts
		if n.Pass+n.Fail+n.Skipped+n.Unknown != len(r.Findings) || n.Errors+n.Warnings+n.Infos != n.Fail {
			t.Errorf("%s: counts %+v for %d findings", tc.Name, n, len(r.Findings))
		}
		if len(r.Errors()) != n.Errors || len(r.Warnings()) != n.Warnings || len(r.Unknowns()) != n.Unknown {
			t.Errorf("%s: lists and counts differ", tc.Name)
		}
		for _, f := range r.Findings {
			if f.ExplainedBy == f.Code {
				t.Errorf("%s: %s explains itself", tc.Name, f.Code)
			}
		}
		if n.Fail > 0 && len(r.Causes()) == 0 {
			t.Errorf("%s: failures without a cause", tc.Name)
		}
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Report
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, back); d != "" {
			t.Errorf("%s: %s", tc.Name, d)
		}
	}
}

// FuzzJudge changes one value after the other in the base's JSON; whatever
// still is a snapshot must be judged without a panic, in both phases.
func FuzzJudge(f *testing.F) {
	for _, seed := range []string{"", "null", "[]", "{}", "-1", `""`, `"::/0"`, `"0.0.0.0/0"`, `"fe80::1%eth0"`, `"v0"`, "true", `["x"]`} {
		for at := range 8 {
			f.Add(uint(at*37), []byte(seed))
		}
	}
	healthy, err := json.Marshal(base(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, at uint, value []byte) {
		var data, v any
		if err := json.Unmarshal(healthy, &data); err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(value, &v) != nil {
			v = string(value)
		}
		var all []func(any)
		leaves(data, &all)
		all[at%uint(len(all))](v)
		raw, err := json.Marshal(data)
		if err != nil {
			return
		}
		var s mesh.Snapshot
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		for _, phase := range []Phase{Preflight, Running} {
			for _, found := range Judge(s, Options{Phase: phase}).Findings {
				if found.Code == "" || found.Message == "" || statusOrder(found.Status) < 0 {
					t.Fatalf("an incomplete finding: %+v", found)
				}
			}
		}
	})
}

// leaves collects a setter for every value in the data, in a fixed order.
func leaves(node any, all *[]func(any)) {
	switch n := node.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(n)) {
			*all = append(*all, func(v any) { n[k] = v })
			leaves(n[k], all)
		}
	case []any:
		for i := range n {
			*all = append(*all, func(v any) { n[i] = v })
			leaves(n[i], all)
		}
	}
}

// BenchmarkJudge judges 50 clusters of 200 nodes.
func BenchmarkJudge(b *testing.B) {
	s := large(50, 200)
	for b.Loop() {
		Judge(s, Options{})
	}
}

// large is a healthy mesh, of clusters with one agent per node.
func large(clusters, nodes int) mesh.Snapshot {
	s := mesh.Snapshot{APIVersion: mesh.SnapshotVersion}
	for c := range clusters {
		f := mesh.Facts{
			Context:    fmt.Sprintf("aks-%d", c),
			Kubernetes: &mesh.Kubernetes{UID: fmt.Sprint(c), Version: "v1.35.0", ServiceCIDRs: []string{"10.0.0.0/16"}},
			Config: &mesh.Config{
				ClusterName: fmt.Sprintf("aks-%d", c), ClusterID: c + 1, MaxConnectedClusters: 255, RoutingMode: "tunnel",
				TunnelProtocol: "vxlan", TunnelPort: 8472, KubeProxyReplacement: true, IPv4: true, Encryption: "none",
				PodCIDRs: []string{fmt.Sprintf("100.%d.0.0/16", 64+c)},
			},
		}
		var remotes []mesh.Remote
		for other := range clusters {
			if other != c {
				name := fmt.Sprintf("aks-%d", other)
				f.Peers = append(f.Peers, mesh.Peer{Name: name})
				remotes = append(remotes, mesh.Remote{Name: name, Connected: true, Ready: true, Synced: true, ID: other + 1})
			}
		}
		for n := range nodes {
			f.Nodes = append(f.Nodes, mesh.Node{
				Name: fmt.Sprintf("vm-%d", n), InternalIPs: []string{fmt.Sprintf("10.%d.1.%d", c+1, n+4)},
				PodCIDRs: []string{fmt.Sprintf("100.%d.%d.0/24", 64+c, n)},
			})
			f.Agents = append(f.Agents, mesh.Agent{Pod: fmt.Sprintf("cilium-%d", n), Remotes: remotes})
		}
		s.Clusters = append(s.Clusters, f)
	}
	return s
}

// TestLarge: a large healthy mesh is healthy.
func TestLarge(t *testing.T) {
	if r := Judge(large(8, 20), Options{}); r.Counts.Fail > 0 {
		t.Errorf("%+v", r.Errors())
	}
}
