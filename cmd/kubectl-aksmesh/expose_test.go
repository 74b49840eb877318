package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// sharing is a mesh of two clusters that share service web.
func sharing() mesh.Snapshot {
	var s mesh.Snapshot
	for i, name := range []string{"aks-1", "aks-2"} {
		s.Clusters = append(s.Clusters, mesh.Facts{
			Context: name, Config: &mesh.Config{ClusterName: name, ClusterID: i + 1},
			Workloads: []mesh.Workload{{Kind: "DaemonSet", Name: "cilium", Image: "quay.io/cilium/cilium:v1.20.1", Desired: 1}},
			Services: &mesh.Services{Namespaces: map[string]mesh.NamespaceFacts{"shop": {}}, Items: []mesh.GlobalService{{
				Namespace: "shop", Name: "web", Type: "ClusterIP", ClusterIPs: []string{"10.0.0.7"},
				Annotations: map[string]string{mesh.AnnotationGlobal: "true"},
				Ports:       []mesh.ServicePort{{Name: "http", Protocol: "TCP", Port: 80, TargetPort: "8080"}},
				Endpoints:   []mesh.Endpoint{{Address: "100.64.0.9", State: mesh.Ready}},
			}}},
		})
	}
	return s
}

// What is said before a change: what is wrong, what may surprise, and what
// nobody could tell.
func TestExposeWarns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*mesh.Snapshot)
		want   string
	}{
		"all well": {func(*mesh.Snapshot) {}, ""},
		"a note": {
			func(s *mesh.Snapshot) {
				s.Clusters[1].Services.Items[0].Annotations = map[string]string{mesh.LegacyAnnotations()[mesh.AnnotationGlobal]: "true"}
			},
			`note AKSM712: aks-2 -> shop/web: context "aks-2": annotations of service shop/web have their older names
    io.cilium/global-service=true
    fix: kubectl aksmesh expose web -n shop --context aks-2 --replace-legacy
`,
		},
		"policies cannot be read": {
			func(s *mesh.Snapshot) {
				s.Clusters[1].Problems = []mesh.Problem{{Section: mesh.SectionPolicies, Kind: mesh.Forbidden, Message: "networkpolicies is forbidden"}}
			},
			`aks-2: network-policies: networkpolicies is forbidden (forbidden)
not judged: AKSM801, AKSM802: context "aks-2": the list of network policies could not be read
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			streams, _, _, stderr := genericiooptions.NewTestIOStreams()
			o := &exposeOptions{app: &app{streams: streams, lookupEnv: func(string) (string, bool) { return "", false }}}
			s := sharing()
			test.change(&s)
			o.warn(s)
			if diff := cmp.Diff(test.want, stderr.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A member that cannot be reached takes one line, and one for all checks.
func TestExposeWarnsBriefly(t *testing.T) {
	t.Parallel()
	streams, _, _, stderr := genericiooptions.NewTestIOStreams()
	o := &exposeOptions{app: &app{streams: streams, lookupEnv: func(string) (string, bool) { return "", false }}}
	s := sharing()
	s.Clusters = append(s.Clusters, mesh.Facts{Context: "gone", Problems: []mesh.Problem{{Section: mesh.SectionAPI, Kind: mesh.Unreachable, Message: "no answer"}}})
	o.warn(s)
	if n := strings.Count(stderr.String(), "\n"); n != 2 {
		t.Errorf("%d lines:\n%s", n, stderr)
	}
}

// Where nobody could ask agents, the wait goes on, unless it would be in vain.
func TestUnverified(t *testing.T) {
	t.Parallel()
	held := func(h globalsvc.Held) []globalsvc.Held { return []globalsvc.Held{h} }
	for name, test := range map[string]struct {
		change func(*mesh.Facts)
		tables []globalsvc.Held
		want   unverified
	}{
		"as the rules say":     {func(*mesh.Facts) {}, held(globalsvc.Held{}), unverified{}},
		"differs":              {func(*mesh.Facts) {}, held(globalsvc.Held{Differs: []string{"it lacks one"}}), unverified{differ: []string{"aks-1"}}},
		"no answer":            {func(*mesh.Facts) {}, held(globalsvc.Held{Error: "no answer"}), unverified{silent: []string{"aks-1"}}},
		"one of two answers":   {func(*mesh.Facts) {}, []globalsvc.Held{{Error: "no answer"}, {}}, unverified{}},
		"no agent is ready":    {func(*mesh.Facts) {}, nil, unverified{silent: []string{"aks-1"}}},
		"may not ask":          {func(*mesh.Facts) {}, held(globalsvc.Held{Error: "forbidden", Forbidden: true}), unverified{never: []string{"aks-1 (to ask its agents is forbidden)"}}},
		"no agents at all":     {func(f *mesh.Facts) { f.Workloads = nil }, nil, unverified{never: []string{"aks-1 (no agent runs there)"}}},
		"no Cilium":            {func(f *mesh.Facts) { f.Config = nil }, nil, unverified{}},
		"headless":             {func(f *mesh.Facts) { f.Services.Items[0].ClusterIPs = nil }, nil, unverified{}},
		"no such Service here": {func(f *mesh.Facts) { f.Services.Items = nil }, nil, unverified{}},
		"may not list agents": {
			func(f *mesh.Facts) { f.Problems = []mesh.Problem{{Section: mesh.SectionAgents, Kind: mesh.Forbidden}} },
			nil, unverified{never: []string{"aks-1 (to ask its agents is forbidden)"}},
		},
		"agents cannot be listed": {
			func(f *mesh.Facts) {
				f.Workloads, f.Problems = nil, []mesh.Problem{{Section: mesh.SectionAgents, Kind: mesh.Unreachable}}
			},
			nil, unverified{silent: []string{"aks-1"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sharing()
			s.Clusters = s.Clusters[:1]
			test.change(&s.Clusters[0])
			rows := []globalsvc.Row{{Namespace: "shop", Name: "web", Context: "aks-1", Tables: test.tables}}
			if diff := cmp.Diff(test.want, unverifiedIn(s, rows), cmp.AllowUnexported(unverified{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What could not be verified is named when the time is over.
func TestUnsettled(t *testing.T) {
	t.Parallel()
	o := &exposeOptions{namespace: "shop", contexts: []string{"aks-1", "aks-2"}, flags: changeFlags{timeout: time.Second}, wish: globalsvc.Wish{Name: "web"}}
	for want, left := range map[string]unverified{
		"all is written, but not every agent has taken it over within --timeout 1s;":                                                   {differ: []string{"aks-1"}},
		"all is written, but it could not be verified in aks-2 within --timeout 1s;":                                                   {silent: []string{"aks-2"}},
		"all is written, but it could not be verified in aks-2, and not every other agent has taken it over within --timeout 1s; see ": {differ: []string{"aks-1"}, silent: []string{"aks-2"}},
	} {
		if got := o.unsettled(t.Context(), left).Error(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "services web -n shop --context aks-1,aks-2 --watch") {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Notes are told although there is nothing to do.
func TestNothingToDoHasNotes(t *testing.T) {
	t.Parallel()
	for output, want := range map[string][2]string{
		"":         {"nothing to do\n", "aks-1: a note\n"},
		outputYAML: {"notes:\n- 'aks-1: a note'\n", ""},
	} {
		streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
		o := &exposeOptions{app: &app{streams: streams}, flags: changeFlags{output: output, dryRun: dryRunNone}}
		if err := o.nothingToDo([]string{"aks-1: a note"}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(stdout.String(), want[0]) || stderr.String() != want[1] {
			t.Errorf("--output %q says\n%s%s", output, stdout, stderr)
		}
	}
}
