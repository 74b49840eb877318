package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Filter says which checks count. What it leaves out is still looked for as
// the cause of something else before it is left out.
type Filter struct {
	// Only and Skip are codes ("AKSM607", "607") or families ("6", "data path").
	// An empty Only means all; Skip wins.
	Only, Skip []string
	// Ignore are failures that somebody has taken note of, until a day.
	Ignore []Ignored
	// Now is the time that Ignore is judged by.
	Now time.Time
}

// Ignored is a failure that is not to be told for a while.
type Ignored struct {
	Code string `json:"code"`
	// Subject are the names of the finding's subject; empty means all.
	Subject []string `json:"subject,omitempty"`
	// Until is the last day, as 2027-01-31, in UTC. It is required: what is
	// ignored for ever is better skipped.
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

// Validate says what of the filter is not known.
func (f *Filter) Validate() error {
	for _, name := range slices.Concat(f.Only, f.Skip) {
		if !known(name) {
			return fmt.Errorf("%q is neither a code, such as AKSM607, nor a family: %s", name, strings.Join(familyNames(), ", "))
		}
	}
	for i := range f.Ignore {
		one := &f.Ignore[i]
		switch {
		case !known(one.Code) || Code(canonical(one.Code)).Family() == "":
			return fmt.Errorf("entry %d to ignore: %q is not a code", i+1, one.Code)
		case one.Reason == "":
			return fmt.Errorf("entry %d to ignore, %s: it has no reason", i+1, one.Code)
		}
		if _, err := time.Parse(time.DateOnly, one.Until); err != nil {
			return fmt.Errorf("entry %d to ignore, %s: until %q is not a day such as 2027-01-31", i+1, one.Code, one.Until)
		}
	}
	return nil
}

func familyNames() []string {
	var names []string
	for _, f := range []Family{Access, Identity, Addressing, Certificates, ControlPlane, DataPath, Services, Policy, AzureFamily} {
		names = append(names, string(f))
	}
	return names
}

func canonical(code string) string {
	code = strings.ToUpper(strings.TrimSpace(code))
	if len(code) == len("607") {
		code = "AKSM" + code
	}
	return code
}

func known(name string) bool {
	return slices.ContainsFunc(Catalogue(), func(c Check) bool { return names(name, c.Code) })
}

// names says whether a word means the code or its family.
func names(word string, code Code) bool {
	word = strings.TrimSpace(word)
	return canonical(word) == string(code) || strings.EqualFold(word, string(code.Family())) || len(word) == 1 && word[0] == code[len("AKSM")]
}

// Apply leaves out what does not count, and counts anew. It returns the
// ignored failures, and the entries that have ended.
func (f *Filter) Apply(r Report) (kept Report, ignored []Finding, ended []Ignored) {
	in := func(words []string, code Code) bool {
		return slices.ContainsFunc(words, func(word string) bool { return names(word, code) })
	}
	kept = r
	kept.Findings = nil
	for i := range r.Findings {
		finding := r.Findings[i]
		if len(f.Only) > 0 && !in(f.Only, finding.Code) || in(f.Skip, finding.Code) {
			continue
		}
		if finding.Status == Fail && f.ignores(&finding) {
			ignored = append(ignored, finding)
			continue
		}
		kept.Findings = append(kept.Findings, finding)
	}
	for _, one := range f.Ignore {
		if f.over(&one) {
			ended = append(ended, one)
		}
	}
	ignored = append(ignored, f.follow(&kept, ignored)...)
	kept.Counts = count(kept.Findings)
	return kept, ignored, ended
}

// follow settles what is left of causes that are left out: what an ignored
// failure explains is ignored with it, and what follows from a check that was
// not asked for stands for itself.
func (f *Filter) follow(kept *Report, ignored []Finding) (along []Finding) {
	has := func(all []Finding, code Code) bool {
		return slices.ContainsFunc(all, func(other Finding) bool { return other.Status == Fail && other.Code == code })
	}
	var rest []Finding
	for _, finding := range kept.Findings {
		switch cause := finding.ExplainedBy; {
		case finding.Status != Fail || cause == "" || has(kept.Findings, cause):
		case has(ignored, cause):
			along = append(along, finding)
			continue
		default:
			finding.ExplainedBy = ""
		}
		rest = append(rest, finding)
	}
	kept.Findings = rest
	return along
}

func (f *Filter) ignores(finding *Finding) bool {
	return slices.ContainsFunc(f.Ignore, func(one Ignored) bool {
		return canonical(one.Code) == string(finding.Code) && !f.over(&one) &&
			(len(one.Subject) == 0 || slices.Equal(one.Subject, finding.Subject.Names))
	})
}

// over says whether the entry's last day has passed.
func (f *Filter) over(one *Ignored) bool {
	last, err := time.Parse(time.DateOnly, one.Until)
	return err == nil && !f.Now.Before(last.AddDate(0, 0, 1))
}
