package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

func TestMeasuredMTUs(t *testing.T) {
	t.Parallel()
	probes := &mesh.Probes{Ways: []mesh.ProbeWay{
		{From: "aks-1", To: "aks-2", Kind: mesh.NodeWay, Sent: 1500, Came: 1500},
		{From: "aks-1", To: "aks-2", Kind: mesh.TunnelWay, Sent: 1500, Came: 1400},
		{From: "aks-1", To: "aks-2", Kind: mesh.PodWay, Sent: 1450},
		{From: "aks-2", To: "aks-1", Kind: mesh.NodeWay, Error: "no image"},
	}}
	const want = `FROM    TO      NODE TO NODE   TUNNEL'S PORT   POD TO POD
aks-1   aks-2   1500           1400 of 1500    none of 1450
aks-2   aks-1   ?
bytes of the largest IP packet with don't-fragment that arrived, of the largest that left
`
	var b strings.Builder
	if err := writeMeasuredMTUs(&b, ui.Style{}, probes); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// What is made is said before it is made.
func TestAnnouncement(t *testing.T) {
	t.Parallel()
	o := &doctorOptions{
		image:  "registry.example/p:v1",
		probed: []*mesh.Cluster{{Context: "aks-1"}, {Context: "aks-2"}},
	}
	o.flags.probeNamespace = "kube-system"
	text := o.announcement()
	for _, want := range []string{"4 pods", "namespace kube-system of each of aks-1, aks-2", "registry.example/p:v1", "CAP_NET_RAW", "removed"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if strings.Contains(text, "\n") {
		t.Errorf("%q is more than a line", text)
	}
}

// Without an image it is said what was looked at all the same, and what to type.
func TestWithoutImage(t *testing.T) {
	t.Parallel()
	o := &doctorOptions{
		image:  "registry.example/p:v1",
		probed: []*mesh.Cluster{{Context: "aks-1"}, {Context: "aks-2"}},
	}
	sites := []mesh.ProbeSite{{Context: "aks-1"}, {Context: "aks-2", NodeError: "no node is ready"}}
	if text := o.withoutImage(&mesh.Probes{Sites: sites}); text != "" {
		t.Errorf("with an image: %q", text)
	}
	sites[1].NoImage = true
	text := o.withoutImage(&mesh.Probes{Sites: sites})
	for _, want := range []string{"registry.example/p:v1 cannot be used in aks-2.", "Cilium's own pods were asked", "Not measured there: packet sizes", "doctor --probe --context aks-1,aks-2 --probe-image IMAGE"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

// What could not be seen is told with what to do about it, once for those that
// follow each other.
func TestUnexamined(t *testing.T) {
	t.Parallel()
	e := &examination{Report: diagnose.Report{Findings: []diagnose.Finding{
		{Status: diagnose.Unknown, Message: "a", Remedy: "do this"},
		{Status: diagnose.Unknown, Message: "a", Remedy: "do this"},
		{Status: diagnose.Unknown, Message: "b", Remedy: "do this"},
		{Status: diagnose.Unknown, Message: "c"},
		{Status: diagnose.Skipped, Message: "d"},
	}}}
	var b strings.Builder
	writeUnexamined(&b, ui.Style{}, e, false)
	if diff := cmp.Diff("unknown: a (2 checks)\nunknown: b\n    fix: do this\nunknown: c\n\n", b.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}
