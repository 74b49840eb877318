package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
)

// minFold is the number of common lines from which on folding helps: fewer
// cost the reader more to look up than to read.
const minFold = 4

// folder shortens diffs that repeat what an earlier cluster's diff of the same
// object said already: Helm values mostly, which differ in a name and a number.
type folder struct {
	style Style
	off   bool
	first []firstDiff
}

// firstDiff is the diff that later ones of the same object are measured by.
type firstDiff struct {
	where, object string
	action        plan.Action
	diff          []string
}

// fold returns the step's diff as it is to be shown, escaped and coloured.
// where is the cluster it is shown for.
func (f *folder) fold(where string, s *plan.Step) []string {
	at := slices.IndexFunc(f.first, func(d firstDiff) bool { return d.object == s.Object && d.action == s.Action })
	if at < 0 {
		f.first = append(f.first, firstDiff{where, s.Object, s.Action, s.Diff})
	}
	var out []string
	from := 0 // common runs are looked for in order, so that "as in" can be followed
	for i := 0; i < len(s.Diff); {
		start, n := 0, 0
		if at >= 0 && !f.off {
			start, n = longestRun(f.first[at].diff, from, s.Diff[i:])
		}
		if n < minFold {
			out = append(out, f.paint(s.Diff[i]))
			i++
			continue
		}
		note := fmt.Sprintf("%s %s as in %s", f.style.ellipsis(), count(n, "line"), f.first[at].where)
		out = append(out, f.style.Paint(Dim, note))
		from, i = start+n, i+n
	}
	return out
}

// longestRun finds the longest beginning of b that stands in a at or after from.
func longestRun(a []string, from int, b []string) (start, length int) {
	for i := from; i < len(a); i++ {
		n := 0
		for i+n < len(a) && n < len(b) && a[i+n] == b[n] {
			n++
		}
		if n > length {
			start, length = i, n
		}
	}
	return start, length
}

func (f *folder) paint(line string) string {
	tone := Normal
	if line != "" {
		switch line[0] {
		case '+':
			tone = Good
		case '-':
			tone = Bad
		}
	}
	return f.style.Paint(tone, strings.ReplaceAll(escape(line), "\n", " "))
}
