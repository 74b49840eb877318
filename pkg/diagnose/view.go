package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// View is what a check looks at: the snapshot, the phase, and the time.
type View struct {
	clusters []*mesh.Facts
	phase    Phase
	now      time.Time
	command  string // whose roles a preflight names
	ranges   map[*mesh.Facts]*ranges
	names    map[string]*mesh.Facts // by Cilium cluster name; the first that has it
	services serviceIndex
	ways     map[*mesh.Facts]map[string]*ways // by who measured, and by the name of whom
	sizes    map[*mesh.Facts]sizes            // of packets, where agents tell
	sights   map[*mesh.Facts]*sights          // what agents say of other clusters
	etcds    map[*mesh.Facts]string           // mesh.OwnEtcd
	twins    map[[2]*mesh.Facts]views         // nodes of two clusters that have the same addresses
	declared *mesh.Declared                   // nil if there is no mesh file
	versions map[*mesh.Facts]*semver.Version  // of Cilium, once they were asked for
	others   map[*mesh.Facts][]string         // those of expected, once they were asked for
	probes   *mesh.Probes                     // nil if nothing was measured
	probed   []*probed
	azure    map[*mesh.Facts]*azureNet // nil for clusters whose network was not looked at
}

func newView(s mesh.Snapshot, opts Options) *View {
	v := &View{phase: opts.Phase, now: opts.Now, command: cmp.Or(opts.Command, "join"), ranges: map[*mesh.Facts]*ranges{}, names: map[string]*mesh.Facts{}, azure: map[*mesh.Facts]*azureNet{}, ways: map[*mesh.Facts]map[string]*ways{}, sizes: map[*mesh.Facts]sizes{}, sights: map[*mesh.Facts]*sights{}, etcds: map[*mesh.Facts]string{}, others: map[*mesh.Facts][]string{}, versions: map[*mesh.Facts]*semver.Version{}}
	if v.phase == "" {
		v.phase = Running
	}
	if v.now.IsZero() {
		v.now = s.Taken
	}
	for i := range s.Clusters {
		c := &s.Clusters[i]
		v.clusters = append(v.clusters, c)
		v.ranges[c] = rangesOf(c)
		v.azure[c] = newAzureNet(c)
		v.ways[c] = waysOf(c)
		v.sizes[c] = v.sizesOf(c)
		v.sights[c] = sightsOf(c)
		v.etcds[c] = mesh.OwnEtcd(c.Agents, c.KVStore)
		if c.Config != nil && v.names[c.Config.ClusterName] == nil {
			v.names[c.Config.ClusterName] = c
		}
	}
	for _, c := range v.clusters {
		// What a cluster that does not answer is called is not known; most
		// contexts have the cluster's name.
		if c.Config == nil && problem(c, mesh.SectionAPI) != nil && v.names[c.Context] == nil {
			v.names[c.Context] = c
		}
	}
	v.twins = twinsOf(v.clusters, v.ranges)
	v.services = indexServices(v.clusters)
	v.declared = s.Declared
	v.probes, v.probed = s.Probes, probesOf(s.Probes, v.clusters)
	return v
}

// named is the cluster of the snapshot that has the Cilium cluster name; nil
// if it has no context.
func (v *View) named(name string) *mesh.Facts { return v.names[name] }

// eachCluster judges one cluster after another. A cluster that lacks one of
// the sections is skipped or unknown; no finding means that it passes.
func eachCluster(sections []string, f func(*View, *mesh.Facts) []Finding) func(*View) []Finding {
	return func(v *View) []Finding {
		var out []Finding
		for _, c := range v.clusters {
			if m, ok := lacks(c, sections); ok {
				out = append(out, m)
				continue
			}
			found := f(v, c)
			if len(found) == 0 {
				found = one(passed(ofCluster(c)))
			}
			out = gather(out, found)
		}
		return out
	}
}

// gather is append for lists that may become very long: it doubles their room
// where append would add a quarter, which leaves less behind.
func gather(all, found []Finding) []Finding {
	if len(all)+len(found) > cap(all) {
		all = slices.Grow(all, len(all)+len(found))
	}
	return append(all, found...)
}

// eachPair judges every unordered pair of clusters that have the sections.
// The others are named once each, not once per pair, and one finding stands
// for all pairs that pass.
func eachPair(sections []string, f func(v *View, a, b *mesh.Facts) []Finding) func(*View) []Finding {
	return func(v *View) []Finding {
		out, able := split(v.clusters, sections)
		pairs := 0
		var found []Finding
		for i, a := range able {
			for _, b := range able[i+1:] {
				found = gather(found, f(v, a, b))
				pairs++
			}
		}
		switch {
		case pairs == 0 && len(out) == 0:
			out = append(out, skipped(ofMesh(), "there is no second cluster to compare with"))
		case pairs > 0 && len(found) == 0:
			out = append(out, passed(ofMesh()))
		}
		if len(out) == 0 {
			return found // which may be many
		}
		return append(out, found...)
	}
}

// eachDirection is eachPair for both directions: f(a, b) and f(b, a).
func eachDirection(sections []string, f func(v *View, from, to *mesh.Facts) []Finding) func(*View) []Finding {
	return eachPair(sections, func(v *View, a, b *mesh.Facts) []Finding {
		return append(f(v, a, b), f(v, b, a)...)
	})
}

// both runs two judgements of one check.
func both(f, g func(*View) []Finding) func(*View) []Finding {
	return func(v *View) []Finding { return append(f(v), g(v)...) }
}

// split parts the clusters that have all sections from the findings about those that lack one.
func split(clusters []*mesh.Facts, sections []string) (lacking []Finding, able []*mesh.Facts) {
	for _, c := range clusters {
		if m, ok := lacks(c, sections); ok {
			lacking = append(lacking, m)
			continue
		}
		able = append(able, c)
	}
	return lacking, able
}
