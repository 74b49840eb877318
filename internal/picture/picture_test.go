package picture

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// luminance is relative luminance as WCAG 2 defines it.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil || len(color) != 7 {
			t.Fatalf("%q is no colour", color)
		}
		part := float64(v) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		sum += weight * part
	}
	return sum
}

func TestContrast(t *testing.T) {
	for name, p := range map[string]palette{"light": light(), "dark": dark()} {
		texts := map[string]string{"ink": p.ink, "soft": p.soft}
		for h, color := range p.health {
			texts[string(h)] = color
		}
		if len(p.health) != len(healths()) {
			t.Errorf("%s has %d healths", name, len(p.health))
		}
		for text, color := range texts {
			for behind, back := range map[string]string{"paper": p.paper, "panel": p.panel, "shade": p.shade} {
				a, b := luminance(t, color), luminance(t, back)
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, text, behind, ratio)
				}
			}
		}
	}
}

// TestNotByColourAlone: each health has a symbol and a line of its own.
func TestNotByColourAlone(t *testing.T) {
	symbols, lines := map[string]Health{}, map[string]Health{}
	for _, h := range healths() {
		if other, taken := symbols[h.Symbol()]; taken {
			t.Errorf("%s and %s have one symbol", h, other)
		}
		if other, taken := lines[dashes(h)]; taken {
			t.Errorf("%s and %s have one line", h, other)
		}
		symbols[h.Symbol()], lines[dashes(h)] = h, h
	}
}

func TestCircleKeepsBoxesApart(t *testing.T) {
	for n := 1; n <= 40; n++ {
		middles, width, height := circle(n)
		if len(middles) != n || !apart(middles) {
			t.Errorf("%d boxes cover each other", n)
		}
		for _, p := range middles {
			if p.x-boxWidth/2 < margin-1 || p.x+boxWidth/2 > width-margin+1 || p.y-boxHeight/2 < margin-1 || p.y+boxHeight/2 > height-margin+1 {
				t.Errorf("%d boxes: one at %v leaves %v x %v", n, p, width, height)
			}
		}
	}
}

func TestLinesEndAtBoxes(t *testing.T) {
	middles, _, _ := circle(7)
	for i, a := range middles {
		for j, b := range middles {
			if i == j {
				continue
			}
			c := between(a, b, 16)
			for _, end := range []struct{ at, middle point }{{c.from, a}, {c.to, b}} {
				d := end.at.minus(end.middle)
				if inside := math.Abs(d.x) < boxWidth/2 && math.Abs(d.y) < boxHeight/2; inside || math.Abs(d.x) > boxWidth/2+6 || math.Abs(d.y) > boxHeight/2+6 {
					t.Errorf("a line from %d to %d ends %v from the middle of a box", i, j, d)
				}
			}
		}
	}
}

func TestShorten(t *testing.T) {
	const long = "contoso-production-westeurope-aks-cluster-0001"
	for _, tt := range []struct {
		text  string
		width float64
		want  string
	}{
		{"aks-1", 100, "aks-1"}, {"", 10, ""}, {long, 1000, long}, {long, 1, "…"},
	} {
		if got := shorten(tt.text, 14, true, tt.width); got != tt.want {
			t.Errorf("shorten(%q, %v) is %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
	got := shorten(long, 14, true, 180)
	if !strings.HasPrefix(got, "contoso") || !strings.HasSuffix(got, "0001") || textWidth(got, 14, true) > 180 {
		t.Errorf("it is cut to %q", got)
	}
}

func TestStanding(t *testing.T) {
	alone, outside, tired := made(1), made(2), made(2)
	outside.Clusters[0].ID = 0
	tired.Clusters[0].Nodes[1].Ready = false
	for _, tt := range []struct {
		name string
		mesh *Mesh
		want string
	}{
		{"all", made(3), "✓ sees all 2 others"},
		{"alone", alone, "– has no other cluster"},
		{"no mesh", outside, "– is in no mesh"},
		{"node", tired, "~ 1 node not ready"},
		{"unreachable", &Mesh{Clusters: []Cluster{{Unreachable: true}}}, "? cannot be reached"},
	} {
		h, words := tt.mesh.Standing(&tt.mesh.Clusters[0])
		if got := h.Symbol() + " " + words; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestMermaid holds charts to the lines that the language has.
func TestMermaid(t *testing.T) {
	const label = `"[^"]*"`
	line := regexp.MustCompile(`^(flowchart LR|  acc(Title|Descr): [^{}"#;%<>` + "`" + `]*|  (  )?[cf]\d+(\[` + label + `\]|\(\[` + label + `\]\))|  flows\[` + label + `\]` +
		`|  c\d+ (<-->|-->|-\.->|--x|-\.-)(\|` + label + `\|)? c\d+|  f\d+ ==>\|` + label + `\| f\d+|  subgraph g\d+\[` + label + `\]|  end` +
		`|  classDef [a-z]+ [a-z0-9#:, -]+|  class [c0-9,]+ [a-z]+|  linkStyle \d+ stroke:#[0-9a-f]{6},stroke-width:2px)$`)
	for name, m := range meshes() {
		for text := range strings.Lines(string(drawn(t, Mermaid, m))) {
			if !line.MatchString(strings.TrimSuffix(text, "\n")) {
				t.Errorf("%s: odd line %q", name, text)
			}
		}
	}
}

// TestDot reads graphs by the rules of Graphviz's lexer.
func TestDot(t *testing.T) {
	for name, m := range meshes() {
		checkDot(t, name, string(drawn(t, Dot, m)))
	}
}

func checkDot(t *testing.T, name, text string) {
	t.Helper()
	token := regexp.MustCompile(`^(\s+|"(\\.|[^"\\])*"|[A-Za-z_][A-Za-z_0-9]*|-?\d+|->|[{}\[\];=,])`)
	depth := 0
	for rest := text; rest != ""; {
		got := token.FindString(rest)
		if got == "" {
			t.Fatalf("%s: no token at %.60q", name, rest)
		}
		switch got {
		case "{", "[":
			depth++
		case "}", "]":
			depth--
		}
		rest = rest[len(got):]
	}
	if depth != 0 || !strings.HasPrefix(text, "digraph mesh {\n") {
		t.Errorf("%s: brackets do not match", name)
	}
}

// wellFormed reads a document of XML to its end.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, text)
		}
	}
}

// elements counts the elements of a page, and refuses what no page may have.
func elements(t *testing.T, text string) map[string]int {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		found[n.Data]++
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
	for _, tag := range []string{"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use", "foreignobject"} {
		if found[tag] > 0 {
			t.Errorf("%d elements %s", found[tag], tag)
		}
	}
	return found
}

func TestPageStandsAlone(t *testing.T) {
	for name, m := range meshes() {
		page := string(drawn(t, HTML, m))
		found := elements(t, page)
		if found["svg"] != 1 || found["h1"] != 1 || found["title"] < 2 || found["caption"] != found["table"] {
			t.Errorf("%s: elements are %v", name, found)
		}
		if reference := regexp.MustCompile(`(?i)url\([^#]|@import|https?://`).FindAllString(strings.ReplaceAll(page, "http://www.w3.org/2000/svg", ""), -1); reference != nil {
			t.Errorf("%s refers to the outside: %q", name, reference)
		}
	}
}

// FuzzNames draws a mesh whose names are hostile: nothing of them may become
// markup, and the same goes in as comes out.
func FuzzNames(f *testing.F) {
	f.Add("aks-1", "aks-2", "a reason")
	f.Add(`<script>alert(1)</script>`, `"];x[label="`, `--> ]]> </style>`)
	f.Add("a\x00b\x1b[31m", "\u202eevil\xff", "&amp; ' \" ` %s {{.}} #quot; \\N \\")
	f.Add("", " ", "\ufffe\uffff")
	f.Fuzz(func(t *testing.T, a, b, text string) {
		draw := func(a, b, text string) map[string]string {
			m := broken(3)
			m.see("aks-1", "aks-2", ui.Down, text)
			for i, name := range []string{a, b} {
				rename(m, m.Clusters[i].Name, name)
			}
			m.Clusters[0].Nodes[0].Name, m.Clusters[0].Cilium, m.Clusters[0].Problems = text, b, []string{text}
			m.Services[0].Name, m.Services[0].Rows[0].Answers, m.Services[0].Rows[0].Remarks = text, b, []string{a}
			m.Doctor.Causes[0].Message, m.Doctor.Causes[0].Remedy = text, a
			m.Flows.Edges[0].From.Name, m.Flows.Edges[1].To.Namespace, m.Flows.Edges[2].Reason, m.Flows.Edges[2].From.Cluster = a, b, text, text
			m.Flows.Sources[0].Text, m.Summary, m.Maker = text, text, b
			all := map[string]string{}
			for format, draw := range formats() {
				all[format] = string(drawn(t, draw, m))
			}
			return all
		}
		hostile := draw(a, b, text)
		wellFormed(t, hostile["svg"])
		checkDot(t, "fuzz", hostile["dot"])
		if strings.Count(hostile["mermaid"], `"`)%2 != 0 {
			t.Errorf("quotes do not match:\n%s", hostile["mermaid"])
		}
		elements(t, hostile["html"])
	})
}

// rename changes a cluster's name everywhere.
func rename(m *Mesh, from, to string) {
	for i := range m.Clusters {
		if m.Clusters[i].Name == from {
			m.Clusters[i].Name = to
		}
	}
	for i := range m.Sights {
		if m.Sights[i].From == from {
			m.Sights[i].From = to
		}
		if m.Sights[i].To == from {
			m.Sights[i].To = to
		}
	}
}
