package diagnose

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFilter(t *testing.T) {
	pair := Subject{Kind: PairSubject, Names: []string{"a", "b"}}
	report := Report{Findings: []Finding{
		{Code: CodeRouting, Status: Fail, Severity: Error, Subject: pair},
		{Code: CodeTunnel, Status: Fail, Severity: Error, Subject: pair},
		{Code: CodePodsPods, Status: Fail, Severity: Warning, Subject: pair},
		{Code: CodePodsPods, Status: Pass, Subject: pair},
	}}
	day := func(text string) Ignored { return Ignored{Code: "601", Until: text, Reason: "known"} }
	for name, test := range map[string]struct {
		filter Filter
		want   []Code
		errors int
	}{
		"nothing":             {Filter{}, []Code{CodeRouting, CodeTunnel, CodePodsPods, CodePodsPods}, 2},
		"only a code":         {Filter{Only: []string{"aksm601"}}, []Code{CodeRouting}, 1},
		"only a digit":        {Filter{Only: []string{"6"}}, []Code{CodeRouting, CodeTunnel}, 2},
		"only a family":       {Filter{Only: []string{"Data Path"}, Skip: []string{"602"}}, []Code{CodeRouting}, 1},
		"skip":                {Filter{Skip: []string{"601", "addressing"}}, []Code{CodeTunnel}, 1},
		"ignored":             {Filter{Ignore: []Ignored{day("2026-11-22")}}, []Code{CodeTunnel, CodePodsPods, CodePodsPods}, 1},
		"ignored too long":    {Filter{Ignore: []Ignored{day("2026-11-21")}}, []Code{CodeRouting, CodeTunnel, CodePodsPods, CodePodsPods}, 2},
		"ignored for another": {Filter{Ignore: []Ignored{{Code: "601", Subject: []string{"b", "a"}, Until: "2026-11-22", Reason: "known"}}}, []Code{CodeRouting, CodeTunnel, CodePodsPods, CodePodsPods}, 2},
	} {
		test.filter.Now = time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
		if err := test.filter.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		kept, _, _ := test.filter.Apply(report)
		var got []Code
		for i := range kept.Findings {
			got = append(got, kept.Findings[i].Code)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || kept.Counts.Errors != test.errors {
			t.Errorf("%s: %d errors, want %d; codes (-want +got):\n%s", name, kept.Counts.Errors, test.errors, diff)
		}
	}
}

// What follows from a cause that is left out must not get lost, nor be told
// for something that somebody has taken note of.
func TestFilterConsequences(t *testing.T) {
	report := Report{Findings: []Finding{
		{Code: CodeTunnel, Status: Fail, Severity: Error},
		{Code: CodeConnected, Status: Fail, Severity: Error, ExplainedBy: CodeTunnel},
	}}
	only := Filter{Only: []string{string(CodeConnected)}}
	kept, _, _ := only.Apply(report)
	if causes := kept.Causes(); len(causes) != 1 || kept.Counts.Errors != 1 {
		t.Errorf("a consequence by itself: causes %v, counts %+v", causes, kept.Counts)
	}
	ignore := Filter{Ignore: []Ignored{{Code: string(CodeTunnel), Until: "2027-01-01", Reason: "known"}}}
	kept, ignored, _ := ignore.Apply(report)
	if len(kept.Findings) != 0 || len(ignored) != 2 {
		t.Errorf("a consequence of what is ignored: kept %v, ignored %v", kept.Findings, ignored)
	}
}

func TestFilterRefuses(t *testing.T) {
	for name, filter := range map[string]Filter{
		"unknown code":   {Only: []string{"AKSM000"}},
		"unknown family": {Skip: []string{"weather"}},
		"no reason":      {Ignore: []Ignored{{Code: "601", Until: "2027-01-01"}}},
		"no day":         {Ignore: []Ignored{{Code: "601", Reason: "known"}}},
		"a family":       {Ignore: []Ignored{{Code: "6", Until: "2027-01-01", Reason: "known"}}},
	} {
		if filter.Validate() == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
