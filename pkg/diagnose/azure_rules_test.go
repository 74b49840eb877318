package diagnose

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// nsgRule is a security rule in short: "ACCESS PROTOCOL SOURCE DESTINATION PORTS".
func nsgRule(priority int, text string) mesh.SecurityRule {
	r := mesh.SecurityRule{Name: fmt.Sprint("r", priority), Priority: priority, Direction: inbound, SourcePorts: []string{"*"}}
	r.Sources, r.Destinations, r.DestinationPorts = make([]string, 1), make([]string, 1), make([]string, 1)
	if _, err := fmt.Sscan(text, &r.Access, &r.Protocol, &r.Sources[0], &r.Destinations[0], &r.DestinationPorts[0]); err != nil {
		panic(err)
	}
	return r
}

func TestDecide(t *testing.T) {
	vxlan := packet{netip.MustParseAddr("10.1.0.4"), netip.MustParseAddr("10.2.0.4"), flow{"", "Udp", ephemeral(), 8472}}
	icmp := vxlan
	icmp.flow = flow{"", "Icmp", portRange{}, 0}
	tags := func(tag string, _ netip.Addr) truth {
		return map[string]truth{"VirtualNetwork": surely, "AzureLoadBalancer": never}[tag]
	}
	unknownTags := func(string, netip.Addr) truth { return perhaps }
	group := nsgRule(100, "Deny Udp 10.9.9.9 * *")
	group.Sources, group.SourceGroups = nil, []string{"/asg"}
	fromPort := nsgRule(100, "Deny Udp * * 8472")
	fromPort.SourcePorts = []string{"53"}
	someFrom := fromPort
	someFrom.SourcePorts = []string{"32768-60999"}
	many := nsgRule(100, "Deny Udp 10.7.0.0/16 10.2.0.0/24 1-100")
	many.Sources, many.DestinationPorts = append(many.Sources, "10.1.0.4"), append(many.DestinationPorts, "8000-9000")
	out := nsgRule(100, "Deny * * * *")
	out.Direction = outbound
	allow, deny := nsgRule(65000, "Allow * VirtualNetwork VirtualNetwork *"), nsgRule(65500, "Deny * * * *")
	for name, tc := range map[string]struct {
		packet packet
		tags   tagger
		rules  []mesh.SecurityRule
		passes truth
		by     int // priority of the rule that is named; 0 none
	}{
		"the default rules":             {vxlan, tags, []mesh.SecurityRule{deny, allow}, surely, 65000},
		"no rules":                      {vxlan, tags, nil, perhaps, 0},
		"the lowest number first":       {vxlan, tags, []mesh.SecurityRule{deny, nsgRule(200, "Allow Udp * * *"), nsgRule(100, "Deny Udp * * *")}, never, 100},
		"another port":                  {vxlan, tags, []mesh.SecurityRule{nsgRule(100, "Deny Udp * * 8473"), allow}, surely, 65000},
		"a range of ports":              {vxlan, tags, []mesh.SecurityRule{nsgRule(100, "Deny Udp * * 8472-8473"), allow}, never, 100},
		"all ports as a range":          {icmp, tags, []mesh.SecurityRule{nsgRule(100, "Deny * * * 0-65535"), allow}, never, 100},
		"another protocol":              {vxlan, tags, []mesh.SecurityRule{nsgRule(100, "Deny Tcp * * *"), allow}, surely, 65000},
		"a protocol in capitals":        {vxlan, tags, []mesh.SecurityRule{nsgRule(100, "Deny UDP * * *"), allow}, never, 100},
		"a port is not about ICMP":      {icmp, tags, []mesh.SecurityRule{nsgRule(100, "Deny * * * 22"), allow}, surely, 65000},
		"an address":                    {vxlan, tags, []mesh.SecurityRule{nsgRule(100, "Deny * 10.1.0.4 * *"), allow}, never, 100},
		"another prefix":                {vxlan, tags, []mesh.SecurityRule{nsgRule(100, "Deny * 10.1.0.8/29 * *"), allow}, surely, 65000},
		"several prefixes and ports":    {vxlan, tags, []mesh.SecurityRule{many, allow}, never, 100},
		"the other direction":           {vxlan, tags, []mesh.SecurityRule{out, allow}, surely, 65000},
		"the load balancer's tag":       {vxlan, tags, []mesh.SecurityRule{nsgRule(100, "Deny * AzureLoadBalancer * *"), allow}, surely, 65000},
		"an application security group": {vxlan, tags, []mesh.SecurityRule{group, allow}, perhaps, 100},
		"a group that changes nothing":  {vxlan, tags, []mesh.SecurityRule{group, nsgRule(200, "Deny * * * *"), allow}, never, 200},
		"a tag that nobody knows":       {vxlan, unknownTags, []mesh.SecurityRule{nsgRule(100, "Deny * Sql * *"), nsgRule(200, "Allow * * * *")}, perhaps, 100},
		"senders' ports, others":        {vxlan, tags, []mesh.SecurityRule{fromPort, allow}, surely, 65000},
		"senders' ports, some":          {vxlan, tags, []mesh.SecurityRule{someFrom, allow}, perhaps, 100},
		"nonsense for a port":           {vxlan, tags, []mesh.SecurityRule{nsgRule(100, "Deny * * * x"), allow}, perhaps, 100},
	} {
		t.Run(name, func(t *testing.T) {
			got := newSecurityGroup(&mesh.SecurityGroup{Rules: tc.rules}).decide(inbound, &tc.packet, tc.tags)
			by := 0
			if got.rule != nil {
				by = got.rule.Priority
			}
			if got.passes != tc.passes || by != tc.by {
				t.Errorf("passes %d by rule %d, want %d by %d", got.passes, by, tc.passes, tc.by)
			}
		})
	}
}

// TestDecideBruteForce: whatever rules match for certain or perhaps, the decision
// is what all worlds agree on in which the uncertain ones match or do not.
func TestDecideBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	p := packet{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), flow{"", "Udp", ephemeral(), 1}}
	tags := func(tag string, _ netip.Addr) truth { return map[string]truth{"maybe": perhaps, "in": surely}[tag] }
	for range 5000 {
		var rules []mesh.SecurityRule
		for i := range random.IntN(6) {
			text := []string{"Allow", "Deny"}[random.IntN(2)] + " * " + []string{"maybe", "in", "out"}[random.IntN(3)] + " * *"
			rules = append(rules, nsgRule(100+i, text))
		}
		rules = append(rules, nsgRule(65500, "Deny * * * *"))
		allowed, denied := false, false
		for world := range 1 << len(rules) {
			for i, r := range rules {
				in := r.Sources[0] == "*" || r.Sources[0] == "in" || r.Sources[0] == "maybe" && world>>i&1 == 1
				if in {
					allowed, denied = allowed || r.Access == "Allow", denied || r.Access == "Deny"
					break
				}
			}
		}
		want := map[[2]bool]truth{{true, false}: surely, {false, true}: never, {true, true}: perhaps}[[2]bool{allowed, denied}]
		random.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
		if got := newSecurityGroup(&mesh.SecurityGroup{Rules: rules}).decide(inbound, &p, tags); got.passes != want {
			t.Fatalf("%v: passes %d, want %d", rules, got.passes, want)
		}
	}
}

// somePrefix is a random prefix that meets 10.0.0.0/28.
func somePrefix(random *rand.Rand) netip.Prefix {
	a := netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(16))})
	return netip.PrefixFrom(a, 8+random.IntN(25)).Masked()
}

// TestHopBruteForce: the route taken is the longest that holds the address, and
// the user's among equals.
func TestHopBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		n := &azureNet{space: []netip.Prefix{somePrefix(random)}, peers: []azurePeer{
			{&mesh.Peering{}, true, []netip.Prefix{somePrefix(random)}},
			{&mesh.Peering{}, false, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/28")}},
		}}
		s := &azureSubnet{}
		for i := range random.IntN(4) {
			s.routes = append(s.routes, userRoute{Route: &mesh.Route{Name: fmt.Sprint(i)}, prefix: somePrefix(random)})
		}
		for last := range 16 {
			a := netip.AddrFrom4([4]byte{10, 0, 0, byte(last)})
			bits := map[int]string{}
			for _, p := range append(n.space[:1:1], n.peers[0].space...) {
				if p.Contains(a) {
					bits[p.Bits()] = "system"
				}
			}
			for i := len(s.routes) - 1; i >= 0; i-- {
				if s.routes[i].prefix.Contains(a) {
					bits[s.routes[i].prefix.Bits()] = s.routes[i].Name
				}
			}
			want, got := "system", "system"
			for b := range 33 {
				if name, ok := bits[b]; ok {
					want = name
				}
			}
			if r := n.hop(s, a); r != nil {
				got = r.Name
			}
			if got != want {
				t.Fatalf("%s takes %s, want %s of %v", a, got, want, bits)
			}
		}
	}
}

// TestSamplesBruteForce: asking for samples of the nodes gives what asking for
// each of them gives.
func TestSamplesBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	k := flow{"", "Udp", ephemeral(), 8472}
	for range 500 {
		var groups []mesh.SecurityGroup
		for g := range 2 {
			group := mesh.SecurityGroup{ID: fmt.Sprint("/g", g)}
			for i := range 3 {
				r := nsgRule(100+i, []string{"Allow", "Deny"}[random.IntN(2)]+" Udp * * *")
				r.Direction = []string{inbound, outbound}[random.IntN(2)]
				r.Sources[0], r.Destinations[0] = somePrefix(random).String(), somePrefix(random).String()
				group.Rules = append(group.Rules, r)
			}
			for _, d := range []string{inbound, outbound} {
				r := nsgRule(4000, "Allow * * * *")
				r.Direction = d
				group.Rules = append(group.Rules, r)
			}
			groups = append(groups, group)
		}
		n := newAzureNet(&mesh.Facts{Nodes: sixteenNodes(), Azure: &mesh.Azure{
			Subnets: []mesh.Subnet{{ID: "/v/subnets/s", VNet: "/v", Prefixes: []string{"10.0.0.0/28"}, NSG: "/g0"}},
			Network: &mesh.AzureNetwork{VNets: []mesh.VNet{{ID: "/v"}}, NSGs: groups, NICs: []mesh.NIC{{Subnet: "/v/subnets/s", NSG: "/G1"}}},
		}})
		want := surely
		for _, from := range n.subnets[0].nodes {
			for _, to := range n.subnets[0].nodes {
				for _, f := range n.subnets[0].filters {
					for _, d := range []string{inbound, outbound} {
						want = min(want, f.group.decide(d, &packet{from, to, k}, nil).passes)
					}
				}
			}
		}
		if got := examine(n, n, k, nil, true); got.passes != want {
			t.Fatalf("%+v: passes %d, want %d", groups, got.passes, want)
		}
	}
}

func sixteenNodes() []mesh.Node {
	var out []mesh.Node
	for i := range 16 {
		out = append(out, mesh.Node{InternalIPs: []string{fmt.Sprintf("10.0.0.%d", i)}})
	}
	return out
}

// BenchmarkAzureNetwork judges the networks of 100 clusters of 1,000 nodes, each
// peered with all others.
func BenchmarkAzureNetwork(b *testing.B) {
	s := largeNetwork(100, 1000)
	for b.Loop() {
		v := newView(s, Options{})
		for _, c := range azureChecks() {
			if c.Code >= CodePeering && c.Code <= CodeRoutes {
				c.Judge(v)
			}
		}
	}
}

func largeNetwork(clusters, nodes int) mesh.Snapshot {
	s := large(clusters, nodes)
	for i := range s.Clusters {
		c := &s.Clusters[i]
		vnet, nsg := fmt.Sprintf("/vnets/v%d", i), fmt.Sprintf("/nsgs/g%d", i)
		network := &mesh.AzureNetwork{VNets: []mesh.VNet{{ID: vnet, Space: []string{fmt.Sprintf("10.%d.0.0/16", i+1)}}}}
		for other := range clusters {
			if other != i {
				network.VNets[0].Peerings = append(network.VNets[0].Peerings, mesh.Peering{
					Name: fmt.Sprint("to-", other), Remote: fmt.Sprintf("/vnets/v%d", other), State: "Connected", Access: true,
					Space: []string{fmt.Sprintf("10.%d.0.0/16", other+1)},
				})
			}
		}
		group := mesh.SecurityGroup{ID: nsg}
		for _, direction := range []string{inbound, outbound} {
			for p := range 10 {
				r := nsgRule(100+p, "Deny Tcp Internet * 22")
				r.Direction = direction
				group.Rules = append(group.Rules, r)
			}
			allow := nsgRule(65000, "Allow * VirtualNetwork VirtualNetwork *")
			allow.Direction = direction
			group.Rules = append(group.Rules, allow)
		}
		network.NSGs, network.NICs = []mesh.SecurityGroup{group}, []mesh.NIC{{Pool: "p", Subnet: vnet + "/subnets/nodes", NSG: nsg}}
		c.Azure = &mesh.Azure{NetworkPlugin: "none", Network: network, Subnets: []mesh.Subnet{{
			ID: vnet + "/subnets/nodes", VNet: vnet, Prefixes: []string{fmt.Sprintf("10.%d.0.0/16", i+1)}, NSG: nsg,
		}}}
		c.Service = &mesh.Service{Port: 2379, Addresses: []string{fmt.Sprintf("10.%d.0.250", i+1)}}
	}
	return s
}

// TestLargeNetwork: a large healthy network is healthy, and known to be.
func TestLargeNetwork(t *testing.T) {
	v := newView(largeNetwork(8, 20), Options{})
	for _, c := range azureChecks() {
		if c.Code < CodePeering || c.Code > CodeRoutes {
			continue
		}
		for _, f := range c.Judge(v) {
			if f.Status != Pass {
				t.Errorf("%s: %+v", c.Code, f)
			}
		}
	}
}
