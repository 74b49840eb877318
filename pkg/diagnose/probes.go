package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// probed is what pods measured from one cluster to another. What was not
// measured at all is nil.
type probed struct {
	from, to          *mesh.Facts
	node, tunnel, pod *mesh.ProbeWay
	dials             []*mesh.ProbeDial
}

// hasResult says whether a way has a result: packets left, or it is known what
// kept them from leaving.
func hasResult(w *mesh.ProbeWay) bool {
	return w != nil && w.Error == "" && (w.Packets > 0 || w.Refused != "")
}

// probesOf sorts what pods measured by pair, in the order that it was measured.
func probesOf(p *mesh.Probes, clusters []*mesh.Facts) []*probed {
	if p == nil {
		return nil
	}
	facts := map[string]*mesh.Facts{}
	for _, c := range clusters {
		facts[c.Context] = c
	}
	var all []*probed
	known := map[[2]string]*probed{}
	find := func(from, to string) *probed {
		at := [2]string{from, to}
		one := known[at]
		if one == nil {
			one = &probed{from: facts[from], to: facts[to]}
			known[at] = one
			if one.from != nil && one.to != nil { // else of a cluster that was taken out of the file
				all = append(all, one)
			}
		}
		return one
	}
	for i := range p.Ways {
		w := &p.Ways[i]
		one := find(w.From, w.To)
		switch w.Kind {
		case mesh.NodeWay:
			one.node = w
		case mesh.TunnelWay:
			one.tunnel = w
		case mesh.PodWay:
			one.pod = w
		}
	}
	for i := range p.Dials {
		one := find(p.Dials[i].From, p.Dials[i].To)
		one.dials = append(one.dials, &p.Dials[i])
	}
	return all
}

func byContext(clusters []*mesh.Facts, context string) *mesh.Facts {
	i := slices.IndexFunc(clusters, func(c *mesh.Facts) bool { return c.Context == context })
	if i < 0 {
		return nil
	}
	return clusters[i]
}

// eachProbed judges every way that pods measured. Where they could not run it
// is unknown, and without --probe it is skipped. silent is what kept a site's
// pods from running.
func eachProbed(silent func(*mesh.ProbeSite) string, f func(*View, *probed) []Finding) func(*View) []Finding {
	return func(v *View) []Finding {
		if v.probes == nil {
			return one(skipped(ofMesh(), "nothing was measured between clusters: doctor --probe does"))
		}
		var out []Finding
		for i := range v.probes.Sites {
			s := &v.probes.Sites[i]
			if c, why := byContext(v.clusters, s.Context), silent(s); c != nil && why != "" {
				out = append(out, v.withImage(unknown(ofCluster(c), "context %q: the probe could not run: %s", c.Context, sentence(why)), s))
			}
		}
		var found []Finding
		for _, p := range v.probed {
			found = append(found, f(v, p)...)
		}
		switch {
		case len(found) == 0 && len(out) == 0 && len(v.probed) == 0:
			out = append(out, skipped(ofMesh(), "there is no second cluster to measure a way to"))
		case len(found) == 0 && len(out) == 0:
			out = append(out, passed(ofMesh()))
		}
		return append(out, found...)
	}
}

func nodeSilent(s *mesh.ProbeSite) string { return s.NodeError }
func podSilent(s *mesh.ProbeSite) string  { return s.PodError }

func anySilent(s *mesh.ProbeSite) string {
	if s.NodeError != "" {
		return s.NodeError
	}
	return s.PodError
}

// unmeasured is unknown for a way that was to be measured although both sites
// ran. Sites that did not are named by themselves.
func (v *View) unmeasured(p *probed, w *mesh.ProbeWay, silent func(*mesh.ProbeSite) string) []Finding {
	if v.silent(p.from, silent) || v.silent(p.to, silent) {
		return nil
	}
	why := "its pods tell nothing of it"
	if w != nil && w.Error != "" {
		why = sentence(w.Error)
	}
	return one(unknown(ofPair(p.from, p.to), "context %q to %q: the probe could not measure the way: %s", p.from.Context, p.to.Context, why))
}

// sentence makes an error's text fit to end a message.
func sentence(text string) string {
	return strings.TrimRight(strings.Join(strings.Fields(text), " "), ".")
}

func (v *View) silent(c *mesh.Facts, silent func(*mesh.ProbeSite) string) bool {
	i := slices.IndexFunc(v.probes.Sites, func(s mesh.ProbeSite) bool { return s.Context == c.Context })
	return i >= 0 && silent(&v.probes.Sites[i]) != ""
}

// back is the same measurement the other way round; nil if there is none.
func (v *View) back(p *probed) *probed {
	for _, other := range v.probed {
		if other.from == p.to && other.to == p.from {
			return other
		}
	}
	return nil
}

// account is a way in one line.
func account(w *mesh.ProbeWay) string {
	name := map[mesh.WayKind]string{mesh.NodeWay: "node to node", mesh.TunnelWay: "node to node, as the tunnel's packets", mesh.PodWay: "pod to pod"}[w.Kind]
	line := fmt.Sprintf("%s %s to %s, UDP port %d: ", w.From, name, w.To, w.Port)
	if w.Packets == 0 {
		return line + "no packet leaves: " + w.Refused
	}
	line += fmt.Sprintf("%d packets of up to %d bytes left, ", w.Packets, w.Sent)
	if w.Arrived == 0 {
		return line + "none arrived"
	}
	return line + fmt.Sprintf("%d of up to %d bytes arrived", w.Arrived, w.Came)
}

// answers are the ICMP errors that came back, in one line.
func answers(w *mesh.ProbeWay) string {
	var said []string
	for _, t := range w.Told {
		text := t.By + " says: " + t.Text
		if t.MTU != 0 {
			text += fmt.Sprintf(", %d bytes pass", t.MTU)
		}
		said = append(said, text)
	}
	if len(said) == 0 {
		return "nobody on the way says why: no ICMP error came back"
	}
	return strings.Join(said, "; ")
}
