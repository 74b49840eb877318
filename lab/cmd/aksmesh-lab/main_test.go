package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/lab/build"
)

func TestLine(t *testing.T) {
	for _, c := range []struct {
		p    build.Progress
		want string
	}{
		{build.Progress{Doing: "downloading x v1"}, "downloading x v1"},
		{build.Progress{Doing: "etcd", Fraction: 0.5, Left: 7 * time.Minute}, "[###############...............]  50 %  etcd                     about 7 min left"},
		{build.Progress{Doing: "etcd", Fraction: 1}, "[##############################] 100 %  etcd                     a few seconds left"},
	} {
		if got := line(c.p); got != c.want {
			t.Errorf("line(%+v) = %q, want %q", c.p, got, c.want)
		}
	}
}

// Without a terminal there is a line per program and no escape code.
func TestBarWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out)
	for _, p := range []build.Progress{{Doing: "a"}, {Doing: "a"}, {Doing: "b"}} {
		b.report(p)
	}
	b.close()
	if out.String() != "a\nb\n" {
		t.Errorf("output %q", out.String())
	}
}

func TestQuote(t *testing.T) {
	for _, variable := range []string{"A=b", "A=it's $HOME", "A="} {
		out, err := exec.Command("sh", "-c", quote(variable)+`; printf 'A=%s' "$A"`).Output()
		if err != nil || string(out) != variable {
			t.Errorf("%s: a shell reads %q, %v", variable, out, err)
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"up --clusters 10", "--clusters is 1 to 9"},
		{"exec aks-x 1 true", `no cluster "aks-x"`},
		{"fault add nonsense --from aks-1 --to aks-2", `no fault "nonsense"`},
		{"fault add icmp --from aks-1", `no cluster ""`},
		{"azure break deny --from aks-1", `no cluster ""`},
		{"azure list", "is the lab up?"},
		{"audit aks-1 --since yesterday", "--since"},
		{"fault clear x", "not a fault's number"},
	} {
		t.Setenv("AKSMESH_LAB_HOME", t.TempDir())
		root := newRoot()
		root.SetArgs(strings.Fields(c.args))
		if err := root.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.args, err, c.want)
		}
	}
}
