package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/internal/version"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// -n is a namespace for who knows kubectl, and a number for who counts.
func TestTryN(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]struct {
		namespace string
		requests  int
	}{
		"":                                {"default", 1000},
		"-n shop":                         {"shop", 1000},
		"-n 7":                            {"default", 7},
		"-n 7 -n shop":                    {"shop", 7},
		"-nshop -n7":                      {"shop", 7},
		"--namespace 7":                   {"7", 1000},
		"--namespace=shop --requests=5":   {"shop", 5},
		"--namespace 7 -n 5":              {"7", 5},
		"--requests=5 -n 6 --namespace x": {"x", 6},
	} {
		var f tryFlags
		flags := pflag.NewFlagSet("try", pflag.ContinueOnError)
		f.add(flags)
		if err := flags.Parse(strings.Fields(args)); err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		if f.namespace != want.namespace || f.requests != want.requests {
			t.Errorf("%s: namespace %q and %d requests, want %+v", args, f.namespace, f.requests, want)
		}
	}
}

func TestProbeImage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ flag, variable, want string }{
		{"a", "b", "a"},
		{"", "b", "b"},
	} {
		a := &app{lookupEnv: func(key string) (string, bool) {
			if key != imageVariable {
				t.Errorf("%s was read", key)
			}
			return c.variable, c.variable != ""
		}}
		if got, err := a.probeImage("--image", c.flag); got != c.want || err != nil {
			t.Errorf("%+v: image %q, %v", c, got, err)
		}
	}
}

// Only releases have an image; for other versions it is said how to get one,
// before any cluster is looked at.
func TestPublishedImage(t *testing.T) {
	if got, err := publishedImage("v0.2.0", "--image"); got != defaultImage+":v0.2.0" || err != nil {
		t.Errorf("of a release: %q, %v", got, err)
	}
	if build := version.Get().Version; version.Released(build) {
		t.Skipf("this is release %s", build)
	}
	kubeconfig := filepath.Join(t.TempDir(), "config")
	const twoClusters = "{clusters: [{name: a, cluster: {server: 'https://a.invalid'}}, {name: b, cluster: {server: 'https://b.invalid'}}], " +
		"contexts: [{name: a, context: {cluster: a}}, {name: b, context: {cluster: b}}]}"
	if err := os.WriteFile(kubeconfig, []byte(twoClusters), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(imageVariable, "")
	for args, flag := range map[string]string{
		"try web --context a":                " --image",
		"doctor --probe --yes --context a,b": " --probe-image",
	} {
		out, errOut, code := said(t, append(strings.Fields(args), "--kubeconfig", kubeconfig)...)
		want := regexp.MustCompile(`^error: the prober's image is published for releases only, and this is version \S+: build and push it \(make dist && bin/aksmesh-release image --push REGISTRY/aksmesh-probe\), then name it by` + flag + `\n$`)
		if code != exitError || out != "" || !want.MatchString(errOut) {
			t.Errorf("%s ended with %d, want %d and %s\n%s%s", args, code, exitError, want, out, errOut)
		}
	}
}

func TestTargetOf(t *testing.T) {
	t.Parallel()
	service := func(change func(*mesh.GlobalService)) mesh.Snapshot {
		g := mesh.GlobalService{Namespace: "shop", Name: "web", Type: "ClusterIP", ClusterIPs: []string{"10.0.0.7", "fd00::7"}, Ports: []mesh.ServicePort{
			{Name: "dns", Protocol: "UDP", Port: 53}, {Name: "http", Protocol: "TCP", Port: 80}, {Name: "admin", Protocol: "TCP", Port: 8080},
		}}
		change(&g)
		return mesh.Snapshot{Clusters: []mesh.Facts{{Context: "aks-1", Services: &mesh.Services{Items: []mesh.GlobalService{g}}}}}
	}
	asIs := func(*mesh.GlobalService) {}
	for name, tt := range map[string]struct {
		seen       mesh.Snapshot
		port       string
		want, fail string
	}{
		"first of TCP": {service(asIs), "", "http://10.0.0.7:80/x", ""},
		"by name":      {service(asIs), "admin", "http://10.0.0.7:8080/x", ""},
		"by number":    {service(asIs), "8080", "http://10.0.0.7:8080/x", ""},
		"not TCP":      {service(asIs), "53", "", `no port "53" of TCP (it has http/80, admin/8080)`},
		"IPv6":         {service(func(g *mesh.GlobalService) { g.ClusterIPs = g.ClusterIPs[1:] }), "", "http://[fd00::7]:80/x", ""},
		"no TCP":       {service(func(g *mesh.GlobalService) { g.Ports = g.Ports[:1] }), "", "", "has no port of TCP"},
		"headless":     {service(func(g *mesh.GlobalService) { g.ClusterIPs, g.Headless = nil, true }), "", "", "is headless"},
		"external":     {service(func(g *mesh.GlobalService) { g.ClusterIPs, g.Type = nil, "ExternalName" }), "", "", "of type ExternalName"},
		"missing":      {service(func(g *mesh.GlobalService) { g.Name = "other" }), "", "", "there is no service web in namespace shop"},
		"not read": {mesh.Snapshot{Clusters: []mesh.Facts{{Context: "aks-1", Problems: []mesh.Problem{{Section: "services", Message: "forbidden"}}}}},
			"", "", "could not be read: services: forbidden"},
		"not looked at": {mesh.Snapshot{}, "", "", "was not looked at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, err := targetOf(tt.seen, "aks-1", "shop", "web", tt.port)
			if tt.fail != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fail) {
					t.Errorf("error %v, want one with %q", err, tt.fail)
				}
				return
			}
			if err != nil || target.url("http", "/x") != tt.want {
				t.Errorf("%s, %v; want %s", target.url("http", "/x"), err, tt.want)
			}
		})
	}
}

// report is of three clients: one all right, one that differs, one that could
// not ask.
func report() *tryReport {
	return &tryReport{Kind: "TryReport", Namespace: "shop", Service: "web", Requests: 1000, Clients: []tryClient{
		{
			Context: "aks-1", URL: "http://10.0.0.7:80/",
			Measured: &wire.HTTP{
				Requests: 1000, Answered: 1000, Answers: []wire.Count{{Text: "two", Times: 750}, {Text: "one", Times: 250}},
				Latency: &wire.Latency{P50: 987, P90: 1234, P99: 45678, Max: 1234567}, Micros: 2345678,
			},
			Predicted: globalsvc.Answers{Context: "aks-1", Shares: []globalsvc.Share{
				{Context: "aks-1", Endpoints: 1, Fraction: 0.25, Verdict: globalsvc.Allowed}, {Context: "aks-2", Endpoints: 3, Fraction: 0.75, Verdict: globalsvc.Allowed},
			}},
			Tables:     []globalsvc.Held{{Pod: "cilium-1", Node: "vm-1"}},
			Comparison: globalsvc.Comparison{Agreement: globalsvc.Agrees, NotCompared: `answer "one" is no cluster's name`},
		},
		{
			Context: "aks-2", URL: "http://10.0.1.7:80/",
			Measured: &wire.HTTP{
				Requests: 1000, Answered: 999, Failed: 1, Answers: []wire.Count{{Text: "evil\x1b[31m", Times: 999}},
				Errors: []wire.Count{{Text: wire.Timeout, Times: 1}}, Latency: &wire.Latency{}, Micros: 5,
			},
			Predicted: globalsvc.Answers{Context: "aks-2", Nobody: "no cluster has an endpoint", Notes: []string{"a note"}},
			Tables: []globalsvc.Held{
				{Pod: "cilium-2", Node: "vm-2", Differs: []string{"the agent on vm-2 lacks 10.1.0.9 of aks-1"}}, {Pod: "cilium-3", Error: "no answer"},
			},
			Comparison: globalsvc.Comparison{Agreement: globalsvc.Differs, Reason: "it answers"},
		},
		{Context: "aks-3", Error: "its image cannot be pulled"},
	}}
}

func TestTryText(t *testing.T) {
	t.Parallel()
	const want = `aks-1: 1000 of 1000 requests to http://10.0.0.7:80/ were answered in 2.35s (p50 987µs, p90 1.23ms, p99 45.7ms, max 1.23s)
ANSWER   TIMES   SHARE
two      750     75.0%   ██████████████████████▌
one      250     25.0%   ███████▌
predicted: aks-1 25.0% (1 endpoint); aks-2 75.0% (3 endpoints)
agents:    as the rules say
compared:  as many were answered as the rules say; which clusters answered is not compared: answer "one" is no cluster's name

aks-2: 999 of 1000 requests to http://10.0.1.7:80/ were answered in 5µs (p50 0s, p90 0s, p99 0s, max 0s)
ANSWER               TIMES   SHARE
evil^[[31m           999     99.9%   ██████████████████████████████
no answer: timeout   1       0.1%    ▏
predicted: nobody: no cluster has an endpoint
  note: a note
agents:    the agent on vm-2 lacks 10.1.0.9 of aks-1
agents:    cilium-3 could not be asked: no answer
compared:  not as the rules say: it answers

aks-3: not asked
`
	var b strings.Builder
	if err := report().write(&b, ui.Style{Unicode: true}, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// What was compared is said beside what came of it.
func TestTryCompared(t *testing.T) {
	t.Parallel()
	by := map[string]int{"aks-1": 5}
	for want, c := range map[string]globalsvc.Comparison{
		"as many were answered as the rules say":                                               {Agreement: globalsvc.Agrees},
		"as many were answered as the rules say, and by the clusters that should":              {Agreement: globalsvc.Agrees, AnsweredBy: by},
		"as many were answered as the rules say; which clusters answered is not compared: why": {Agreement: globalsvc.Agrees, NotCompared: "why"},
		"not as the rules say: it answers":                                                     {Agreement: globalsvc.Differs, Reason: "it answers", AnsweredBy: by},
		"not comparable: no request was sent":                                                  {Agreement: globalsvc.Incomplete, Reason: "no request was sent"},
	} {
		if got := compared(&c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTryVerdict(t *testing.T) {
	t.Parallel()
	streams, _, _, stderr := genericiooptions.NewTestIOStreams()
	for _, tt := range []struct {
		clients []int
		code    int
		text    string
	}{
		{[]int{0}, exitOK, ""},
		{[]int{0, 1}, exitFindings, "error: context \"aks-2\": it answers\nerror: context \"aks-2\": the agent on vm-2 lacks 10.1.0.9 of aks-1\n"},
		{[]int{0, 1, 2}, exitError, "error: context \"aks-3\": its image cannot be pulled\n"},
	} {
		stderr.Reset()
		all := report()
		some := &tryReport{}
		for _, i := range tt.clients {
			some.Clients = append(some.Clients, all.Clients[i])
		}
		if code := exitCode(streams.ErrOut, some.verdict()); code != tt.code || stderr.String() != tt.text {
			t.Errorf("%v: ends with %d and %q, want %d and %q", tt.clients, code, stderr.String(), tt.code, tt.text)
		}
	}
	drifted := report()
	drifted.Clients = drifted.Clients[:1]
	drifted.Clients[0].Tables[0].Differs = []string{"the agent on vm-1 still has 10.1.0.9 of aks-2, which should not answer"}
	if code := exitCode(streams.ErrOut, drifted.verdict()); code != exitFindings {
		t.Errorf("agents that differ from the rules end with %d", code)
	}
	predicted := report()
	predicted.Clients = predicted.Clients[1:2]
	predicted.Clients[0].Comparison.Agreement = globalsvc.Agrees
	if code := exitCode(streams.ErrOut, predicted.verdict()); code != exitFindings {
		t.Errorf("failures that were predicted end with %d", code)
	}
}
