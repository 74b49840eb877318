package lab

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInstallCommands(t *testing.T) {
	problems := []Problem{
		{What: "ip is missing", Packages: []string{"iproute2"}}, {What: "namespaces and mounts need root: use sudo"},
		{What: "runc is missing", Packages: []string{"runc"}},
	}
	want := [][]string{
		{"apt-get", "update", "-q"}, // before: a new machine knows no package
		{"apt-get", "install", "-y", "-q", "--no-install-recommends", "iproute2", "runc"},
	}
	if diff := cmp.Diff(want, InstallCommands(problems)); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	if got := InstallCommands(problems[1:2]); got != nil {
		t.Errorf("%v, though no package makes a root", got)
	}
}
