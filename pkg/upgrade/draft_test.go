package upgrade_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/upgrade"
)

func TestPlans(t *testing.T) {
	for name, test := range map[string]struct {
		versions []string
		prepare  func(*upgrade.Seen, *upgrade.Wish)
		to       string
	}{
		"one after another": {[]string{"1.20.1", "1.20.1", "1.20.1"}, nil, "1.20.2"},
		"two at once": {[]string{"1.19.4", "1.19.4", "1.19.4"}, func(_ *upgrade.Seen, w *upgrade.Wish) {
			w.Parallel = 2
		}, "1.20.2"},
		"first is done": {[]string{"1.20.2", "1.20.1"}, nil, "1.20.2"},
		"values and notes": {[]string{"1.18.5", "1.18.5"}, func(s *upgrade.Seen, w *upgrade.Wish) {
			s.Clusters[0].Release.Values = map[string]any{"old": map[string]any{"switch": true}, "clustermesh": map[string]any{"policyDefaultLocalCluster": true}}
			s.Defaults["aks-1"] = map[string]any{"old": map[string]any{"switch": false}}
			w.Values = map[string]map[string]any{"": {"debug": map[string]any{"enabled": true}}, "aks-2": {"MTU": 1400.0}}
		}, "1.19.4"},
		"GitOps": {[]string{"1.20.1", "1.20.1"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			s.Clusters[0].Release.Owner = "Argo CD application cilium"
		}, "1.20.2"},
		"killed in the middle": {[]string{"1.20.1", "1.20.2", "1.20.1"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			s.Clusters[1].Release.Status, s.Clusters[1].Release.Ours = "pending-upgrade", true
			s.Back["aks-2"] = release.Back{Deployed: 1, Upgrade: 1}
		}, "1.20.2"},
		"a broken chart is mended": {[]string{"1.20.2", "1.20.1"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			lose(s, "aks-1")
			s.Back["aks-1"] = release.Back{Deployed: 2, Upgrade: 1}
			s.Defaults["aks-1"]["image"] = map[string]any{"tag": "v0.0.0-missing", "useDigest": false}
		}, "1.20.2"},
		"did not come back": {[]string{"1.20.1", "1.20.2", "1.20.1"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			lose(s, "aks-2")
			s.Back["aks-2"] = release.Back{Deployed: 2, Upgrade: 1}
		}, "1.20.2"},
	} {
		t.Run(name, func(t *testing.T) {
			seen, wish := whole(t, test.versions...), to(test.to)
			if test.prepare != nil {
				test.prepare(&seen, &wish)
			}
			d := draftOf(t, seen, wish)
			goldenPlan(t, strings.ReplaceAll(name, " ", "-"), d)
			report := d.Report()
			for _, f := range report.Errors() {
				t.Errorf("refused: %s %s", f.Code, f.Message)
			}
			if err := d.NotWhole(); err != nil {
				t.Error(err)
			}
		})
	}
}

// lose takes a cluster's agents out, and with them the others' connections.
func lose(s *upgrade.Seen, name string) {
	for i := range s.Clusters {
		c := &s.Clusters[i]
		if c.Context == name {
			for j := range c.Workloads {
				c.Workloads[j].Ready = 0
			}
			c.Agents, c.KVStore = nil, nil
			continue
		}
		for _, agents := range [][]mesh.Agent{c.Agents, c.KVStore} {
			for j := range agents {
				for k := range agents[j].Remotes {
					if r := &agents[j].Remotes[k]; r.Name == name {
						r.Connected, r.Ready, r.Status = false, false, "not connected"
					}
				}
			}
		}
	}
}

func TestNothingToDo(t *testing.T) {
	d := draftOf(t, whole(t, "1.20.2", "1.20.2"), to("1.20.2"))
	if !d.NothingToDo() {
		t.Error("there is something to do in a mesh that has the version")
	}
	if steps := d.Plan(upgrade.Live{}).Plan.Steps; len(steps) > 0 {
		t.Errorf("the plan has steps: %v", steps)
	}
}

// Hubble's certificates, which the chart keeps otherwise, are made anew once half
// of their life is over.
func TestOldCertificatesOfHubble(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	const days = 24 * time.Hour
	for name, test := range map[string]struct {
		secret string
		age    time.Duration // of 365 days
		values map[string]any
		want   bool
	}{
		"half of it":         {"hubble-server-certs", 183 * days, nil, true},
		"less":               {"hubble-server-certs", 182 * days, nil, false},
		"ended":              {"hubble-server-certs", 400 * days, nil, true},
		"the chart's own":    {"clustermesh-apiserver-server-cert", 300 * days, nil, false},
		"made by a CronJob":  {"hubble-server-certs", 300 * days, map[string]any{"tls": map[string]any{"auto": map[string]any{"method": "cronJob"}}}, false},
		"relay's, left over": {"hubble-relay-client-certs", 300 * days, nil, false},
		"relay's":            {"hubble-relay-client-certs", 300 * days, map[string]any{"relay": map[string]any{"enabled": true}}, true},
	} {
		seen := whole(t, "1.20.1", "1.20.1")
		seen.Taken = now
		c := &seen.Clusters[0]
		c.Certs = []mesh.Cert{{Secret: test.secret, NotBefore: now.Add(-test.age), NotAfter: now.Add(365*days - test.age), SignedByCA: true}}
		seen.Clusters[1].Certs = nil
		if test.values != nil {
			c.Release.Values["hubble"] = test.values
		}
		d := draftOf(t, seen, to("1.20.2"))
		got := d.Clusters[0]
		if noted := strings.Contains(strings.Join(got.Notes, " "), "Hubble's certificates"); got.Helm.Reissue != test.want || noted != test.want || d.Clusters[1].Helm.Reissue {
			t.Errorf("%s: made anew %t, said %t, want %t", name, got.Helm.Reissue, noted, test.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		versions []string
		prepare  func(*upgrade.Seen, *upgrade.Wish)
		to       string
		want     []string // one phrase for each line
	}{
		"two minor versions": {[]string{"1.18.5", "1.19.4"}, nil, "1.20.2", []string{`"aks-1" runs Cilium 1.18.5, and 1.20.2 is more than one minor version newer: Cilium goes one minor version at a time, so bring the mesh to the newest 1.19 first`}},
		"a minor version back": {[]string{"1.20.2", "1.19.4"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			s.Back["aks-1"] = release.Back{Deployed: 4, Upgrade: 3}
		}, "1.19.4", []string{"helm rollback cilium 3 -n kube-system --kube-context aks-1"}},
		"a GitOps cluster too old": {[]string{"1.18.5", "1.19.4"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			s.Clusters[0].Release.Owner = "Flux HelmRelease kube-system/cilium"
		}, "1.20.2", []string{`"aks-2" would run Cilium 1.20.2 while context "aks-1", which is left to Flux HelmRelease kube-system/cilium, runs 1.18.5`}},
		"pinned images": {[]string{"1.20.1", "1.20.1"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			s.Clusters[1].Release.Values["image"] = map[string]any{"tag": "v1.20.1"}
		}, "1.20.2", []string{`"aks-2": the release's values pin images (image.tag=v1.20.1), which would stay what they are: choose others with --set or --values, or the chart's own with --set image.tag=null`}},
		"certificates as values": {[]string{"1.19.4", "1.20.1"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			s.Clusters[0].Release.Values["clustermesh"] = map[string]any{"apiserver": map[string]any{"tls": map[string]any{"auto": map[string]any{"enabled": false}, "server": map[string]any{"cert": "PEM"}}}}
		}, "1.20.2", []string{`"aks-1": the release gives certificates as Helm values (clustermesh.apiserver.tls.server.cert)`}},
		"no Cilium, and none of Helm's": {[]string{"1.20.1", "1.20.1"}, func(s *upgrade.Seen, _ *upgrade.Wish) {
			s.Clusters[0].Release, s.Clusters[0].Config, s.Clusters[1].Release = nil, nil, nil
		}, "1.20.2", []string{`"aks-1" has no Cilium`, `"aks-2" runs a Cilium that Helm did not install`}},
		"no mesh": {[]string{"1.20.1"}, nil, "1.20.2", []string{`"aks-1" is connected to no other cluster`}},
		"values for nobody": {[]string{"1.20.1", "1.20.1"}, func(_ *upgrade.Seen, w *upgrade.Wish) {
			w.Values = map[string]map[string]any{"aks-9": {}}
		}, "1.20.2", []string{`"aks-9", which is no member of this mesh`}},
	} {
		t.Run(name, func(t *testing.T) {
			seen, wish := whole(t, test.versions...), to(test.to)
			if test.prepare != nil {
				test.prepare(&seen, &wish)
			}
			_, err := upgrade.Make(seen, wish)
			if err == nil {
				t.Fatal("it is not refused")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("%d lines, want %d:\n%v", len(lines), len(test.want), err)
			}
			for i, want := range test.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("line %d lacks %q:\n%s", i+1, want, lines[i])
				}
			}
		})
	}
}

// A mesh that is not whole is refused, and by name, unless it is an upgrade
// that broke it.
func TestAMeshThatIsNotWhole(t *testing.T) {
	seen := whole(t, "1.20.1", "1.20.1", "1.20.1")
	lose(&seen, "aks-2")
	d := draftOf(t, seen, to("1.20.2"))
	report := d.Report()
	if len(report.Errors()) == 0 {
		t.Error("no finding refuses it")
	}
	err := d.NotWhole()
	if err == nil || !strings.Contains(err.Error(), `context "aks-2": no agent runs`) {
		t.Errorf("NotWhole: %v", err)
	}
}

// An upgraded cluster whose old pods go on, while no new one starts, has not
// come back: it is waited for before any further cluster.
func TestAClusterThatStillRollsOut(t *testing.T) {
	seen := whole(t, "1.20.1", "1.20.2", "1.20.1")
	seen.Back["aks-2"] = release.Back{Deployed: 2, Upgrade: 1}
	for i := range seen.Clusters[1].Workloads {
		if w := &seen.Clusters[1].Workloads[i]; w.Name == "clustermesh-apiserver" {
			w.Updated = false
		}
	}
	d := draftOf(t, seen, to("1.20.2"))
	if first := d.Clusters[0]; first.Context != "aks-2" || !first.Unfinished || first.Helm.Needed || first.Back != 1 {
		t.Errorf("first is %s, unfinished %t, with a revision %t, back to %d; want aks-2, without one, back to 1", first.Context, first.Unfinished, first.Helm.Needed, first.Back)
	}
	seen.Back["aks-2"] = release.Back{Deployed: 2}
	if d := draftOf(t, seen, to("1.20.2")); d.Clusters[0].Context != "aks-1" {
		t.Error("a cluster that was never upgraded is an unfinished one")
	}
}

// A cluster that broke long after its upgrade is no unfinished one.
func TestAMeshThatBrokeLater(t *testing.T) {
	seen := whole(t, "1.20.1", "1.20.1", "1.20.1")
	for name := range seen.Back {
		seen.Back[name] = release.Back{Deployed: 2, Upgrade: 1}
	}
	lose(&seen, "aks-2")
	d := draftOf(t, seen, to("1.20.2"))
	if report := d.Report(); len(report.Errors()) == 0 || d.NotWhole() == nil {
		t.Error("nothing refuses it")
	}
}

func TestWayBack(t *testing.T) {
	for name, test := range map[string]struct {
		back   release.Back
		status string
		runs   string
		want   int
	}{
		"from a first upgrade":        {release.Back{Deployed: 3}, "deployed", "1.20.1", 3},
		"from a second one":           {release.Back{Deployed: 3, Upgrade: 2}, "deployed", "1.20.1", 3},
		"from one that was cut off":   {release.Back{Deployed: 2, Upgrade: 2}, "failed", "1.20.2", 2},
		"from one that failed twice":  {release.Back{Deployed: 2, Upgrade: 2}, "failed", "1.20.1", 2},
		"after somebody else's error": {release.Back{Deployed: 2}, "failed", "1.20.1", 2},
		"where the version is there":  {release.Back{Deployed: 3, Upgrade: 2}, "deployed", "1.20.2", 2},
		"where it always was":         {release.Back{Deployed: 3}, "deployed", "1.20.2", 0},
	} {
		t.Run(name, func(t *testing.T) {
			seen := whole(t, test.runs, "1.20.1")
			seen.Clusters[0].Release.Status = test.status
			seen.Back["aks-1"] = test.back
			d := draftOf(t, seen, to("1.20.2"))
			got := 0
			for i := range d.Clusters {
				if d.Clusters[i].Context == "aks-1" {
					got = d.Clusters[i].Back
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("revision to go back to (-want +got):\n%s", diff)
			}
		})
	}
}
