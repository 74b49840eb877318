package cgroup

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		mounts, own string
		want        []Hierarchy
	}{
		"version 2 alone": {
			mounts: "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n",
			own:    "0::/user.slice/session-1.scope\n",
			want:   []Hierarchy{{Mount: "/sys/fs/cgroup", V2: true, parent: "/"}},
		},
		"both": {
			mounts: "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n" +
				"cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\n" +
				"cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
			own: "3:cpu,cpuacct:/limited\n1:name=systemd:/\n0::/\n",
			want: []Hierarchy{
				{Mount: "/sys/fs/cgroup/cpu,cpuacct", Options: "cpu,cpuacct", parent: "/limited"},
				{Mount: "/sys/fs/cgroup/systemd", Options: "none,name=systemd", parent: "/"},
				{Mount: "/sys/fs/cgroup/unified", V2: true, parent: "/"},
			},
		},
		"none": {mounts: "proc /proc proc rw 0 0\n", own: "0::/\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := parse(c.mounts, c.own)
			slices.SortFunc(got, func(a, b Hierarchy) int { return strings.Compare(a.Mount, b.Mount) })
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(Hierarchy{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
