package ui

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
	"k8s.io/cli-runtime/pkg/printers"
)

// escape makes a string that may come from a cluster harmless to show: no
// escape codes, no control characters but newline and tab, and nothing that
// turns the direction of reading.
func escape(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		default:
			return r
		}
	}, printers.EscapeTerminal(s))
}

// oneLine is escape for where a newline would break the layout.
func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.ReplaceAll(escape(strings.Join(lines, "; ")), "\t", " ")
}

// cells counts the columns that a string takes on a terminal: wide characters
// take two, combining ones none. It must not hold escape codes.
func cells(s string) int { return plainWidth().StringWidth(s) }

// fit cuts a string to at most width columns, with a mark if something is cut.
func fit(s string, width int, mark string) string {
	if width <= 0 {
		return ""
	}
	if cells(mark) > width {
		mark = ""
	}
	return plainWidth().Truncate(s, width, mark)
}

// pad fills a string with blanks to width columns.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-cells(s)))
}

// plainWidth measures the same in every locale; the library's default does not.
func plainWidth() *runewidth.Condition { return &runewidth.Condition{} }

// indent puts prefix before every line of an escaped text.
func indent(prefix, text string) string {
	return prefix + strings.ReplaceAll(escape(strings.TrimRight(text, "\n")), "\n", "\n"+prefix)
}

// short shows a duration in whole seconds, as "7s", "1m03s" or "2h05m".
func short(d time.Duration) string {
	d = max(0, d.Truncate(time.Second))
	h, m, s := int(d/time.Hour), int(d/time.Minute)%60, int(d/time.Second)%60
	switch {
	case h > 0:
		return fmt.Sprintf("%dh%02dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm%02ds", m, s)
	default:
		return fmt.Sprintf("%ds", s)
	}
}

// count words a number of things, as "1 step" or "3 steps".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// label shortens a step's ID, as "aks-1/helm", to what the cluster's name does not say already.
func label(cluster, id string) string {
	if short, ok := strings.CutPrefix(id, cluster+"/"); ok {
		return oneLine(short)
	}
	return oneLine(id)
}

// meshName is shown where a cluster's name is empty: the mesh as a whole.
const meshName = "(mesh)"

func clusterName(cluster string) string {
	if cluster == "" {
		return meshName
	}
	return oneLine(cluster)
}
