package picture

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// SVG writes the clusters, who sees whom and, if they were read, the flows, as
// one picture that needs nothing else. Colours follow the reader's preference
// for dark or light.
func SVG(w io.Writer, m *Mesh) error {
	_, err := io.WriteString(w, xml.Header+drawing(m.cleaned())+"\n")
	return err
}

// drawing is the element svg. Its texts must be clean.
func drawing(m *Mesh) string {
	d := &canvas{}
	width, height := d.mesh(m)
	if m.Flows != nil {
		flowWidth, flowHeight := d.flows(m.Flows, height)
		width, height = max(width, flowWidth), height+flowHeight
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]s %[2]s" width="%[1]s" height="%[2]s" role="img" aria-labelledby="am-title am-desc">`+"\n",
		number(width), number(height))
	fmt.Fprintf(&b, "<title id=\"am-title\">%s</title>\n<desc id=\"am-desc\">%s</desc>\n", escape(title(m)), escape(description(m)))
	b.WriteString("<style>\n" + drawingStyle() + "</style>\n" + arrows())
	fmt.Fprintf(&b, `<rect class="am-paper" width="%s" height="%s"/>`+"\n", number(width), number(height))
	b.WriteString(d.b.String() + "</svg>")
	return b.String()
}

func title(m *Mesh) string { return "Cluster mesh of " + plural(len(m.members()), "cluster") }

// description tells the picture to those who do not see it.
func description(m *Mesh) string {
	var b strings.Builder
	b.WriteString(m.Summary + ".")
	for i := range m.Clusters {
		_, words := m.Standing(&m.Clusters[i])
		fmt.Fprintf(&b, " %s %s.", m.Clusters[i].Name, words)
	}
	if m.Flows != nil {
		fmt.Fprintf(&b, " Flows: %s.", plural(len(m.Flows.Edges), "edge"))
	}
	return b.String()
}

// arrows are the heads of lines, one for each colour: not every program can
// take the line's.
func arrows() string {
	var b strings.Builder
	b.WriteString("<defs>\n")
	for _, h := range healths() {
		fmt.Fprintf(&b, `<marker id="am-a-%[1]s" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="10" markerHeight="10" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path class="am-f am-%[1]s" d="M0 0L10 5L0 10z"/></marker>`+"\n", h)
	}
	b.WriteString("</defs>\n")
	return b.String()
}

// canvas collects elements.
type canvas struct{ b strings.Builder }

func (d *canvas) add(format string, values ...any) {
	for i, v := range values {
		switch v := v.(type) {
		case string:
			values[i] = escape(v)
		case float64:
			values[i] = number(v)
		}
	}
	fmt.Fprintf(&d.b, format+"\n", values...)
}

// text writes a line at a place, cut to width pixels (0: as long as it is),
// with the whole of it in a title.
func (d *canvas) text(at point, class, text string, size, width float64) {
	short := text
	if width > 0 {
		short = shorten(text, size, strings.Contains(class, "am-b"), width)
	}
	if short == text {
		d.add(`<text class="am-t %s" x="%s" y="%s">%s</text>`, class, at.x, at.y, text)
		return
	}
	d.add(`<text class="am-t %s" x="%s" y="%s"><title>%s</title>%s</text>`, class, at.x, at.y, text, short)
}

// symbol writes a health's symbol on a disc, so that it stands out of lines.
func (d *canvas) symbol(at point, h Health) {
	const radius, drop = 9.0, 4.5
	d.add(`<circle class="am-paper am-box am-%s" cx="%s" cy="%s" r="%s"/><text class="am-t am-s am-%s" x="%s" y="%s">%s</text>`,
		string(h), at.x, at.y, radius, string(h), at.x, at.y+drop, h.Symbol())
}

// number writes pixels with one digit behind the point at most.
func number(f float64) string {
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
