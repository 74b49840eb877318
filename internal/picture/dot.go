package picture

import (
	"fmt"
	"io"
	"strings"
)

// Dot writes a directed graph in Graphviz's language: clusters and who sees
// whom, and the flows if they were read.
func Dot(w io.Writer, m *Mesh) error {
	m = m.cleaned()
	p := light()
	g := &graph{palette: p, ids: map[string]string{}}
	g.line("digraph mesh {")
	g.line("  graph [label=%s, labelloc=t, rankdir=LR, bgcolor=%q, fontname=\"sans-serif\", fontcolor=%q];", dotText(title(m), m.Summary), p.paper, p.ink)
	g.line("  node [shape=box, style=\"rounded,filled\", fillcolor=%q, fontname=\"sans-serif\", fontsize=12, fontcolor=%q, penwidth=2];", p.panel, p.ink)
	g.line("  edge [fontname=\"sans-serif\", fontsize=10, penwidth=2];")
	for _, name := range m.members() {
		id := fmt.Sprintf("c%d", len(g.ids)+1)
		g.ids[name] = id
		h, lines := m.lines(name)
		g.line("  %s [label=%s, color=%q%s];", id, dotText(lines...), p.health[h], dotStyle(h, "rounded,filled"))
	}
	for _, l := range m.links() {
		g.link(&l)
	}
	if m.Flows != nil {
		g.flows(m.Flows)
	}
	g.line("}")
	_, err := io.WriteString(w, g.b.String())
	return err
}

// graph is a digraph under way.
type graph struct {
	b       strings.Builder
	palette palette
	ids     map[string]string // of clusters, by name
}

func (g *graph) line(format string, values ...any) { fmt.Fprintf(&g.b, format+"\n", values...) }

func (g *graph) link(l *link) {
	extra := dotStyle(l.health, "")
	if l.both {
		extra += ", dir=both"
	}
	if l.health == Bad {
		extra += ", arrowhead=tee"
	}
	if l.text != "" {
		extra += ", label=" + dotText(l.text)
	}
	g.line("  %s -> %s [color=%q, fontcolor=%q%s];", g.ids[l.from], g.ids[l.to], g.palette.health[l.health], g.palette.health[l.health], extra)
}

// flows adds workloads, by cluster, and who talked to whom.
func (g *graph) flows(f *Flows) {
	edges := f.Edges[:min(len(f.Edges), mostEdges)]
	g.line("  flows [shape=plaintext, style=\"\", label=%s];", dotText(fmt.Sprintf("flows seen in %s s", number(f.Seconds)), flowsNote(f)))
	ids := map[FlowEnd]string{}
	for i, group := range groups(edges) {
		g.line("  subgraph cluster_%d {", i+1)
		g.line("    label=%s; color=%q; fontname=\"sans-serif\";", dotText("workloads of "+group.cluster), g.palette.rule)
		for j := range group.ends {
			e := &group.ends[j]
			ids[*e] = fmt.Sprintf("f%d", len(ids)+1)
			g.line("    %s [label=%s, color=%q];", ids[*e], dotText(e.label(), e.place()), g.palette.rule)
		}
		g.line("  }")
	}
	for i := range edges {
		e := &edges[i]
		color := g.palette.health[e.Health()]
		g.line("  %s -> %s [label=%s, color=%q, fontcolor=%q%s];", ids[e.From], ids[e.To], dotText(e.Text()), color, color, dotStyle(e.Health(), ""))
	}
}

// dotStyle is a line's pattern, so that colours are not all there is.
func dotStyle(h Health, base string) string {
	pattern := map[Health]string{Warn: "dashed", Bad: "bold", Unknown: "dashed", Off: "dotted"}[h]
	if base != "" && h != Unknown && h != Off {
		return ""
	}
	style := strings.Trim(base+","+pattern, ",")
	if style == "" {
		return ""
	}
	return fmt.Sprintf(", style=%q", style)
}

// dotText is a quoted label of several lines. Graphviz reads backslashes and
// HTML's entities in it.
func dotText(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;", "\n", " ")
	for i := range lines {
		lines[i] = escape.Replace(lines[i])
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
