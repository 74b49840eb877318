package diagnose

import (
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// judgeProbeLeft: the pods that measured are gone.
func judgeProbeLeft(v *View) []Finding {
	if v.probes == nil {
		return one(skipped(ofMesh(), "no pods were made to measure anything"))
	}
	var out []Finding
	for i := range v.probes.Sites {
		s := &v.probes.Sites[i]
		if c := byContext(v.clusters, s.Context); c != nil && s.Left != "" {
			out = append(out, failed(ofCluster(c), "context %q: pods of the probe could not be removed; they end by themselves", c.Context).
				seen(strings.Split(s.Left, "; ")...).
				mend("kubectl aksmesh doctor --cleanup --context %s", quote(c.Context)))
		}
	}
	if len(out) == 0 {
		out = one(passed(ofMesh()))
	}
	return out
}

// withImage says how to measure where the probe's image could not be used, and
// what has been looked at without it.
func (v *View) withImage(f Finding, s *mesh.ProbeSite) Finding {
	if !s.NoImage {
		return f
	}
	var contexts strings.Builder
	for i := range v.probes.Sites {
		contexts.WriteString(" --context " + quote(v.probes.Sites[i].Context))
	}
	return f.seen("Cilium's own pods were asked all the same: they dial mesh addresses and the health port, and ping",
		"only the probe measures packet sizes, the tunnel's port and each direction by itself").
		mend("kubectl aksmesh doctor --probe%s --probe-image IMAGE, with the prober's image of this version in a registry that these nodes may pull from", contexts.String())
}
