package picture

import (
	_ "embed" // the page's template and its style
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed page.html.tmpl
var pageTemplate string

//go:embed page.css
var pageStyle string

// HTML writes one page that needs nothing else: no script, no other file.
func HTML(w io.Writer, m *Mesh) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, &page{Mesh: m.cleaned()})
}

// page is what the template asks.
type page struct{ *Mesh }

// Style is the page's style sheet: no text of a cluster is in it.
func (page) Style() template.CSS {
	return template.CSS(fmt.Sprintf(":root{%s}\n@media (prefers-color-scheme:dark){:root{%s}}\n@media print{:root{%s}}\n%s", //nolint:gosec // constants
		light().variables(), dark().variables(), light().variables(), pageStyle))
}

// Drawing is the SVG, whose texts are escaped.
func (p *page) Drawing() template.HTML {
	return template.HTML(drawing(p.Mesh)) //nolint:gosec // escaped by canvas.add
}

// Title is the page's name.
func (p *page) Title() string { return title(p.Mesh) }

// When is the time of the look, for people and for machines.
func (p *page) When() string { return p.Taken.UTC().Format("2006-01-02 15:04:05 MST") }

// Machine is the time of the look in RFC 3339.
func (p *page) Machine() string { return p.Taken.UTC().Format(time.RFC3339) }

// Overall is the health of the mesh.
func (p *page) Overall() Health {
	if p.Ready {
		return Good
	}
	return Bad
}

// matrixRow is what one cluster sees of the others.
type matrixRow struct {
	Name  string
	Cells []matrixCell
}

type matrixCell struct {
	Self   bool
	Health Health
	Text   string // "3/3"
	Title  string
}

// Members are the matrix's columns.
func (p *page) Members() []string { return p.members() }

// Matrix is who sees whom.
func (p *page) Matrix() []matrixRow {
	names, sights := p.members(), p.sights()
	rows := make([]matrixRow, len(names))
	for i, from := range names {
		rows[i].Name = from
		for _, to := range names {
			rows[i].Cells = append(rows[i].Cells, cell(sights[way{from, to}], from, to))
		}
	}
	return rows
}

func cell(s *Sight, from, to string) matrixCell {
	switch {
	case from == to:
		return matrixCell{Self: true}
	case s == nil:
		return matrixCell{Health: Unknown, Text: "not asked", Title: from + " was not looked at"}
	}
	c := matrixCell{Health: s.Health(), Title: sentence(s)}
	switch {
	case c.Health == Off || c.Health == Unknown || s.Agents.Of == 0:
		c.Text = string(s.State)
	default:
		c.Text = fmt.Sprintf("%d/%d", s.Agents.Ready+s.Mesh.Ready, s.Agents.Of+s.Mesh.Of)
	}
	return c
}

// Legend explains the symbols that the matrix has.
func (p *page) Legend() []legendLine {
	used := map[Health]bool{}
	for _, row := range p.Matrix() {
		for _, c := range row.Cells {
			if !c.Self {
				used[c.Health] = true
			}
		}
	}
	var lines []legendLine
	for _, h := range healths() {
		if used[h] {
			text, _, _ := strings.Cut(meaning(h), " (")
			lines = append(lines, legendLine{h, text})
		}
	}
	return lines
}

type legendLine struct {
	Health Health
	Text   string
}

// Reasons are the sights that are not as they should be, in words.
func (p *page) Reasons() []legendLine {
	var lines []legendLine
	for i := range p.Sights {
		if s := &p.Sights[i]; s.Health() != Good {
			lines = append(lines, legendLine{s.Health(), sentence(s)})
		}
	}
	return lines
}

// Standings are the clusters with their health.
func (p *page) Standings() []standing {
	all := make([]standing, len(p.Clusters))
	for i := range p.Clusters {
		c := &p.Clusters[i]
		h, words := p.Standing(c)
		all[i] = standing{Cluster: c, Health: h, Words: words}
	}
	return all
}

type standing struct {
	*Cluster
	Health Health
	Words  string
}

// Open says whether the list of nodes is short enough to be shown unasked.
func (s standing) Open() bool {
	const most = 8
	return len(s.Nodes) <= most
}

// NodesText counts the nodes, and names those that are not ready.
func (s standing) NodesText() string {
	var unready []string
	for i := range s.Nodes {
		if n := &s.Nodes[i]; !n.Ready {
			unready = append(unready, n.Name)
		}
	}
	text := plural(len(s.Nodes), "node")
	if len(unready) > 0 {
		text += fmt.Sprintf(", %d not ready: %s", len(unready), some(unready, 3))
	}
	return text
}

// List joins texts; "–" if there are none.
func (page) List(list []string) string { return dash(strings.Join(list, ", ")) }

// Dash is the text, "–" if it is empty.
func (page) Dash(text string) string { return dash(text) }

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// YesNo words a bool.
func (page) YesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// FlowsNote is one line about how flows were read.
func (p *page) FlowsNote() string { return flowsNote(p.Flows) }

// Seconds is how long flows were read.
func (p *page) Seconds() string { return number(p.Flows.Seconds) }
