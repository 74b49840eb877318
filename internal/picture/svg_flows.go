package picture

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Measures of the drawing of flows: who asks on the left, what is asked in the
// middle, one row each, who answers on the right.
const (
	mostEdges  = 30
	endWidth   = 230.0
	endHeight  = 40.0
	endStep    = 52.0
	labelWidth = 230.0
	labelStep  = 30.0
	flowGap    = 70.0
)

// flows draws who talked to whom, below what is there, and returns the size.
func (d *canvas) flows(f *Flows, top float64) (width, height float64) {
	edges := f.Edges[:min(len(f.Edges), mostEdges)]
	const head = 56.0
	d.text(point{margin, top + 32}, "am-h", fmt.Sprintf("Flows seen in %s s", number(f.Seconds)), 16, 0)
	d.text(point{margin, top + 50}, "am-soft", flowsNote(f), 12, 0)
	width = 2*margin + 2*endWidth + labelWidth + 2*flowGap
	froms, tos := ends(edges, func(e *FlowEdge) FlowEnd { return e.From }), ends(edges, func(e *FlowEdge) FlowEnd { return e.To })
	edges = slices.Clone(edges)
	order := func(e *FlowEdge) (int, int) { return slices.Index(froms, e.From), slices.Index(tos, e.To) }
	slices.SortStableFunc(edges, func(a, b FlowEdge) int {
		fromA, toA := order(&a)
		fromB, toB := order(&b)
		return cmp.Or(cmp.Compare(fromA, fromB), cmp.Compare(toA, toB), cmp.Compare(a.Port, b.Port))
	})
	body := max(float64(len(froms))*endStep, float64(len(tos))*endStep, float64(len(edges))*labelStep)
	top += head + 12
	middle := func(i, n int) float64 { return top + body*(float64(i)+0.5)/float64(n) }
	for i := range edges {
		from, to := order(&edges[i])
		d.edge(&edges[i], middle(from, len(froms)), middle(i, len(edges)), middle(to, len(tos)))
	}
	for i := range froms {
		d.end(&froms[i], margin, middle(i, len(froms)))
	}
	for i := range tos {
		d.end(&tos[i], margin+endWidth+labelWidth+2*flowGap, middle(i, len(tos)))
	}
	return width, head + 12 + body + margin
}

// flowsNote is one line about how the flows were read.
func flowsNote(f *Flows) string {
	var read []string
	unread := 0
	for i := range f.Sources {
		if f.Sources[i].Health == Bad {
			unread++
			continue
		}
		read = append(read, f.Sources[i].Context)
	}
	text := "read from " + some(read, 6)
	if len(read) == 0 {
		text = "read from no cluster"
	}
	if unread > 0 {
		text += fmt.Sprintf("; %s could not be read", plural(unread, "cluster"))
	}
	if len(f.Edges) > mostEdges {
		text += fmt.Sprintf("; %d more edges are not drawn", len(f.Edges)-mostEdges)
	}
	if len(f.Edges) == 0 {
		text += "; no connection between pods was seen"
	}
	return text
}

// ends are the different ends of edges, by cluster and name.
func ends(edges []FlowEdge, of func(*FlowEdge) FlowEnd) []FlowEnd {
	var all []FlowEnd
	for i := range edges {
		all = append(all, of(&edges[i]))
	}
	slices.SortFunc(all, func(a, b FlowEnd) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Service, b.Service))
	})
	return slices.Compact(all)
}

func (e *FlowEnd) label() string {
	if e.Service != "" {
		return "service " + e.Service
	}
	return cmp.Or(e.Name, "unnamed")
}

// place is where a workload lives.
func (e *FlowEnd) place() string {
	where := "cluster " + cmp.Or(e.Cluster, "unknown")
	if e.Service != "" {
		return where + " · " + cmp.Or(e.Name, "unnamed")
	}
	return where + " · " + e.Namespace
}

func (d *canvas) end(e *FlowEnd, x, middle float64) {
	const pad = 10.0
	d.add(`<g><title>%s, %s</title><rect class="am-panel am-rule" x="%s" y="%s" width="%s" height="%s" rx="6"/>`,
		e.label(), e.place(), x, middle-endHeight/2, endWidth, endHeight)
	d.text(point{x + pad, middle - 3}, "am-b", e.label(), 14, endWidth-2*pad)
	d.text(point{x + pad, middle + 13}, "am-soft", e.place(), 12, endWidth-2*pad)
	d.add(`</g>`)
}

// Health of an edge is bad if all of it was dropped.
func (e *FlowEdge) Health() Health {
	switch {
	case e.Dropped == 0:
		return Good
	case e.Dropped < e.Connections:
		return Warn
	default:
		return Bad
	}
}

// Text is "12 × TCP 80, 3 dropped".
func (e *FlowEdge) Text() string {
	text := fmt.Sprintf("%d × %s", e.Connections, e.Port)
	if e.Dropped > 0 {
		text += fmt.Sprintf(", %d dropped", e.Dropped)
	}
	return text
}

func (d *canvas) edge(e *FlowEdge, from, label, to float64) {
	h := e.Health()
	left, right := margin+endWidth, margin+endWidth+labelWidth+2*flowGap
	near, far := left+flowGap, right-flowGap
	weight := 1.5 + math.Min(3, math.Log10(float64(max(1, e.Connections))))
	what := strings.TrimSuffix(fmt.Sprintf("%s to %s: %s, %s", e.From.label(), e.To.label(), e.Text(), e.Reason), ", ")
	d.add(`<g><title>%s</title><path class="am-l am-%s" style="stroke-width:%s" d="M%s %sC%s %s %s %s %s %sH%sC%s %s %s %s %s %s" marker-end="url(#am-a-%s)"/>`,
		what, string(h), weight, left, from, left+flowGap/2, from, left+flowGap/2, label, near, label,
		far, far+flowGap/2, label, far+flowGap/2, to, right-2, to, string(h))
	text := shorten(e.Text(), 12, false, labelWidth-20)
	width := textWidth(text, 12, false) + 16
	middle := (near + far) / 2
	d.add(`<rect class="am-paper" x="%s" y="%s" width="%s" height="20" rx="4"/><text class="am-t am-m am-f am-%s" x="%s" y="%s">%s</text></g>`,
		middle-width/2, label-10, width, string(h), middle, label+4, text)
}
