package agent

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func well() mesh.Path { return mesh.Path{ICMP: mesh.Reached, TCP: mesh.Reached} }

func TestParseHealth(t *testing.T) {
	h, err := ParseHealth(fixture(t, "health.json"))
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 22, 14, 24, 57, 0, time.UTC); !h.Probed.Equal(want) {
		t.Errorf("probed %v", h.Probed)
	}
	want := []mesh.Paths{
		{Cluster: "aks-2", Nodes: 1, Host: well(), Endpoint: well()},
		{Cluster: "aks-3", Nodes: 1, Host: well(), Endpoint: well()},
	}
	if d := cmp.Diff(want, h.Groups()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"10.240.2.10", "100.65.0.233", "10.240.3.10", "100.66.0.11"}, h.Sample(0, 32)); d != "" {
		t.Errorf("sample (-want +got)\n%s", d)
	}
}

// ill is a node of which nothing but the node's ICMP answers.
const ill = `{"name": "b/n1",
"host": {"primary-address": {"ip": "10.0.0.1", "icmp": {"lastProbed": "x"}, "http": {"lastProbed": "x", "status": "Get \"http://10.0.0.1:4240\": dial tcp 10.0.0.1:4240:\ni/o timeout"}}},
"health-endpoint": {"primary-address": {"ip": "fd00::1", "icmp": {"lastProbed": "x", "status": "Connection timed out"}, "http": {"lastProbed": "x", "status": "Connection timed out"}}}}`

func TestParseHealthEdges(t *testing.T) {
	const head, tail = `{"local": {"name": "a/n0"}, "timestamp": "0001-01-01T00:00:00Z", "nodes": [`, `]}`
	for name, test := range map[string]struct {
		data string
		want []mesh.Paths
		bad  bool
	}{
		"nothing known yet":    {data: `{"local": {"name": ""}, "nodes": null}`},
		"null, itself":         {data: head + `null, {"name": "a/n0"}` + tail},
		"before the first":     {data: head + `{"name": "a/n1", "host": {"primary-address": {"ip": "10.0.0.1"}}, "health-endpoint": {}}` + tail, want: []mesh.Paths{{Cluster: "a", Nodes: 1}}},
		"a cluster of no name": {data: head + `{"name": "n1"}` + tail, want: []mesh.Paths{{Cluster: "default", Nodes: 1}}},
		"lost": {data: head + ill + tail, want: []mesh.Paths{{
			Cluster: "b", Nodes: 1, Host: mesh.Path{ICMP: mesh.Reached, TCP: mesh.Lost}, Endpoint: mesh.Path{ICMP: mesh.Lost, TCP: mesh.Lost},
			Examples: []mesh.Example{{Node: "n1", Host: "10.0.0.1", Endpoint: "fd00::1", Text: `Get "http://10.0.0.1:4240": dial tcp 10.0.0.1:4240: i/o timeout`}},
		}}},
		"not JSON":        {data: "Cannot get status: dial unix /var/run/cilium/health.sock", bad: true},
		"another program": {data: `{"kind": "Status"}`, bad: true},
	} {
		h, err := ParseHealth([]byte(test.data))
		if (err != nil) != test.bad {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(test.want, h.Groups()); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

// TestGroupsBounded: what is kept does not grow with the number of nodes.
func TestGroupsBounded(t *testing.T) {
	var h Health
	for i := range 10_000 {
		n := NodePaths{Cluster: "b", Node: fmt.Sprint(i), Host: PathResult{Path: well()}, Endpoint: PathResult{Path: well()}}
		if i%2 == 0 {
			n.Endpoint.Path = mesh.Path{ICMP: mesh.Lost, TCP: mesh.Lost}
		}
		h.Nodes = append(h.Nodes, n)
	}
	groups := h.Groups()
	if len(groups) != 2 || groups[0].Nodes+groups[1].Nodes != 10_000 || len(groups[0].Examples) != maxExamples || groups[1].Examples != nil {
		t.Errorf("%+v", groups)
	}
}

// TestRenew: a fresh measurement replaces an old one, and makes the old ICMP
// worthless only if something has changed.
func TestRenew(t *testing.T) {
	parse := func() Health {
		h, err := ParseHealth([]byte(`{"local": {"name": "a/n0"}, "nodes": [` + ill + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	for name, test := range map[string]struct {
		out  string
		want mesh.Path
		text string
	}{
		"no answer":     {"done", mesh.Path{ICMP: mesh.Reached, TCP: mesh.Lost}, "TCP: no answer within 3 s"},
		"mended":        {"open 10.0.0.1\ndone", mesh.Path{TCP: mesh.Reached}, ""},
		"refused":       {"reach: connect: Connection refused\nreach: line 3: /dev/tcp/10.0.0.1/4240: Connection refused\ndone", mesh.Path{TCP: mesh.Reached}, ""},
		"no route":      {"reach: line 3: /dev/tcp/10.0.0.1/4240: No route to host\ndone", mesh.Path{ICMP: mesh.Reached, TCP: mesh.Lost}, "TCP: No route to host"},
		"cut short":     {"open 10.0.0.1", mesh.Path{ICMP: mesh.Reached, TCP: mesh.Lost}, parse().Nodes[0].Host.Text},
		"no such shell": {"", mesh.Path{ICMP: mesh.Reached, TCP: mesh.Lost}, parse().Nodes[0].Host.Text},
	} {
		h := parse()
		h.Renew(ParseReach([]byte(test.out), h.Sample(0, 32)))
		if got := h.Nodes[0].Host; got.Path != test.want || got.Text != test.text {
			t.Errorf("%s: %+v %q", name, got.Path, got.Text)
		}
	}
}

// TestRenewOthers: losses that nobody measured anew are forgotten if the
// others of the cluster have ended.
func TestRenewOthers(t *testing.T) {
	lost := mesh.Path{ICMP: mesh.Lost, TCP: mesh.Lost}
	for name, test := range map[string]struct {
		reach mesh.Outcome
		want  mesh.Path
	}{"mended": {mesh.Reached, mesh.Path{}}, "still lost": {mesh.Lost, lost}} {
		h := Health{Nodes: []NodePaths{
			{Cluster: "b", Node: "1", Endpoint: PathResult{Address: netip.MustParseAddr("10.0.0.1"), Path: lost}},
			{Cluster: "b", Node: "2", Endpoint: PathResult{Address: netip.MustParseAddr("10.0.0.2"), Path: lost}},
			{Cluster: "c", Node: "3", Endpoint: PathResult{Address: netip.MustParseAddr("10.0.0.3"), Path: lost}},
		}}
		h.Renew(map[string]Reach{"10.0.0.1": {Outcome: test.reach}})
		if h.Nodes[1].Endpoint.Path != test.want || h.Nodes[2].Endpoint.Path != lost {
			t.Errorf("%s: %+v", name, h.Nodes)
		}
	}
}

// TestSample: agents together look at all clusters, each at no more than its share.
func TestSample(t *testing.T) {
	var data []byte
	for c := range 50 {
		for n := range 20 {
			data = fmt.Appendf(data, `,{"name": "c%d/n%d", "host": {"primary-address": {"ip": "10.0.%d.%d"}}}`, c, n, c, n)
		}
	}
	h, err := ParseHealth(slices.Concat([]byte(`{"local": {}, "nodes": [`), data[1:], []byte(`]}`)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for seed := range 50 {
		sample := h.Sample(seed, 32)
		if len(sample) != 32 {
			t.Fatalf("%d addresses", len(sample))
		}
		for _, a := range sample {
			seen[a] = true
		}
	}
	if len(seen) < 500 {
		t.Errorf("50 agents look at %d of 1000 nodes", len(seen))
	}
	if (&Health{}).Sample(3, 32) != nil {
		t.Error("a sample of nothing")
	}
}

func TestParseArrivals(t *testing.T) {
	const out = `   2: 0209090A:1090 0109090A:D5BE 03 00000000:00000000 01:00000067 00000001     0        0 0 0 000000005b6a8914
   3: 0209090A:1090 0109090A:D5BF 03 00000000:00000000 01:00000067 00000001     0        0 0 0 000000005b6a8915
   1: 000000FD000000000000000002000000:1090 000000FD000000000000000001000000:EC4E 03 00000000:00000000 01:00000066 00000001     0        0 0 0 000000001187eafa
endpoint
   4: 0209090A:1090 B4004064:D5BE 03 00000000:00000000 01:00000067 00000001     0        0 0 0 000000005b6a8914
done
`
	got, ok := ParseArrivals([]byte(out))
	want := []mesh.Arrival{{From: "10.9.9.1"}, {From: "fd00::1"}, {From: "100.64.0.180", Endpoint: true}}
	if d := cmp.Diff(want, got); d != "" || !ok {
		t.Errorf("(-want +got) %t\n%s", ok, d)
	}
	if got, ok := ParseArrivals([]byte("endpoint\ndone\n")); !ok || got == nil || len(got) > 0 {
		t.Errorf("none: %v, %t", got, ok)
	}
	if _, ok := ParseArrivals([]byte("endpoint\n")); ok {
		t.Error("an answer cut short is taken")
	}
}

func TestParseMTU(t *testing.T) {
	got, err := ParseMTU(fixture(t, "mtu.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&mesh.NodeMTU{Device: 1500, Route: 1450, Devices: []mesh.DeviceMTU{{Name: "eth0", MTU: 1500}}}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	got, err = ParseMTU([]byte("Prefix DeviceMTU RouteMTU\n::/0 1500 1430\n"))
	if err != nil || got.Route != 1430 {
		t.Errorf("IPv6 alone: %+v, %v", got, err)
	}
	for _, text := range []string{"", "table \"mtu\" not found", "0.0.0.0/0 x y z"} {
		if _, err := ParseMTU([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzParseHealth(f *testing.F) {
	f.Add(fixture(f, "health.json"))
	f.Add([]byte(`{"local": {}, "nodes": [` + ill + `]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseHealth(data)
		if err != nil {
			return
		}
		h.Renew(ParseReach([]byte("done"), h.Sample(1, 8)))
		nodes := 0
		for _, g := range h.Groups() {
			nodes += g.Nodes
		}
		if nodes != len(h.Nodes) {
			t.Errorf("%d nodes in groups of %d", len(h.Nodes), nodes)
		}
	})
}

func FuzzParseReach(f *testing.F) {
	f.Add([]byte("open 10.0.0.1\nreach: line 3: /dev/tcp/10.0.0.2/4240: Connection refused\ndone"))
	f.Add([]byte("/dev/tcp/"))
	f.Fuzz(func(t *testing.T, out []byte) {
		asked := []string{"10.0.0.1", "10.0.0.2"}
		if got := ParseReach(out, asked); got != nil && len(got) != len(asked) {
			t.Errorf("%v", got)
		}
	})
}

func FuzzParseArrivals(f *testing.F) {
	f.Add([]byte("1: 0209090A:1090 0109090A:D5BE 03\nendpoint\ndone"))
	f.Add([]byte("1: : 0109090A01:D5BE 03"))
	f.Fuzz(func(t *testing.T, out []byte) {
		got, _ := ParseArrivals(out)
		for _, a := range got {
			if a.From == "invalid IP" || a.From == "" {
				t.Errorf("%+v", a)
			}
		}
	})
}

func FuzzParseMTU(f *testing.F) {
	f.Add(fixture(f, "mtu.txt"))
	f.Fuzz(func(t *testing.T, out []byte) {
		if m, err := ParseMTU(out); err == nil && (m.Device <= 0 || m.Route <= 0) {
			t.Errorf("%+v", m)
		}
	})
}
