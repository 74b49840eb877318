package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// TestLabSnapshot judges what real clusters said: lab.json.gz was saved by
// doctor from a lab of four clusters of two nodes, with all tiers but probes,
// while all was connected. One agent had restarted five times before that.
func TestLabSnapshot(t *testing.T) {
	s := labSnapshot(t)
	report := Judge(s, Options{Phase: Running})
	found := map[Code]int{}
	for _, f := range report.Findings {
		if f.Status == Fail || f.Status == Unknown {
			found[f.Code]++
		}
	}
	// The lab's Kubernetes is newer than Cilium's tests, and its clusters were
	// made with other pod CIDRs than join gave them.
	want := map[Code]int{CodeKubernetes: 4, CodeARMPodCIDR: 4, CodeRestarts: 1}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("failures and unknowns by code (-want +got):\n%s", diff)
	}
	if report.Counts.Errors > 0 || report.Counts.Pass < 250 {
		t.Errorf("%+v", report.Counts)
	}
}

// What is broken in a stored snapshot is found in it as in a live mesh: as the
// first cause, with no other error beside it. Agents of two minor versions are
// only judged here, as the lab's images are of one release.
func TestLabSnapshotBroken(t *testing.T) {
	for name, test := range map[string]struct {
		breaks func(*mesh.Snapshot)
		want   Code
	}{
		"one id":         {breaks: func(s *mesh.Snapshot) { s.Clusters[1].Config.ClusterID = s.Clusters[0].Config.ClusterID }, want: CodeIDUnique},
		"pods overlap":   {breaks: func(s *mesh.Snapshot) { s.Clusters[1].Config.PodCIDRs = s.Clusters[0].Config.PodCIDRs }, want: CodePodsPods},
		"other tunnel":   {breaks: func(s *mesh.Snapshot) { s.Clusters[2].Config.TunnelProtocol = "geneve" }, want: CodeTunnel},
		"versions apart": {breaks: func(s *mesh.Snapshot) { older(&s.Clusters[3], "1.18.5") }, want: CodeCilium},
		"too old":        {breaks: func(s *mesh.Snapshot) { older(&s.Clusters[3], "1.17.9") }, want: CodeCilium},
	} {
		t.Run(name, func(t *testing.T) {
			s := labSnapshot(t)
			test.breaks(&s)
			report := Judge(s, Options{Phase: Running})
			var got []Code
			for _, f := range report.Causes() {
				if f.Severity == Error && !slices.Contains(got, f.Code) {
					got = append(got, f.Code)
				}
			}
			if diff := cmp.Diff([]Code{test.want}, got); diff != "" {
				t.Errorf("errors that nothing explains (-want +got):\n%s", diff)
			}
		})
	}
}

// One minor version apart is what Cilium allows, as during an upgrade.
func TestLabSnapshotMinorApart(t *testing.T) {
	s := labSnapshot(t)
	older(&s.Clusters[3], "1.19.7")
	report := Judge(s, Options{Phase: Running})
	if found := report.Errors(); len(found) > 0 {
		t.Errorf("errors: %+v", found)
	}
}

// older makes a cluster run another Cilium: by its images and in its agents' words.
func older(f *mesh.Facts, version string) {
	for i := range f.Workloads {
		w := &f.Workloads[i]
		repository, _, _ := strings.Cut(w.Image, ":")
		w.Image = repository + ":v" + version
	}
	for i := range f.Agents {
		f.Agents[i].Version = version
	}
	if f.Release != nil {
		f.Release.ChartVersion = version
	}
}

// labSnapshot is what doctor saved on the lab.
func labSnapshot(t *testing.T) mesh.Snapshot {
	t.Helper()
	s, err := mesh.LoadSnapshot("testdata/lab.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
