package diagnose

import (
	"fmt"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// lossBetween is a fault between two clusters: which ways have it, and in
// which direction packets are lost.
type lossBetween struct {
	from, to *mesh.Facts // the subject: from is where lost packets come from, as far as that is known
	words    string      // the direction, as the end of a sentence
	lines    []string    // evidence
}

// lossOf finds a fault between two clusters. A measurement is a round trip, so
// one that fails does not tell the direction. That a dial arrived at a node
// that cannot answer it does: then the way back is the one that is blocked.
func (v *View) lossOf(a, b *mesh.Facts, f fault) (lossBetween, bool) {
	ab, ba := v.ways[a][b.Config.ClusterName].has(f), v.ways[b][a.Config.ClusterName].has(f)
	if ab.count+ba.count == 0 {
		return lossBetween{}, false
	}
	loss := lossBetween{from: a, to: b}
	onward, back := v.passes(a, b, ab, ba, f), v.passes(b, a, ba, ab, f)
	if onward == surely && back == never || onward == perhaps && back == never {
		loss.from, loss.to, onward, back = b, a, back, onward
	}
	from, to := loss.from.Context, loss.to.Context
	switch {
	case onward == never && back == surely:
		loss.words = fmt.Sprintf("from %q to %q only: packets the other way arrive", from, to)
	case onward == never && back == never:
		loss.words = "in both directions"
	case onward == never:
		loss.words = fmt.Sprintf("from %q to %q, and perhaps the other way as well", from, to)
	case ab.count == 0 || ba.count == 0:
		if ab.count == 0 {
			loss.from, loss.to = b, a
		}
		loss.words = fmt.Sprintf("in one direction or in both; only agents of %q see it", loss.from.Context)
	default:
		loss.words = "in one direction or in both"
	}
	loss.lines = append(summary(v, a, b, ab.count, ba.count), firstOf(ab.lines, ba.lines)...)
	return loss, true
}

// passes says whether packets pass from one cluster to the other: forward and
// reverse are what is wrong for those who measure in and against this direction.
func (v *View) passes(from, to *mesh.Facts, forward, reverse *bad, f fault) truth {
	endpoint := f == tunnelFault
	if forward.count > 0 {
		if came, known := arrived(from, to, endpoint); came {
			return surely
		} else if known {
			return never
		}
	}
	if reverse.count > 0 {
		// The other side's dials came here, and the answers got lost.
		if came, _ := arrived(to, from, endpoint); came {
			return never
		}
	}
	return perhaps
}

// summary is one line of how many of the ways of each side are bad.
func summary(v *View, a, b *mesh.Facts, ab, ba int) []string {
	side := func(from, to *mesh.Facts, n int) string {
		w := v.ways[from][to.Config.ClusterName]
		if w == nil || w.measured == 0 {
			return fmt.Sprintf("%q to %q: not measured", from.Context, to.Context)
		}
		return fmt.Sprintf("%q to %q: %d of %d", from.Context, to.Context, n, w.measured)
	}
	return []string{"ways between nodes that fail: " + side(a, b, ab) + ", " + side(b, a, ba)}
}

// firstOf is one line of each, or two of the one that has any.
func firstOf(a, b []string) []string {
	switch {
	case len(a) == 0:
		return b[:min(len(b), maxEvidence-1)]
	case len(b) == 0:
		return a[:min(len(a), maxEvidence-1)]
	}
	return []string{a[0], b[0]}
}
