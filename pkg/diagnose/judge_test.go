package diagnose

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aksmesh/kubectl-aksmesh/docs/codes"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func TestGrid(t *testing.T) {
	for _, tc := range grid(t) {
		t.Run(tc.Name, func(t *testing.T) {
			r := Judge(tc.patched(t), Options{Phase: tc.Phase})
			if d := cmp.Diff(tc.Want, lines(r, tc.Fold), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			text := ""
			for _, f := range r.Findings {
				text += f.Message + "\n" + strings.Join(f.Evidence, "\n") + "\n" + f.Remedy + "\n"
			}
			for _, s := range tc.Says {
				if !strings.Contains(text, s) {
					t.Errorf("nothing says %q in\n%s", s, text)
				}
			}
		})
	}
}

// TestStored: what depends on cilium-config is judged alike from a file, which
// does not have all of it.
func TestStored(t *testing.T) {
	for _, tc := range grid(t) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(tc.Set)), func(path string) bool { return strings.Contains(path, ".config.raw") }) {
			continue
		}
		path := filepath.Join(t.TempDir(), "mesh.json")
		if err := tc.patched(t).Save(path); err != nil {
			t.Fatal(err)
		}
		s, err := mesh.LoadSnapshot(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tc.Want, lines(Judge(s, Options{Phase: tc.Phase}), tc.Fold), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got)\n%s", tc.Name, d)
		}
	}
}

// TestHealthy: nothing fails on the base, in either phase, and every check of
// the phase says something.
func TestHealthy(t *testing.T) {
	for _, phase := range []Phase{Preflight, Running} {
		r := Judge(snapshot(t, base(t)), Options{Phase: phase})
		if got := lines(r, false); len(got) > 0 {
			t.Errorf("%s: %s", phase, strings.Join(got, "\n"))
		}
		said := map[Code]bool{}
		for _, f := range r.Findings {
			said[f.Code] = said[f.Code] || f.Status == Pass
		}
		for _, c := range Catalogue() {
			if c.in(phase) && !said[c.Code] {
				t.Errorf("%s: %s does not pass on the healthy base", phase, c.Code)
			}
		}
	}
}

// TestMeta holds the catalogue to its own rules.
func TestMeta(t *testing.T) {
	fires := map[Code]bool{}
	for _, tc := range grid(t) {
		for _, w := range tc.Want {
			fires[Code(strings.Fields(w)[0])] = true
		}
	}
	last := Code("")
	for _, c := range Catalogue() {
		if c.Code <= last {
			t.Errorf("%s does not come after %s", c.Code, last)
		}
		last = c.Code
		if c.Family() == "" || c.Title == "" || c.Severity == "" || len(c.Phases) == 0 || c.Judge == nil {
			t.Errorf("%s is incomplete", c.Code)
		}
		if !fires[c.Code] {
			t.Errorf("%s: no case of the grid fires it", c.Code)
		}
		page, err := Explain(string(c.Code))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasPrefix(page, "# "+string(c.Code)+": "+c.Title+"\n") {
			t.Errorf("%s: the page does not start with the code and its title %q", c.Code, c.Title)
		}
		for _, part := range []string{"## What it means\n", "## How it is measured\n", "## What to do\n", "## Source\n"} {
			if !strings.Contains(page, part) {
				t.Errorf("%s: the page has no part %q", c.Code, part)
			}
		}
	}
}

// TestPagesHaveCodes: no page outlives its check, and every rule is about checks.
func TestPagesHaveCodes(t *testing.T) {
	known := map[Code]bool{}
	for _, c := range Catalogue() {
		known[c.Code] = true
	}
	files, err := codes.Pages.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[Code(strings.TrimSuffix(f.Name(), ".md"))] {
			t.Errorf("page %s has no check", f.Name())
		}
	}
	for _, r := range rules() {
		for _, c := range append(r.causes, r.effect) {
			if !known[c] {
				t.Errorf("rule for %s names %s, which is no check", r.effect, c)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	for _, in := range []string{"AKSM301", "aksm301", " 301 "} {
		if page, err := Explain(in); err != nil || !strings.HasPrefix(page, "# AKSM301") {
			t.Errorf("Explain(%q) = %.20q, %v", in, page, err)
		}
	}
	if _, err := Explain("AKSM999"); err == nil || !strings.Contains(err.Error(), `there is no code "AKSM999"`) {
		t.Errorf("Explain(AKSM999): %v", err)
	}
}

// TestStyle holds every finding of the grid to the rules for their words.
func TestStyle(t *testing.T) {
	for _, tc := range grid(t) {
		for _, f := range Judge(tc.patched(t), Options{Phase: tc.Phase}).Findings {
			switch {
			case strings.HasSuffix(f.Message, ".") || strings.Contains(f.Message, "\n") || strings.Contains(f.Message, "%!"):
				t.Errorf("%s: %s: message %q", tc.Name, f.Code, f.Message)
			case strings.Contains(f.Remedy, "%!") || strings.Contains(f.Remedy, "\n"):
				t.Errorf("%s: %s: remedy %q", tc.Name, f.Code, f.Remedy)
			case f.Status == Fail && f.Remedy == "":
				t.Errorf("%s: %s: a failure without a remedy: %s", tc.Name, f.Code, f.Message)
			case len(f.Evidence) > maxEvidence:
				t.Errorf("%s: %s: %d lines of evidence", tc.Name, f.Code, len(f.Evidence))
			case f.Subject.Kind == "" || statusOrder(f.Status) < 0 || severityOrder(f.Severity) < 0:
				t.Errorf("%s: %s: incomplete: %+v", tc.Name, f.Code, f)
			}
		}
	}
}
