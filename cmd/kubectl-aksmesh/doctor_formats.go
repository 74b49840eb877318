package main

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/version"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
)

// JUnit's shapes, as CI systems read them: a suite for each family, a case
// for each finding.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Name    string       `xml:"name,attr"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
	}
)

func writeJUnit(w io.Writer, e *examination) error {
	document := junitSuites{Name: "kubectl aksmesh doctor"}
	at := map[diagnose.Family]int{}
	for _, f := range byCode(e.Report.Findings) {
		family := f.Code.Family()
		i, known := at[family]
		if !known {
			i = len(document.Suites)
			at[family] = i
			document.Suites = append(document.Suites, junitSuite{Name: string(family)})
		}
		document.Suites[i].add(&f)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (s *junitSuite) add(f *diagnose.Finding) {
	one := junitCase{Class: string(f.Code), Name: cmp.Or(strings.Join(f.Subject.Names, " -> "), f.Subject.Kind)}
	switch f.Status {
	case diagnose.Fail:
		s.Failures++
		one.Failure = &junitFailure{Message: clean(f.Message), Type: string(f.Severity), Text: clean(detail(f))}
	case diagnose.Skipped, diagnose.Unknown:
		s.Skipped++
		one.Skipped = &junitMessage{string(f.Status) + ": " + clean(f.Message)}
	}
	s.Tests++
	s.Cases = append(s.Cases, one)
}

// detail is all that a finding says beside its message.
func detail(f *diagnose.Finding) string {
	lines := slices.Clone(f.Evidence)
	if f.Remedy != "" {
		lines = append(lines, "fix: "+f.Remedy)
	}
	if f.ExplainedBy != "" {
		lines = append(lines, "follows from "+string(f.ExplainedBy))
	}
	return strings.Join(lines, "\n")
}

// byCode puts findings into the catalogue's order, so that two reports of the
// same mesh can be laid side by side.
func byCode(all []diagnose.Finding) []diagnose.Finding {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b diagnose.Finding) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), slices.Compare(a.Subject.Names, b.Subject.Names))
	})
	return sorted
}

// SARIF 2.1.0, as far as code scanning services read it. Source: OASIS,
// sarif-v2.1.0-os.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Logical []sarifLogical `json:"logicalLocations"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

func writeSARIF(w io.Writer, e *examination) error {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "kubectl-aksmesh doctor", Version: version.Get().Version, Rules: []sarifRule{}}}, Results: []sarifResult{}}
	used := map[diagnose.Code]bool{}
	for _, f := range byCode(e.Report.Findings) {
		if f.Status != diagnose.Fail {
			continue
		}
		used[f.Code] = true
		level := map[diagnose.Severity]string{diagnose.Error: "error", diagnose.Warning: "warning", diagnose.Info: "note"}[f.Severity]
		run.Results = append(run.Results, sarifResult{
			RuleID: string(f.Code), Level: level, Message: sarifText{Text: strings.TrimSpace(f.Message + "\n" + detail(&f))},
			Locations: []sarifLocation{{[]sarifLogical{{Name: cmp.Or(strings.Join(f.Subject.Names, "/"), f.Subject.Kind), Kind: f.Subject.Kind}}}},
		})
	}
	for _, check := range diagnose.Catalogue() {
		if !used[check.Code] {
			continue
		}
		page, err := diagnose.Explain(string(check.Code))
		if err != nil {
			return err
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: string(check.Code), Short: sarifText{Text: check.Title}, Help: sarifText{Text: check.Title, Markdown: page}})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// writeMarkdown is a report for an issue or a chat.
func writeMarkdown(w io.Writer, e *examination) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Cluster mesh report\n\n%s, taken %s.\n", e.summary(), e.Snapshot.Taken.Format("2006-01-02 15:04:05 UTC"))
	for _, f := range e.Report.Causes() {
		fmt.Fprintf(&b, "\n## %s %s: %s\n\n%s.\n", f.Severity, f.Code, markdown(cmp.Or(strings.Join(f.Subject.Names, " → "), f.Subject.Kind)), markdown(f.Message))
		for _, line := range f.Evidence {
			fmt.Fprintf(&b, "\n    %s\n", clean(line))
		}
		if f.Remedy != "" {
			fmt.Fprintf(&b, "\nFix: `%s`\n", strings.ReplaceAll(clean(f.Remedy), "`", "'"))
		}
		for _, folded := range e.under(&f) {
			fmt.Fprintf(&b, "\n- so %s: %s\n", folded.Code, markdown(folded.Message))
		}
	}
	if e.Report.Counts.Fail == 0 {
		b.WriteString("\nNothing is wrong.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdown takes the meaning off characters that have one in Markdown.
func markdown(text string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", "&lt;", "|", `\|`, "`", "'").Replace(clean(text))
}
