package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// exitInconclusive is the exit code of --strict.
const exitInconclusive = 3

// examination is one look of the doctor, and what came of it.
type examination struct {
	Snapshot mesh.Snapshot
	Report   diagnose.Report
	// Ignored are failures that somebody has taken note of; Ended are the
	// notes whose last day has passed.
	Ignored []diagnose.Finding
	Ended   []diagnose.Ignored
	Tiers   []string
	Took    time.Duration
	// Changes are those since an earlier report; nil if there is none.
	Changes *changes
}

// changes are failures that one report has and another has not.
type changes struct {
	New  []diagnose.Finding `json:"new"`
	Gone []diagnose.Finding `json:"gone"`
}

func (e *examination) judge(filter diagnose.Filter) {
	e.Report, e.Ignored, e.Ended = filter.Apply(diagnose.Judge(e.Snapshot, diagnose.Options{Phase: diagnose.Running}))
}

// compare reads an earlier report, or an earlier snapshot, which it judges as
// this one was judged.
func (e *examination) compare(path string, filter diagnose.Filter) error {
	if s, err := mesh.LoadSnapshot(path); err == nil {
		old := examination{Snapshot: s}
		old.judge(filter)
		e.since(old.Report)
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--compare: %w", err)
	}
	var old diagnose.Report
	if err := yaml.Unmarshal(text, &old); err != nil || old.Kind != diagnose.Kind {
		return fmt.Errorf("--compare %s: it is neither a report (doctor -o json) nor a snapshot (doctor --save)", path)
	}
	e.since(old)
	return nil
}

// since finds what has changed since an earlier report.
func (e *examination) since(old diagnose.Report) {
	e.Changes = &changes{New: without(e.Report, old), Gone: without(old, e.Report)}
}

// without are the failures of a that b does not have.
func without(a, b diagnose.Report) []diagnose.Finding {
	has := map[string]bool{}
	for i := range b.Findings {
		if b.Findings[i].Status == diagnose.Fail {
			has[key(b.Findings[i])] = true
		}
	}
	found := []diagnose.Finding{}
	for i := range a.Findings {
		if a.Findings[i].Status == diagnose.Fail && !has[key(a.Findings[i])] {
			found = append(found, a.Findings[i])
		}
	}
	return found
}

// document is the examination for machines: the report, and what is about it.
func (e *examination) document() (any, error) {
	text, err := json.Marshal(e.Report)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	fields["taken"], fields["tiers"], fields["tookMilliseconds"] = e.Snapshot.Taken, e.Tiers, e.Took.Milliseconds()
	if len(e.Ignored) > 0 {
		fields["ignored"] = e.Ignored
	}
	if e.Changes != nil {
		fields["changes"] = e.Changes
	}
	return fields, nil
}

// under are the failures that a cause explains, which are folded under it.
func (e *examination) under(cause *diagnose.Finding) []diagnose.Finding {
	var folded []diagnose.Finding
	for i := range e.Report.Findings {
		f := &e.Report.Findings[i]
		if f.Status == diagnose.Fail && f.ExplainedBy == cause.Code && e.firstCause(f) == key(*cause) {
			folded = append(folded, *f)
		}
	}
	return folded
}

// firstCause is the cause that a finding is folded under: the first of the
// code that explains it, of those whose subject shares most with its own.
func (e *examination) firstCause(f *diagnose.Finding) string {
	best, most := "", -1
	for i := range e.Report.Findings {
		c := &e.Report.Findings[i]
		if c.Status != diagnose.Fail || c.Code != f.ExplainedBy {
			continue
		}
		if n := shared(c.Subject.Names, f.Subject.Names); n > most {
			best, most = key(*c), n
		}
	}
	return best
}

func shared(a, b []string) int {
	n := 0
	all := " " + strings.Join(b, " ") + " "
	for _, name := range a {
		if strings.Contains(all, " "+name+" ") {
			n++
		}
	}
	return n
}
