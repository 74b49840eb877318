package ui

import (
	"math"
	"strings"
)

// Bar draws a part of a whole, 0 to 1, as a bar of at most width columns. What
// is more than nothing is seen. Unicode shows eighths of a column.
func (s Style) Bar(part float64, width int) string {
	const eighths = 8
	part = min(1, max(0, part))
	if part == 0 || width <= 0 || math.IsNaN(part) {
		return ""
	}
	if !s.Unicode {
		return strings.Repeat("#", max(1, int(math.Round(part*float64(width)))))
	}
	n := max(1, int(math.Round(part*float64(width)*eighths)))
	bar := strings.Repeat("█", n/eighths)
	if rest := n % eighths; rest > 0 {
		bar += string('█' + rune(eighths-rest)) // the blocks follow each other, the fuller the earlier
	}
	return bar
}
