package upgrade_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/release"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/upgrade"
	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// defaults are those of a chart, as far as they matter here.
func defaults(version string) map[string]any {
	return map[string]any{
		"image":       map[string]any{"tag": "v" + version, "useDigest": false},
		"operator":    map[string]any{"image": map[string]any{"tag": "v" + version, "useDigest": false}},
		"clustermesh": map[string]any{"mcsapi": map[string]any{"enabled": false}, "config": map[string]any{"clusters": []any{}}},
	}
}

// whole is a mesh of the clusters aks-1 to aks-4, of which all is well: what
// doctor saw of the lab, where all run 1.20.1, with the versions given.
func whole(t *testing.T, versions ...string) upgrade.Seen {
	t.Helper()
	s, err := mesh.LoadSnapshot("../diagnose/testdata/lab.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	seen := upgrade.Seen{Snapshot: s, Back: map[string]release.Back{}, Defaults: map[string]map[string]any{}}
	seen.Clusters = seen.Clusters[:len(versions)]
	for i, version := range versions {
		c := &seen.Clusters[i]
		r := *c.Release
		r.ChartVersion = version
		r.Values = map[string]any{"cluster": map[string]any{"name": c.Config.ClusterName, "id": float64(c.Config.ClusterID)}}
		c.Release = &r
		c.AgentTier = nil // one of the lab's agents had restarted
		withoutOthers(c, versions)
		for j := range c.Workloads {
			c.Workloads[j].Image, _, _ = strings.Cut(c.Workloads[j].Image, ":")
			c.Workloads[j].Image += ":v" + version
		}
		seen.Back[c.Context] = release.Back{Deployed: c.Release.Revision}
		seen.Defaults[c.Context] = defaults(version)
	}
	return seen
}

// withoutOthers has a cluster know the first clusters alone.
func withoutOthers(c *mesh.Facts, versions []string) {
	known := map[string]bool{}
	for i := range versions {
		known["aks-"+string(rune('1'+i))] = true
	}
	var peers []mesh.Peer
	for _, p := range c.Peers {
		if known[p.Name] {
			peers = append(peers, p)
		}
	}
	c.Peers = peers
	for _, agents := range [][]mesh.Agent{c.Agents, c.KVStore} {
		for i := range agents {
			var remotes []mesh.Remote
			for _, r := range agents[i].Remotes {
				if known[r.Name] {
					remotes = append(remotes, r)
				}
			}
			agents[i].Remotes = remotes
		}
	}
}

func to(version string) upgrade.Wish {
	return upgrade.Wish{Version: version, Defaults: defaults(version)}
}

func draftOf(t *testing.T, seen upgrade.Seen, w upgrade.Wish) *upgrade.Draft {
	t.Helper()
	d, err := upgrade.Make(seen, w)
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	return d
}

// goldenPlan compares the plan of a draft, and its notes, with testdata/NAME.json.
func goldenPlan(t *testing.T, name string, d *upgrade.Draft) {
	t.Helper()
	notes := map[string][]string{}
	for i := range d.Clusters {
		if c := &d.Clusters[i]; len(c.Notes) > 0 {
			notes[c.Context] = c.Notes
		}
	}
	got, err := json.MarshalIndent(map[string]any{"plan": d.Plan(upgrade.Live{}).Plan, "notes": notes}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	golden.Compare(t, path, string(got)+"\n")
}
