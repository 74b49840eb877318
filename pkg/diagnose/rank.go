package diagnose

import (
	"cmp"
	"slices"
)

// rule says that a failure of one of the causes, on a subject that touches
// the same clusters, is likely to be why the effect is seen.
type rule struct {
	effect Code
	causes []Code // most likely first
}

// rank links findings to their causes and sorts: failures first, causes
// before consequences, worst first, then by code and subject.
func rank(all []Finding) {
	explain(all)
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(statusOrder(a.Status), statusOrder(b.Status)),
			cmp.Compare(explainedOrder(&a), explainedOrder(&b)),
			cmp.Compare(severityOrder(a.Severity), severityOrder(b.Severity)),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Subject.Kind, b.Subject.Kind),
			slices.Compare(a.Subject.Names, b.Subject.Names),
		)
	})
}

func explain(all []Finding) {
	failures := map[Code][]*Finding{}
	near := nearby{}
	for i := range all {
		if f := &all[i]; f.Status == Fail {
			failures[f.Code] = append(failures[f.Code], f)
			at := whereabouts{f.Code, firstContext(f.Subject)}
			near[at] = append(near[at], f)
		}
	}
	for _, r := range rules() {
		for _, effect := range failures[r.effect] {
			if effect.ExplainedBy == "" {
				effect.ExplainedBy = causeOf(effect, r.causes, failures, near)
			}
		}
	}
}

// nearby are failures by their code and the first cluster that they are about:
// all pairs of a large mesh are too many to compare each with each.
type nearby map[whereabouts][]*Finding

type whereabouts struct {
	code    Code
	context string
}

// firstContext is empty for the mesh as a whole.
func firstContext(s Subject) string {
	if names := contexts(s); len(names) > 0 {
		return names[0]
	}
	return ""
}

func causeOf(effect *Finding, causes []Code, failures map[Code][]*Finding, near nearby) Code {
	// What only warns has broken nothing yet, so it explains no error.
	explains := func(cause *Finding) bool {
		return severityOrder(cause.Severity) <= severityOrder(effect.Severity) && touches(cause, effect.Subject)
	}
	for _, code := range causes {
		if effect.Subject.Kind == MeshSubject { // whatever cluster the cause is about
			if slices.ContainsFunc(failures[code], explains) {
				return code
			}
			continue
		}
		if slices.ContainsFunc(near[whereabouts{code, ""}], explains) {
			return code
		}
		for _, name := range contexts(effect.Subject) {
			if slices.ContainsFunc(near[whereabouts{code, name}], explains) {
				return code
			}
		}
	}
	return ""
}

// touches says whether every cluster that the cause is about takes part in
// the effect. A cause in the mesh as a whole touches everything; one that
// concerns being dialled touches only those who dial.
func touches(cause *Finding, effect Subject) bool {
	names := contexts(effect)
	if cause.Code == CodeMeshService && effect.Kind == PairSubject && len(names) == 2 {
		names = names[1:]
	}
	// Who may not dial is not who is not dialled.
	if cause.Code == CodeNSGMesh && effect.Kind == PairSubject && !slices.Equal(cause.Subject.Names, names) {
		return false
	}
	for _, name := range contexts(cause.Subject) {
		if effect.Kind != MeshSubject && !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

// contexts are the names in a subject that are contexts.
func contexts(s Subject) []string {
	if (s.Kind == NodeSubject || s.Kind == ServiceSubject) && len(s.Names) > 1 {
		return s.Names[:1]
	}
	return s.Names
}

func statusOrder(s Status) int {
	return slices.Index([]Status{Fail, Unknown, Skipped, Pass}, s)
}

func severityOrder(s Severity) int {
	return slices.Index([]Severity{Error, Warning, Info}, s)
}

func explainedOrder(f *Finding) int {
	if f.ExplainedBy != "" {
		return 1
	}
	return 0
}

func count(all []Finding) Counts {
	var n Counts
	for i := range all {
		switch all[i].Status {
		case Pass:
			n.Pass++
		case Skipped:
			n.Skipped++
		case Unknown:
			n.Unknown++
		case Fail:
			n.Fail++
			switch all[i].Severity {
			case Error:
				n.Errors++
			case Warning:
				n.Warnings++
			case Info:
				n.Infos++
			}
		}
	}
	return n
}
