package diagnose

import "slices"

// Code names a check for good: "AKSM" and three digits, of which the first is
// the [Family]. A code is never given to another check.
type Code string

// Family is what a group of codes is about.
type Family string

// Families, by the first digit of a code.
const (
	Access       Family = "access and versions" // 1
	Identity     Family = "identity"            // 2
	Addressing   Family = "addressing"          // 3
	Certificates Family = "certificates"        // 4
	ControlPlane Family = "mesh control plane"  // 5
	DataPath     Family = "data path"           // 6
	Services     Family = "services"            // 7
	Policy       Family = "policy"              // 8
	AzureFamily  Family = "Azure"               // 9
)

// Family is the one that the code belongs to; empty for something that is not a code.
func (c Code) Family() Family {
	families := [...]Family{
		Access, Identity, Addressing, Certificates, ControlPlane, DataPath, Services, Policy, AzureFamily,
	}
	if len(c) != len("AKSM000") || c[4] < '1' || c[4] > '9' {
		return ""
	}
	return families[c[4]-'1']
}

// Phase is when a check makes sense.
type Phase string

// Phases. A preflight judges what a plan would make of the clusters, so it
// says nothing of what only a change can bring, such as ready agents.
const (
	Preflight Phase = "preflight"
	Running   Phase = "running"
)

// Status is what a check came to.
type Status string

// Statuses of a [Finding].
const (
	Pass    Status = "pass"
	Fail    Status = "fail"
	Skipped Status = "skipped" // does not apply; the message says why
	Unknown Status = "unknown" // could not be seen; the message says why
)

// Severity is how much a failure matters, apart from whether it was seen.
type Severity string

// Severities of a [Finding].
const (
	Error   Severity = "error" // breaks the mesh or part of it; a preflight refuses
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Kind of a [Subject].
const (
	MeshSubject    = "mesh"
	ClusterSubject = "cluster"
	PairSubject    = "pair"
	NodeSubject    = "node"
	ServiceSubject = "service"
)

// Subject is what a finding is about.
type Subject struct {
	Kind string `json:"kind"`
	// Names are kubeconfig contexts: one for a cluster, two for a pair (from,
	// to, where a direction matters), and first of all names for a node or a
	// service. Empty for the mesh.
	Names []string `json:"names,omitempty"`
}

// Finding is the result of one check for one subject.
type Finding struct {
	Code     Code     `json:"code"`
	Status   Status   `json:"status"`
	Severity Severity `json:"severity"`
	Subject  Subject  `json:"subject"`
	Message  string   `json:"message"`            // one plain sentence, no full stop
	Evidence []string `json:"evidence,omitempty"` // at most three lines: what was seen
	Remedy   string   `json:"remedy,omitempty"`   // what to type or do next
	// ExplainedBy is the code of a finding that is the likely cause of this one.
	ExplainedBy Code `json:"explainedBy,omitempty"`
}

// Counts sums up findings.
type Counts struct {
	Pass     int `json:"pass"`
	Fail     int `json:"fail"`
	Skipped  int `json:"skipped"`
	Unknown  int `json:"unknown"`
	Errors   int `json:"errors"`   // failures by severity
	Warnings int `json:"warnings"` // failures by severity
	Infos    int `json:"infos"`    // failures by severity
}

// Report is all that the checks found, causes first, worst first.
type Report struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Findings   []Finding `json:"findings"`
	Counts     Counts    `json:"counts"`
}

// Errors are the failures of severity error, causes before what they explain.
// A preflight that has any refuses.
func (r *Report) Errors() []Finding { return r.failures(Error) }

// Warnings are the failures of severity warning.
func (r *Report) Warnings() []Finding { return r.failures(Warning) }

// Infos are the failures of severity info.
func (r *Report) Infos() []Finding { return r.failures(Info) }

// Unknowns are the findings of checks that could not see what they judge.
func (r *Report) Unknowns() []Finding {
	return r.where(func(f *Finding) bool { return f.Status == Unknown })
}

// Causes are the failures that no other finding explains.
func (r *Report) Causes() []Finding {
	return r.where(func(f *Finding) bool { return f.Status == Fail && f.ExplainedBy == "" })
}

func (r *Report) failures(s Severity) []Finding {
	return r.where(func(f *Finding) bool { return f.Status == Fail && f.Severity == s })
}

func (r *Report) where(keep func(*Finding) bool) []Finding {
	var out []Finding
	for i := range r.Findings {
		if keep(&r.Findings[i]) {
			out = append(out, r.Findings[i])
		}
	}
	return out
}

// Check is one judgement: a line of the catalogue.
type Check struct {
	Code     Code
	Title    string   // what holds when all is well, as a short sentence
	Severity Severity // of a failure, unless the finding says otherwise
	Phases   []Phase
	Judge    func(*View) []Finding
}

// Family is the family of the check's code.
func (c *Check) Family() Family { return c.Code.Family() }

func (c *Check) in(p Phase) bool { return slices.Contains(c.Phases, p) }

// stamp fills in what every finding of the check has in common.
func (c *Check) stamp(f Finding) Finding {
	f.Code = c.Code
	if f.Severity == "" {
		f.Severity = c.Severity
	}
	if f.Message == "" {
		f.Message = c.Title
	}
	return f
}
