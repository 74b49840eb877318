package globalsvc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// side is how a service stands in one cluster.
type side struct {
	global, shared, affinity string // annotations; "" is none
	ready, dying, sick       int    // endpoints: ready, terminating, not ready
	absent                   bool
}

// world makes a snapshot of clusters c1, c2, … that all know each other.
func world(sides ...side) mesh.Snapshot {
	var s mesh.Snapshot
	for i := range sides {
		f := mesh.Facts{
			Context:  "c" + strconv.Itoa(i+1),
			Config:   &mesh.Config{ClusterName: "n" + strconv.Itoa(i+1), ClusterID: i + 1},
			Services: &mesh.Services{Namespaces: map[string]mesh.NamespaceFacts{"ns": {}}},
		}
		for j := range sides {
			if j != i {
				f.Peers = append(f.Peers, mesh.Peer{Name: "n" + strconv.Itoa(j+1)})
			}
		}
		if !sides[i].absent {
			f.Services.Items = []mesh.GlobalService{sides[i].service(i)}
		}
		s.Clusters = append(s.Clusters, f)
	}
	return s
}

func (d side) service(cluster int) mesh.GlobalService {
	g := mesh.GlobalService{
		Namespace: "ns", Name: "web", Type: "ClusterIP", ClusterIPs: []string{"10.0.0.1"}, Annotations: map[string]string{},
		Ports: []mesh.ServicePort{{Name: "http", Protocol: "TCP", Port: 80, TargetPort: "8080"}},
	}
	for name, value := range map[string]string{mesh.AnnotationGlobal: d.global, mesh.AnnotationShared: d.shared, mesh.AnnotationAffinity: d.affinity} {
		if value != "" {
			g.Annotations[name] = value
		}
	}
	n := 0
	for _, group := range []struct {
		count int
		state mesh.EndpointState
	}{{d.ready, mesh.Ready}, {d.dying, mesh.Terminating}, {d.sick, mesh.NotReady}} {
		for range group.count {
			n++
			g.Endpoints = append(g.Endpoints, mesh.Endpoint{
				Address: fmt.Sprintf("100.%d.0.%d", 64+cluster, n), State: group.state,
				Ports: []mesh.EndpointPort{{Name: "http", Protocol: "TCP", Port: 8080}},
			})
		}
	}
	return g
}

func web() Query { return Query{Namespace: "ns", Name: "web"} }

// text is "c1:2 c2:1", the endpoints by cluster, or why nobody answers.
func text(a Answers) string {
	if a.Nobody != "" || a.Unknown != "" {
		return a.Nobody + a.Unknown
	}
	line := ""
	for _, s := range a.Shares {
		line += fmt.Sprintf(" %s:%d", s.Context, s.Endpoints)
		if s.Verdict != Allowed {
			line += "(" + string(s.Verdict) + ")"
		}
	}
	return line[1:]
}

const noEndpoint = "no cluster that this one takes from has a ready endpoint"

func TestPredict(t *testing.T) {
	const yes, no = "true", "false"
	for name, test := range map[string]struct {
		sides []side
		want  []string // by client's cluster
	}{
		"not global":         {[]side{{ready: 1}, {ready: 1}}, []string{"c1:1", "c2:1"}},
		"global everywhere":  {[]side{{global: yes, ready: 1}, {global: yes, ready: 2}, {global: yes, ready: 1}}, []string{"c1:1 c2:2 c3:1", "c1:1 c2:2 c3:1", "c1:1 c2:2 c3:1"}},
		"global in one only": {[]side{{global: yes, ready: 1}, {ready: 1}}, []string{"c1:1", "c2:1"}},
		"not shared":         {[]side{{global: yes, shared: no, ready: 1}, {global: yes, ready: 1}}, []string{"c1:1 c2:1", "c2:1"}},
		"the article: aks-1 keeps its own, aks-2 prefers others": {[]side{{global: yes, shared: no, ready: 1}, {global: yes, affinity: "remote", ready: 1}, {global: yes, ready: 1}}, []string{"c1:1 c2:1 c3:1", "c3:1", "c2:1 c3:1"}},
		"affinity local":                       {[]side{{global: yes, affinity: "local", ready: 1}, {global: yes, ready: 1}}, []string{"c1:1", "c1:1 c2:1"}},
		"affinity local, scaled to 0":          {[]side{{global: yes, affinity: "local"}, {global: yes, ready: 1}}, []string{"c2:1", "c2:1"}},
		"affinity local, own not ready":        {[]side{{global: yes, affinity: "local", sick: 1}, {global: yes, ready: 1}}, []string{"c2:1", "c2:1"}},
		"affinity local, own terminates":       {[]side{{global: yes, affinity: "local", dying: 1}, {global: yes, ready: 1}}, []string{"c2:1", "c1:1 c2:1"}},
		"affinity remote":                      {[]side{{global: yes, affinity: "remote", ready: 1}, {global: yes, ready: 1}}, []string{"c2:1", "c1:1 c2:1"}},
		"affinity remote, others have none":    {[]side{{global: yes, affinity: "remote", ready: 1}, {global: yes}}, []string{"c1:1", "c1:1"}},
		"affinity remote, the others' is shut": {[]side{{global: yes, affinity: "remote", ready: 1}, {global: yes, shared: no, ready: 1}}, []string{"c1:1", "c1:1 c2:1"}},
		"affinity in other letters":            {[]side{{global: "TRUE", affinity: "Remote", ready: 1}, {global: "True", ready: 1}}, []string{"c2:1", "c1:1 c2:1"}},
		"1 is not true":                        {[]side{{global: "1", ready: 1}, {global: yes, ready: 1}}, []string{"c1:1", "c2:1"}},
		"shared of yes is not shared":          {[]side{{global: yes, shared: "yes", ready: 1}, {global: yes, ready: 1}}, []string{"c1:1 c2:1", "c2:1"}},
		"nobody":                               {[]side{{global: yes}, {global: yes, sick: 2}}, []string{noEndpoint, noEndpoint}},
		"own terminates, no other":             {[]side{{global: yes, dying: 1}, {global: yes}}, []string{"c1:1", "c1:1"}},
		"missing in one":                       {[]side{{absent: true}, {global: yes, ready: 1}}, []string{"there is no Service web here, so clients have neither an address nor a name to ask", "c2:1"}},
	} {
		s := world(test.sides...)
		var got []string
		for i := range s.Clusters {
			got = append(got, text(Predict(s, s.Clusters[i].Context, web())))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: who answers, by the client's cluster (-want +got):\n%s", name, diff)
		}
	}
}

// Exactly one thing differs from a mesh in which all share.
func TestPredictHeeds(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*mesh.Snapshot)
		want   string // for a client in c1; c1 and c2 have one endpoint each
	}{
		"nothing":              {func(*mesh.Snapshot) {}, "c1:1 c2:1"},
		"namespace not global": {func(s *mesh.Snapshot) { s.Clusters[1].Services.Namespaces["ns"] = mesh.NamespaceFacts{Global: "false"} }, "c1:1"},
		"namespace not global, which Cilium 1.19 does not ask for services": {func(s *mesh.Snapshot) {
			runs(s, 1, "1.19.4")
			s.Clusters[1].Services.Namespaces["ns"] = mesh.NamespaceFacts{Global: "false"}
		}, "c1:1 c2:1"},
		"namespace not global, of which Cilium 1.18 knows nothing": {func(s *mesh.Snapshot) {
			runs(s, 1, "1.18.9")
			s.Clusters[1].Services.Namespaces["ns"] = mesh.NamespaceFacts{Global: "false"}
		}, "c1:1 c2:1"},
		"namespace not global, and the client's Cilium is older": {func(s *mesh.Snapshot) {
			runs(s, 0, "1.19.4")
			s.Clusters[1].Services.Namespaces["ns"] = mesh.NamespaceFacts{Global: "false"}
		}, "c1:1"},
		"own namespace not global": {func(s *mesh.Snapshot) { s.Clusters[0].Services.Namespaces["ns"] = mesh.NamespaceFacts{Global: "false"} }, "c1:1 c2:1"},
		"namespaces not global at all": {func(s *mesh.Snapshot) {
			s.Clusters[1].Config.Raw = map[string]string{"clustermesh-default-global-namespace": "false"}
		}, "c1:1"},
		"namespaces not global at all, before 1.20": {func(s *mesh.Snapshot) {
			runs(s, 1, "1.19.4")
			s.Clusters[1].Config.Raw = map[string]string{"clustermesh-default-global-namespace": "false"}
		}, "c1:1 c2:1"},
		"not in the mesh":           {func(s *mesh.Snapshot) { s.Clusters[0].Peers = []mesh.Peer{} }, "c1:1"},
		"peers not readable":        {func(s *mesh.Snapshot) { s.Clusters[0].Peers = nil }, "c1:1 c2:1"},
		"other port name":           {func(s *mesh.Snapshot) { s.Clusters[1].Services.Items[0].Endpoints[0].Ports[0].Name = "web" }, "c1:1"},
		"port without a name there": {func(s *mesh.Snapshot) { s.Clusters[1].Services.Items[0].Endpoints[0].Ports[0].Name = "" }, "c1:1 c2:1"},
		"other protocol":            {func(s *mesh.Snapshot) { s.Clusters[1].Services.Items[0].Endpoints[0].Ports[0].Protocol = "UDP" }, "c1:1"},
		"other IP family":           {func(s *mesh.Snapshot) { s.Clusters[1].Services.Items[0].Endpoints[0].Address = "fd00::1" }, "c1:1"},
		"affinity none before 1.20": {func(s *mesh.Snapshot) { runs(s, 0, "1.19.4"); annotate(s, mesh.AnnotationAffinity, "none") }, "c1:1"},
		"affinity none before 1.20, of an image without a version": {func(s *mesh.Snapshot) {
			s.Clusters[0].Release = &mesh.Release{ChartVersion: "1.19.4"}
			annotate(s, mesh.AnnotationAffinity, "none")
		}, "c1:1"},
		"affinity none since 1.20": {func(s *mesh.Snapshot) { annotate(s, mesh.AnnotationAffinity, "none") }, "c1:1 c2:1"},
		"older names":              {func(s *mesh.Snapshot) { legacy(s) }, "c1:1 c2:1"},
		"headless":                 {func(s *mesh.Snapshot) { headless(s) }, "c1:1"},
		"headless with synced slices": {func(s *mesh.Snapshot) {
			headless(s)
			s.Clusters[0].Config.Raw = map[string]string{"clustermesh-enable-endpoint-sync": "true"}
		}, "c1:1 c2:1"},
		"headless under its older name, whose slices are not synced": {func(s *mesh.Snapshot) {
			legacy(s)
			headless(s)
			s.Clusters[0].Config.Raw = map[string]string{"clustermesh-enable-endpoint-sync": "true"}
		}, "c1:1"},
		"both IP families": {func(s *mesh.Snapshot) {
			for i := range s.Clusters {
				g := &s.Clusters[i].Services.Items[0]
				g.ClusterIPs = []string{"10.0.0.9", "fd00::9"}
				g.Endpoints[0].Pod = "web-0"
				six := g.Endpoints[0]
				six.Address = fmt.Sprintf("2001:db8::%d", i+1)
				g.Endpoints = append([]mesh.Endpoint{six}, g.Endpoints...)
			}
			other := s.Clusters[1].Services.Items[0].Endpoints[1]
			other.Address, other.Pod = "198.18.9.9", "web-1"
			s.Clusters[1].Services.Items[0].Endpoints = append(s.Clusters[1].Services.Items[0].Endpoints, other)
		}, "c1:1 c2:2"},
		"ExternalName":          {func(s *mesh.Snapshot) { s.Clusters[0].Services.Items[0].Type = "ExternalName" }, "the Service is of type ExternalName: it has no endpoints"},
		"no namespace":          {func(s *mesh.Snapshot) { s.Clusters[0].Services = &mesh.Services{} }, "there is no namespace ns here"},
		"services not readable": {func(s *mesh.Snapshot) { s.Clusters[0].Services = nil }, "the services of context c1 could not be read"},
		"endpoints forbidden": {func(s *mesh.Snapshot) {
			s.Clusters[0].Problems = []mesh.Problem{{Section: mesh.SectionEndpoints, Kind: mesh.Forbidden}}
		}, "endpointslices of context c1 cannot be read (forbidden)"},
		"own endpoints gone, others' forbidden": {func(s *mesh.Snapshot) {
			s.Clusters[0].Services.Items[0].Endpoints = nil
			s.Clusters[1].Problems = []mesh.Problem{{Section: mesh.SectionEndpoints, Kind: mesh.Forbidden}}
		}, "who answers hinges on clusters that could not be looked at: c2"},
		"policies forbidden": {func(s *mesh.Snapshot) {
			s.Clusters[1].Problems = []mesh.Problem{{Section: mesh.SectionPolicies, Kind: mesh.Forbidden}}
		}, "c1:1 c2:1(uncertain)"},
		"others' services not readable": {func(s *mesh.Snapshot) { s.Clusters[1].Services = nil }, "c1:1"},
	} {
		s := world(side{global: "true", ready: 1}, side{global: "true", ready: 1})
		test.change(&s)
		if diff := cmp.Diff(test.want, text(Predict(s, "c1", web()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func annotate(s *mesh.Snapshot, name, value string) {
	s.Clusters[0].Services.Items[0].Annotations[name] = value
}

// runs says which Cilium a cluster has.
func runs(s *mesh.Snapshot, cluster int, version string) {
	s.Clusters[cluster].Workloads = []mesh.Workload{{Kind: "DaemonSet", Name: "cilium", Image: "quay.io/cilium/cilium:v" + version + "@sha256:0"}}
}

func headless(s *mesh.Snapshot) {
	g := &s.Clusters[0].Services.Items[0]
	g.Headless, g.ClusterIPs = true, nil
}

func legacy(s *mesh.Snapshot) {
	for i := range s.Clusters {
		s.Clusters[i].Services.Items[0].Annotations = map[string]string{mesh.LegacyAnnotations()[mesh.AnnotationGlobal]: "true"}
	}
}

// choices are all ways in which a service can stand in a cluster.
func choices() []side {
	var all []side
	for _, global := range []string{"", "false", "true"} {
		for _, shared := range []string{"", "false", "true"} {
			for _, affinity := range []string{"", "local", "remote"} {
				for _, endpoints := range []side{{}, {ready: 2}, {sick: 1}, {dying: 1}, {ready: 1, dying: 1, sick: 1}} {
					endpoints.global, endpoints.shared, endpoints.affinity = global, shared, affinity
					all = append(all, endpoints)
				}
			}
		}
	}
	return append(all, side{absent: true})
}

// model is Cilium's selection over again, written after the table of its
// documentation: a count of endpoints by cluster, for a client in the first.
func model(sides []side) map[string]int {
	me := sides[0]
	counts := map[string]int{}
	if me.absent {
		return counts
	}
	theirs := 0
	if me.global == "true" {
		for i, other := range sides[1:] {
			if n := other.ready + other.dying; !other.absent && other.global == "true" && other.shared != "false" && n > 0 {
				counts["c"+strconv.Itoa(i+2)] = n
				theirs += n
			}
		}
	}
	affinity := me.affinity
	if me.global != "true" {
		affinity = ""
	}
	useMine, useTheirs := true, true
	switch affinity {
	case "local":
		useTheirs = me.ready == 0
	case "remote":
		useMine = theirs == 0
	}
	if !useTheirs {
		clear(counts)
		theirs = 0
	}
	if useMine {
		mine := me.ready
		if mine == 0 && theirs == 0 {
			mine = me.dying
		}
		if mine > 0 {
			counts["c1"] = mine
		}
	}
	return counts
}

func predicted(sides []side) (map[string]int, float64) {
	counts, sum := map[string]int{}, 0.0
	for _, share := range Predict(world(sides...), "c1", web()).Shares {
		counts[share.Context] += share.Endpoints
		sum += share.Fraction
	}
	return counts, sum
}

func TestPredictEveryPair(t *testing.T) {
	all := choices()
	for _, mine := range all {
		for _, theirs := range all {
			compare(t, []side{mine, theirs})
		}
	}
}

// fewer are choices without those that stand for the same: a service that is not
// global is alike whatever else it says, and so is one that is shared by default.
func fewer() []side {
	all := []side{{absent: true}}
	for _, endpoints := range []side{{}, {ready: 2}, {sick: 1}, {dying: 1}, {ready: 1, dying: 1, sick: 1}} {
		all = append(all, endpoints)
		for _, shared := range []string{"", "false"} {
			for _, affinity := range []string{"", "local", "remote"} {
				endpoints.global, endpoints.shared, endpoints.affinity = "true", shared, affinity
				all = append(all, endpoints)
			}
		}
	}
	return all
}

func TestPredictEveryThree(t *testing.T) {
	all := fewer()
	for _, mine := range all {
		for _, second := range all {
			for _, third := range all {
				if !compare(t, []side{mine, second, third}) {
					return
				}
			}
		}
	}
}

// Four clusters have hundreds of millions of combinations: as many as a second
// takes are drawn, others each time; the seed is told when one fails.
func TestPredictFour(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	all := choices()
	for range 20_000 {
		sides := make([]side, 4)
		for i := range sides {
			sides[i] = all[random.IntN(len(all))]
		}
		if !compare(t, sides) {
			t.Fatalf("seed %d", seed)
		}
	}
}

func compare(t *testing.T, sides []side) bool {
	t.Helper()
	got, sum := predicted(sides)
	if diff := cmp.Diff(model(sides), got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%+v: endpoints that answer a client in c1 (-want +got):\n%s", sides, diff)
		return false
	}
	if len(got) > 0 && math.Abs(sum-1) > 1e-9 {
		t.Errorf("%+v: the fractions sum up to %v", sides, sum)
		return false
	}
	return true
}

// The order of clusters must not matter.
func TestPredictOrder(t *testing.T) {
	s := world(side{global: "true", ready: 1}, side{global: "true", ready: 2, affinity: "remote"}, side{global: "true", ready: 3})
	want := Predict(s, "c2", web())
	slices.Reverse(s.Clusters)
	if diff := cmp.Diff(want, Predict(s, "c2", web()), cmpopts.IgnoreUnexported(Answers{})); diff != "" {
		t.Errorf("in another order of clusters (-want +got):\n%s", diff)
	}
}
