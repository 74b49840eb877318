package picture

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Mermaid writes a flowchart: clusters and who sees whom, and the flows if
// they were read.
func Mermaid(w io.Writer, m *Mesh) error {
	m = m.cleaned()
	c := &chart{ids: map[string]string{}}
	c.line("flowchart LR")
	c.line("  accTitle: %s", mermaidLine(title(m)))
	c.line("  accDescr: %s", mermaidLine(m.Summary))
	for _, name := range m.members() {
		c.member(m, name)
	}
	for _, l := range m.links() {
		c.link(&l)
	}
	if m.Flows != nil {
		c.flows(m.Flows)
	}
	c.classes()
	_, err := io.WriteString(w, c.b.String())
	return err
}

// chart is a flowchart under way.
type chart struct {
	b     strings.Builder
	ids   map[string]string // of clusters, by name
	links []Health          // of each line, in their order
	used  map[Health][]string
}

func (c *chart) line(format string, values ...any) { fmt.Fprintf(&c.b, format+"\n", values...) }

func (c *chart) node(id, label string, h Health) {
	c.line(`  %s["%s"]`, id, label)
	if c.used == nil {
		c.used = map[Health][]string{}
	}
	c.used[h] = append(c.used[h], id)
}

func (c *chart) member(m *Mesh, name string) {
	id := fmt.Sprintf("c%d", len(c.ids)+1)
	c.ids[name] = id
	h, lines := m.lines(name)
	for i := range lines {
		lines[i] = mermaidText(lines[i])
	}
	c.node(id, strings.Join(lines, "<br/>"), h)
}

// lines are what is written into a cluster's box where there is no room for more.
func (m *Mesh) lines(name string) (Health, []string) {
	cluster := m.cluster(name)
	if cluster == nil {
		return Unknown, []string{name, Unknown.Symbol() + " was not looked at"}
	}
	h, words := m.Standing(cluster)
	lines := append([]string{name}, facts(cluster)...)
	lines = append(lines, plural(len(cluster.Nodes), "node"))
	return h, append(lines, h.Symbol()+" "+words)
}

// link is a line between two clusters.
type link struct {
	from, to string
	both     bool // each sees the other
	health   Health
	text     string // what is wrong; empty if nothing is
}

// links are the lines of a chart: one for two clusters that see each other,
// else one for each direction.
func (m *Mesh) links() []link {
	sights, names := m.sights(), m.members()
	var all []link
	for i, a := range names {
		for _, b := range names[i+1:] {
			there, back := sights[way{a, b}], sights[way{b, a}]
			if there != nil && back != nil && there.Health() == Good && back.Health() == Good {
				all = append(all, link{from: a, to: b, both: true, health: Good})
				continue
			}
			for _, s := range []*Sight{there, back} {
				if s != nil {
					all = append(all, oneWay(s))
				}
			}
		}
	}
	return all
}

func oneWay(s *Sight) link {
	l := link{from: s.From, to: s.To, health: s.Health()}
	if l.health != Good {
		l.text = l.health.Symbol() + " " + string(s.State)
	}
	return l
}

func (c *chart) link(l *link) {
	arrow := map[Health]string{Good: "-->", Warn: "-.->", Bad: "--x", Off: "-.-", Unknown: "-.->"}[l.health]
	if l.both {
		arrow = "<-->"
	}
	if l.text != "" {
		arrow += fmt.Sprintf(`|"%s"|`, mermaidText(l.text))
	}
	c.line("  %s %s %s", c.ids[l.from], arrow, c.ids[l.to])
	c.links = append(c.links, l.health)
}

// flows adds workloads, by cluster, and who talked to whom.
func (c *chart) flows(f *Flows) {
	edges := f.Edges[:min(len(f.Edges), mostEdges)]
	c.line("  flows[\"%s\"]", mermaidText(fmt.Sprintf("flows seen in %s s: %s", number(f.Seconds), flowsNote(f))))
	ids := map[FlowEnd]string{}
	for i, group := range groups(edges) {
		c.line("  subgraph g%d[\"%s\"]", i+1, mermaidText("workloads of "+group.cluster))
		for j := range group.ends {
			e := &group.ends[j]
			ids[*e] = fmt.Sprintf("f%d", len(ids)+1)
			c.line(`    %s(["%s<br/>%s"])`, ids[*e], mermaidText(e.label()), mermaidText(e.place()))
		}
		c.line("  end")
	}
	for i := range edges {
		e := &edges[i]
		c.line(`  %s ==>|"%s"| %s`, ids[e.From], mermaidText(e.Text()), ids[e.To])
		c.links = append(c.links, e.Health())
	}
}

// group are the ends of edges that are in one cluster.
type group struct {
	cluster string
	ends    []FlowEnd
}

func groups(edges []FlowEdge) []group {
	var both []FlowEdge
	for i := range edges {
		both = append(both, edges[i], FlowEdge{From: edges[i].To})
	}
	var all []group
	for _, e := range ends(both, func(e *FlowEdge) FlowEnd { return e.From }) {
		name := e.Cluster
		if name == "" {
			name = "an unknown cluster"
		}
		if len(all) == 0 || all[len(all)-1].cluster != name {
			all = append(all, group{cluster: name})
		}
		last := &all[len(all)-1]
		last.ends = append(last.ends, e)
	}
	return all
}

// classes gives nodes and lines their colours: those for light paper, with the
// paper, as a chart does not know what it is shown on.
func (c *chart) classes() {
	p := light()
	for _, h := range healths() {
		if ids := c.used[h]; len(ids) > 0 {
			dash := ""
			if h == Unknown || h == Off {
				dash = ",stroke-dasharray:" + dashes(h)
			}
			c.line("  classDef %s fill:%s,stroke:%s,color:%s,stroke-width:2px%s", h, p.panel, p.health[h], p.ink, dash)
			c.line("  class %s %s", strings.Join(ids, ","), h)
		}
	}
	for i, h := range c.links {
		c.line("  linkStyle %d stroke:%s,stroke-width:2px", i, p.health[h])
	}
}

// mermaidText is a text for a quoted label. What could mean something to
// Mermaid, or to HTML, is written by its number.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ./,:_-·", r) || r > unicode.MaxLatin1 {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	return b.String()
}

// mermaidLine is a text for accTitle and accDescr, which know no numbers: there
// the line ends the text, and a few characters would begin something else.
func mermaidLine(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`{}"#;%<>`, r) || r == '`' {
			return ' '
		}
		return r
	}, text)
}
