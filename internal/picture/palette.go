package picture

import (
	"fmt"
	"strings"
)

// palette are the colours of a picture, as #rrggbb. Every colour of text and of
// lines has a contrast of at least 4.5 to the three that lie behind it.
type palette struct {
	paper, panel, shade string // behind: the page, boxes, heads of tables
	ink, soft, rule     string // text, lesser text, borders
	health              map[Health]string
}

func light() palette {
	return palette{
		paper: "#ffffff", panel: "#f6f8fa", shade: "#eaeef2",
		ink: "#1b1f24", soft: "#4c555f", rule: "#767f89",
		health: map[Health]string{Good: "#0f5c24", Warn: "#774600", Bad: "#a30d25", Unknown: "#5b3a9e", Off: "#4c555f"},
	}
}

func dark() palette {
	return palette{
		paper: "#0d1117", panel: "#161b22", shade: "#21262d",
		ink: "#e6edf3", soft: "#b3bcc6", rule: "#7d8894",
		health: map[Health]string{Good: "#56d364", Warn: "#e3b341", Bad: "#ff9a92", Unknown: "#c8b0ff", Off: "#b3bcc6"},
	}
}

// healths are all values, in the order of legends.
func healths() []Health { return []Health{Good, Warn, Bad, Unknown, Off} }

// dashes draw lines apart without colours: a pattern for each health.
func dashes(h Health) string {
	switch h {
	case Good:
		return ""
	case Warn:
		return "10 5"
	case Bad:
		return "3 4"
	case Off:
		return "1 6"
	default:
		return "12 4 3 4"
	}
}

// drawingStyle is the SVG's own style sheet. It has no variables: programs
// other than browsers do not know them.
func drawingStyle() string {
	var b strings.Builder
	b.WriteString(`.am-t{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:12px}` + "\n" +
		`.am-b{font-size:14px;font-weight:600}.am-h{font-size:16px;font-weight:600}.am-m{text-anchor:middle}.am-e{text-anchor:end}` + "\n" +
		`.am-l{fill:none;stroke-width:2}.am-box{stroke-width:2}.am-s{font-size:13px;font-weight:700;text-anchor:middle}` + "\n")
	for _, h := range healths() {
		if d := dashes(h); d != "" {
			fmt.Fprintf(&b, ".am-l.am-%s{stroke-dasharray:%s}", h, d)
		}
	}
	b.WriteString("\n" + light().drawing() + "@media (prefers-color-scheme:dark){\n" + dark().drawing() + "}\n")
	b.WriteString("@media print{\n" + light().drawing() + "}\n")
	return b.String()
}

func (p palette) drawing() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".am-paper{fill:%s}.am-panel{fill:%s}.am-t{fill:%s}.am-soft{fill:%s}.am-rule{stroke:%s}\n", p.paper, p.panel, p.ink, p.soft, p.rule)
	for _, h := range healths() {
		c := p.health[h]
		fmt.Fprintf(&b, ".am-l.am-%[1]s,.am-box.am-%[1]s{stroke:%[2]s}.am-s.am-%[1]s,.am-f.am-%[1]s{fill:%[2]s}\n", h, c)
	}
	return b.String()
}

// variables are the page's colours.
func (p palette) variables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "--paper:%s;--panel:%s;--shade:%s;--ink:%s;--soft:%s;--rule:%s", p.paper, p.panel, p.shade, p.ink, p.soft, p.rule)
	for _, h := range healths() {
		fmt.Fprintf(&b, ";--%s:%s", h, p.health[h])
	}
	return b.String()
}
