// Package pasted compares output that was pasted into a page with that of
// another run, which has other times and numbers and must say the same.
package pasted

import (
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// Diff says how what a page shows differs from what is printed now; empty if
// both say the same.
func Diff(page, now string) string { return cmp.Diff(lines(page), lines(now)) }

var (
	hexes  = regexp.MustCompile(`\b[0-9a-f]{8,}\b`)
	bars   = regexp.MustCompile(`[\x{2580}-\x{259F}#=]+`)
	blanks = regexp.MustCompile(`[ \t]+`)
	// numbers are what has digits, the longest first. Names of clusters and
	// codes of findings are no numbers.
	numbers = regexp.MustCompile(`aks-[0-9]+|AKSM[0-9]+` +
		`|[0-9]+ of [0-9]+` +
		`|[0-9]+(?:\.[0-9]+)?%` +
		`|(?:[0-9]+(?:\.[0-9]+)?(?:ns|µs|ms|[smhdy]))+\b` +
		`|[0-9]+(?:\.[0-9]+)?`)
	// share is a row of who answered how often, when its numbers are gone.
	share = regexp.MustCompile(`^aks-[0-9]+ N (?:N|100|0)%$`)
)

// lines are those of a text, without what differs from run to run.
func lines(text string) []string {
	text = hexes.ReplaceAllString(text, "N")
	text = numbers.ReplaceAllStringFunc(text, meaning)
	text = bars.ReplaceAllString(text, "")
	text = blanks.ReplaceAllString(text, " ")
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = strings.TrimRight(line, " ")
	}
	sortShares(all)
	return all
}

// meaning is what a number tells whatever its size: whether it is all or none.
func meaning(number string) string {
	part, whole, counted := strings.Cut(number, " of ")
	percent, isPercent := strings.CutSuffix(number, "%")
	switch {
	case strings.HasPrefix(number, "aks-"), strings.HasPrefix(number, "AKSM"):
		return number
	case counted && part == whole:
		return "all of N"
	case counted && part == "0":
		return "none of N"
	case counted:
		return "some of N"
	case isPercent:
		percent = strings.TrimSuffix(percent, ".0")
		if percent == "100" || percent == "0" {
			return percent + "%"
		}
		return "N%"
	}
	return "N"
}

// sortShares puts who answered into one order: by how often, it is another one
// every time.
func sortShares(all []string) {
	for i := 0; i < len(all); i++ {
		end := i
		for end < len(all) && share.MatchString(all[end]) {
			end++
		}
		slices.Sort(all[i:end])
		i = max(i, end-1)
	}
}
