package picture

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// manyClusters is the number of clusters above which lines between clusters
// that see each other step back.
const manyClusters = 6

// mesh draws the clusters and who sees whom, and returns the size.
func (d *canvas) mesh(m *Mesh) (width, height float64) {
	names := m.members()
	const head = 40.0
	if len(names) == 0 {
		d.text(point{margin, margin + 8}, "am-h", "no cluster", 16, 0)
		return 320, head + margin
	}
	middles, width, height := circle(len(names))
	width = max(width, 460)
	shift := (width - (slices.MaxFunc(middles, byX).x + boxWidth/2 + margin)) / 2
	at := make(map[string]point, len(names))
	for i, name := range names {
		at[name] = middles[i].plus(point{shift, head}, 1)
	}
	d.text(point{margin, margin + 8}, "am-h", title(m), 16, 0)
	used := d.lines(m, names, at)
	for _, name := range names {
		d.box(m, name, at[name])
	}
	return width, head + height + d.legend(used, head+height)
}

func byX(a, b point) int { return cmp.Compare(a.x, b.x) }

// lines draws who sees whom. Two clusters that see each other share a line
// with two heads; else each direction has its own. It returns what is there.
func (d *canvas) lines(m *Mesh, names []string, at map[string]point) map[Health]bool {
	sights, used := m.sights(), map[Health]bool{}
	var bad strings.Builder // drawn last, above the others
	for i, a := range names {
		for _, b := range names[i+1:] {
			there, back := sights[way{a, b}], sights[way{b, a}]
			if there == nil && back == nil {
				continue
			}
			if there != nil && back != nil && there.Health() == Good && back.Health() == Good {
				used[Good] = true
				d.mutual(a, b, at, len(names) > manyClusters)
				continue
			}
			apart := &canvas{}
			for _, s := range []*Sight{there, back} {
				if s != nil {
					used[s.Health()] = true
					apart.directed(s, at)
				}
			}
			bad.WriteString(apart.b.String())
		}
	}
	d.b.WriteString(bad.String())
	return used
}

func (d *canvas) mutual(a, b string, at map[string]point, faint bool) {
	c := between(at[a], at[b], 0)
	weight := 2.0
	if faint {
		weight = 1
	}
	d.add(`<path class="am-l am-good" style="stroke-width:%s" d="M%s %sL%s %s" marker-start="url(#am-a-good)" marker-end="url(#am-a-good)"><title>%s and %s see each other</title></path>`,
		weight, c.from.x, c.from.y, c.to.x, c.to.y, a, b)
}

// directed draws what one cluster sees of another, with a symbol near the one
// who looks.
func (d *canvas) directed(s *Sight, at map[string]point) {
	const bend, symbolAt = 16.0, 34.0
	c := between(at[s.From], at[s.To], bend)
	h := s.Health()
	d.add(`<g><title>%s</title><path class="am-l am-%s" d="M%s %sQ%s %s %s %s" marker-end="url(#am-a-%s)"/>`,
		sentence(s), string(h), c.from.x, c.from.y, c.control.x, c.control.y, c.to.x, c.to.y, string(h))
	d.symbol(c.at(min(0.4, symbolAt/math.Max(c.to.minus(c.from).length(), 1))), h)
	d.add(`</g>`)
}

// sentence tells a sight: "aks-1 sees aks-2: degraded, 1 of 2 agents: why".
func sentence(s *Sight) string {
	text := fmt.Sprintf("%s sees %s: %s", s.From, s.To, s.State)
	if s.Agents.Of > 0 {
		text += fmt.Sprintf(", %d of %s", s.Agents.Ready, plural(s.Agents.Of, "agent"))
	}
	if len(s.Reasons) > 0 {
		text += ": " + some(s.Reasons, 3)
	}
	return text
}

// box draws a cluster; one that was not looked at has a name and a dashed frame.
func (d *canvas) box(m *Mesh, name string, middle point) {
	const pad, inner = 12.0, boxWidth - 24
	corner := middle.minus(point{boxWidth / 2, boxHeight / 2})
	c := m.cluster(name)
	h, words := Unknown, "was not looked at"
	if c != nil {
		h, words = m.Standing(c)
	}
	dash := ""
	if h == Unknown || h == Off {
		dash = ` style="stroke-dasharray:` + dashes(h) + `"`
	}
	d.add(`<g><title>%s: %s</title><rect class="am-panel am-box am-%s"`+dash+` x="%s" y="%s" width="%s" height="%s" rx="8"/>`,
		name, words, string(h), corner.x, corner.y, boxWidth, boxHeight)
	line := corner.plus(point{pad, 22}, 1)
	d.text(line, "am-b", name, 14, inner)
	if c != nil {
		for i, text := range facts(c) {
			d.text(line.plus(point{0, 18 + 16*float64(i)}, 1), "am-soft", text, 12, inner)
		}
		d.nodes(c, corner.plus(point{pad, boxHeight - 40}, 1), inner)
	}
	d.add(`<text class="am-t am-f am-%s" x="%s" y="%s">%s</text></g>`, string(h), line.x, corner.y+boxHeight-10,
		shorten(h.Symbol()+" "+words, 12, false, inner))
}

// facts are up to three lines about a cluster.
func facts(c *Cluster) []string {
	var about, way []string
	if c.ID != 0 {
		about = append(about, fmt.Sprintf("id %d", c.ID))
	}
	if c.Cilium != "" {
		about = append(about, "Cilium "+c.Cilium)
	}
	if c.Encapsulation != "" {
		way = append(way, c.Encapsulation)
	}
	if c.Encryption != "" && c.Encryption != "none" {
		way = append(way, c.Encryption)
	}
	if len(c.MTU.Pods) > 0 {
		way = append(way, "MTU "+some(c.MTU.Pods, 2))
	}
	var lines []string
	for _, line := range []string{strings.Join(about, " · "), some(c.PodCIDRs, 2), strings.Join(way, " · ")} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// nodes draws a square for each node, hollow and crossed if it is not ready.
func (d *canvas) nodes(c *Cluster, at point, width float64) {
	const size, step = 10.0, 14.0
	most := int(width/step) - 4
	for i := range c.Nodes {
		x := at.x + step*float64(i)
		if i == most && len(c.Nodes) > most+1 {
			d.add(`<text class="am-t am-soft" x="%s" y="%s">+%d</text>`, x, at.y+size-1, len(c.Nodes)-most)
			return
		}
		n := &c.Nodes[i]
		if n.Ready {
			d.add(`<rect class="am-f am-good" x="%s" y="%s" width="%s" height="%s" rx="2"><title>%s: ready</title></rect>`, x, at.y, size, size, n.Name)
			continue
		}
		d.add(`<g><title>%s: not ready</title><rect class="am-paper am-box am-bad" x="%s" y="%s" width="%s" height="%s" rx="2"/><path class="am-l am-bad" style="stroke-dasharray:none" d="M%s %sl%s %sm0 -%sl-%s %s"/></g>`,
			n.Name, x, at.y, size, size, x+2, at.y+2, size-4, size-4, size-4, size-4, size-4)
	}
}

// legend explains the lines that are there, and returns its height.
func (d *canvas) legend(used map[Health]bool, top float64) float64 {
	const row, sample = 22.0, 56.0
	n := 0.0
	for _, h := range healths() {
		if !used[h] {
			continue
		}
		y := top + row*n
		d.add(`<path class="am-l am-%s" d="M%s %sh%s" marker-end="url(#am-a-%s)"/>`, string(h), margin, y, sample, string(h))
		if h != Good {
			d.symbol(point{margin + sample/2 - 4, y}, h)
		}
		d.text(point{margin + sample + 12, y + 4}, "", meaning(h), 12, 0)
		n++
	}
	if n == 0 {
		return 0
	}
	return row * n
}

// meaning says what a line of a health is.
func meaning(h Health) string {
	switch h {
	case Good:
		return "sees it, connected and synced (two heads: both see each other)"
	case Warn:
		return "some of its agents see it, or not all is synced"
	case Bad:
		return "does not see it"
	case Off:
		return "is not configured with it"
	default:
		return "nobody could be asked"
	}
}
