package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/hubble"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/picture"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// labMesh is what doctor --save wrote of four clusters of the lab.
const labMesh = "../../pkg/diagnose/testdata/lab.json.gz"

func TestStatusOfTheLab(t *testing.T) {
	for _, format := range []string{"text", "svg", "mermaid", "dot"} {
		t.Run(format, func(t *testing.T) {
			args := []string{"status", "--from", labMesh}
			if format != "text" {
				args = append(args, "-o", format)
			}
			stdout, stderr, code := pluginRun(t, args...)
			if code != exitOK || stderr != "" {
				t.Errorf("it ended with %d: %s", code, stderr)
			}
			goldenText(t, "status-lab."+format, stdout)
		})
	}
}

func TestStatusPage(t *testing.T) {
	stdout, _, code := pluginRun(t, "status", "--from", labMesh, "-o", "html")
	if code != exitOK {
		t.Errorf("it ended with %d", code)
	}
	for _, want := range []string{
		`<html lang="en">`, "<h1>Cluster mesh of 4 clusters</h1>", "every agent of every cluster sees every other cluster", "<svg ",
		"100.65.0.0/16", "10.240.2.100", "eth0 1500", "<dd>1450</dd>", "vxlan", "v1.37.1", "aks-nodepool1-08071005-vmss000001", "No service is global.",
		"What the doctor found", "prefers-color-scheme:dark",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	for _, never := range []string{"<script", "http-equiv=\"refresh\"", "ZgotmplZ"} {
		if strings.Contains(stdout, never) {
			t.Errorf("%q is in the page", never)
		}
	}
}

// The exit code is the same for every output.
func TestStatusFormats(t *testing.T) {
	for _, format := range statusOutputs() {
		args := []string{"status", "--from", brokenMesh}
		if format != "" {
			args = append(args, "-o", format)
		}
		stdout, stderr, code := pluginRun(t, args...)
		if code != exitFindings || !strings.HasPrefix(stderr, "error: the mesh is not ready: ") || stdout == "" {
			t.Errorf("%q ended with %d: %s%s", format, code, stdout, stderr)
		}
		switch format {
		case outputJSON:
			if !json.Valid([]byte(stdout)) {
				t.Error("it is not JSON")
			}
		case outputSVG:
			readXML(t, stdout)
		}
	}
}

// A member that no context reaches has agents, too, and nobody knows what they see.
func TestStatusWithoutAMember(t *testing.T) {
	s, err := mesh.LoadSnapshot(labMesh)
	if err != nil {
		t.Fatal(err)
	}
	last := len(s.Clusters) - 1
	gone := s.Clusters[last].Config.ClusterName
	s.Clusters = s.Clusters[:last]
	report := newStatusReport(s)
	want := map[string]bool{}
	for i := range s.Clusters {
		want[gone+" "+s.Clusters[i].Config.ClusterName] = true
	}
	got := map[string]bool{}
	for _, p := range report.Pairs {
		if p.From != gone {
			continue
		}
		got[p.From+" "+p.To] = true
		if p.Ready || p.State != ui.Unknown || !cmp.Equal(p.Reasons, []string{"no context reaches it"}) {
			t.Errorf("pair %+v", p)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pairs of the member (-want +got):\n%s", diff)
	}
	seen := &statusSeen{s, report}
	if err := seen.verdict(); err == nil || err.Error() != "the mesh is not ready: "+gone+" was not looked at, because no context reaches it" {
		t.Errorf("verdict %v", err)
	}
	for _, format := range pictureOutputs() {
		if err := draw(io.Discard, format, pictureOf(seen)); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func readXML(t *testing.T, text string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestStatusRefuses(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-o png --context x", `--output "png" is not one of json, yaml, html, svg, mermaid, dot`},
		{"-o html --watch --context x", "leave one of --watch and -o html out"},
		{"--watch --flows 1s --context x", "--watch goes with neither --flows nor --from"},
		{"--watch --from x", "--watch goes with neither --flows nor --from"},
		{"--from x --context y", "leave --context and --flows out"},
		{"--from x --flows 1s", "leave --context and --flows out"},
		{"--flows -1s --context x", "--flows -1s is not a positive time"},
		{"--watch --interval 0s --context x", "--interval 0s is not a positive time"},
		{"--from testdata/none.json", "snapshot cannot be read"},
	} {
		stdout, stderr, code := pluginRun(t, append([]string{"status"}, strings.Fields(tt.args)...)...)
		if code != exitError || !strings.Contains(stderr, tt.want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%s: ended with %d: %q, want %q", tt.args, code, stderr, tt.want)
		}
	}
}

func flowsReport() *hubble.Report {
	front := hubble.Workload{Cluster: "aks-1", Namespace: "shop", Name: "frontend"}
	web := hubble.Workload{Cluster: "aks-2", Namespace: "shop", Name: "web"}
	return &hubble.Report{
		Seconds: 60, Aside: 3, Incomplete: true,
		Sources: []hubble.Source{
			{Context: "aks-1", Flows: 12},
			{Context: "aks-2", Flows: 1, Lost: 7, Unread: []string{"node-1: i/o timeout"}},
			{Context: "aks-3", Error: "Hubble relay is not installed: kubectl aksmesh join --context aks-3,… --hubble-relay installs it"},
			{Context: "aks-4", Through: "aks-1", Flows: 5},
		},
		Edges: []hubble.Edge{
			{From: front, To: web, Service: "shop/web", Protocol: "TCP", Port: 80, Connections: 12, Dropped: 2, Reason: "policy denied"},
			{From: web, To: front, Protocol: "ICMPv4", Connections: 1},
		},
	}
}

func TestStatusFlows(t *testing.T) {
	for name, report := range map[string]*hubble.Report{"flows": flowsReport(), "noflows": {Seconds: 1, Sources: []hubble.Source{{Context: "aks-1"}}}} {
		var text bytes.Buffer
		if err := writeFlows(&text, ui.Style{}, report); err != nil {
			t.Fatal(err)
		}
		goldenText(t, "status-"+name+".txt", text.String())
	}
}

func TestStatusDrawsFlows(t *testing.T) {
	s, err := mesh.LoadSnapshot(labMesh)
	if err != nil {
		t.Fatal(err)
	}
	seen := &statusSeen{s, newStatusReport(s)}
	seen.Flows = flowsReport()
	m := pictureOf(seen)
	want := &picture.Flows{
		Seconds: 60,
		Sources: []picture.FlowSource{
			{Context: "aks-1", Text: "12 flows read", Health: picture.Good},
			{Context: "aks-2", Text: "1 flow read; Hubble lost 7 more; relay cannot read from node-1: i/o timeout", Health: picture.Warn},
			{Context: "aks-3", Text: "no flows: Hubble relay is not installed: kubectl aksmesh join --context aks-3,… --hubble-relay installs it", Health: picture.Bad},
			{Context: "aks-4", Text: "5 flows read through the relay of aks-1", Health: picture.Good},
		},
		Edges: []picture.FlowEdge{
			{
				From: picture.FlowEnd{Cluster: "aks-1", Namespace: "shop", Name: "frontend"},
				To:   picture.FlowEnd{Cluster: "aks-2", Namespace: "shop", Name: "web", Service: "shop/web"},
				Port: "TCP 80", Connections: 12, Dropped: 2, Reason: "policy denied",
			},
			{
				From: picture.FlowEnd{Cluster: "aks-2", Namespace: "shop", Name: "web"},
				To:   picture.FlowEnd{Cluster: "aks-1", Namespace: "shop", Name: "frontend"},
				Port: "ICMPv4", Connections: 1,
			},
		},
		Notes: []string{
			"3 flows of nodes, health checks and the world outside left out",
			"there were more connections than are counted: listen for a shorter time",
		},
	}
	if diff := cmp.Diff(want, m.Flows); diff != "" {
		t.Errorf("flows (-want +got):\n%s", diff)
	}
	if m.Doctor.Passed == 0 || m.ServicesUnread != "" || len(m.Clusters) != 4 || len(m.Sights) != 12 {
		t.Errorf("picture is %+v", m)
	}
}

func TestServicesByAddress(t *testing.T) {
	endpoint := func(address string) mesh.Endpoint {
		return mesh.Endpoint{Address: address, State: mesh.Ready, Ports: []mesh.EndpointPort{{Protocol: "TCP", Port: 8080}}}
	}
	global := map[string]string{mesh.AnnotationGlobal: "true"}
	name := servicesByAddress(mesh.Snapshot{Clusters: []mesh.Facts{
		{Services: &mesh.Services{Items: []mesh.GlobalService{
			{Namespace: "shop", Name: "web", Annotations: global, Endpoints: []mesh.Endpoint{endpoint("100.64.0.7"), endpoint("no address")}},
			{Namespace: "shop", Name: "own", Endpoints: []mesh.Endpoint{endpoint("100.64.0.8")}},
		}}},
		{}, // could not be read
	}})
	for address, want := range map[string]string{"100.64.0.7:8080": "shop/web", "100.64.0.7:80": "", "100.64.0.8:8080": ""} {
		if got := name(netip.MustParseAddrPort(address)); got != want {
			t.Errorf("%s is of %q, want %q", address, got, want)
		}
	}
}

func TestRowHealth(t *testing.T) {
	denied := globalsvc.Share{Context: "aks-1", Verdict: globalsvc.Denied}
	for _, tt := range []struct {
		row  globalsvc.Row
		want picture.Health
	}{
		{globalsvc.Row{Present: true, Agree: true}, picture.Good},
		{globalsvc.Row{Present: true, Rules: globalsvc.Answers{Unknown: "why"}}, picture.Unknown},
		{globalsvc.Row{Rules: globalsvc.Answers{Nobody: "why"}}, picture.Off},
		{globalsvc.Row{Present: true, Rules: globalsvc.Answers{Nobody: "why"}}, picture.Bad},
		{globalsvc.Row{Present: true, Tables: []globalsvc.Held{{}}}, picture.Warn},
		{globalsvc.Row{Present: true, Rules: globalsvc.Answers{Shares: []globalsvc.Share{denied}}}, picture.Warn},
	} {
		if got := rowHealth(&tt.row); got != tt.want {
			t.Errorf("%+v is %s, want %s", tt.row, got, tt.want)
		}
	}
}

func TestScreenful(t *testing.T) {
	const text = "one\n\x1b[32mtwo\x1b[0m\n" + "1234567890123456789012345\nfour\n"
	for _, tt := range []struct {
		rows int
		want string
	}{
		{10, "one|two|1234567890123456789012345|four"},
		{6, "one|two|1234567890123456789012345|four"}, // 1 + 1 + 2 + 1, and one that stays free
		{5, "one|two|and 2 lines more: make the window higher"},
		{2, "and 4 lines more: make the window higher"},
	} {
		got := screenful(text, 20, tt.rows)
		if !strings.HasPrefix(got, goHome) || !strings.HasSuffix(got, "\r\n"+clearRest) {
			t.Errorf("%d rows: %q does not fill the screen", tt.rows, got)
		}
		plain := regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`).ReplaceAllString(got, "")
		if plain = strings.ReplaceAll(strings.TrimSuffix(plain, "\r\n"), "\r\n", "|"); plain != tt.want {
			t.Errorf("%d rows: %q, want %q", tt.rows, plain, tt.want)
		}
	}
}

func TestRedraw(t *testing.T) {
	s, err := mesh.LoadSnapshot(labMesh)
	if err != nil {
		t.Fatal(err)
	}
	terminal := ui.Terminal{Live: true, Size: func() (int, int) { return 100, 50 }}
	var screen bytes.Buffer
	if err := redraw(&screen, terminal, ui.Style{Color: true, Unicode: true}, &statusSeen{s, newStatusReport(s)}, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	got := screen.String()
	for _, want := range []string{goHome + "\x1b[32mready\x1b[0m at ", "again every 5s; Ctrl-C ends", "aks-4", "✓", clearLine + "\r\n" + clearRest} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not on the screen:\n%q", want, got)
		}
	}
	if strings.Contains(strings.ReplaceAll(got, "\r\n", ""), "\n") {
		t.Error("a line does not return to the left")
	}
}
