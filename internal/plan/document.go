package plan

import "encoding/json"

// APIVersion is the schema version that a [Plan] and a [Result] carry when
// they are written as JSON or YAML.
const APIVersion = "aksmesh.io/v1alpha1"

// typeMeta makes a document recognisable to tools that expect Kubernetes'
// apiVersion and kind. It is added while writing, so no maker of a plan can forget it.
type typeMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// MarshalJSON writes the plan as a document of kind Plan.
func (p Plan) MarshalJSON() ([]byte, error) {
	type fields Plan // without this method
	if p.Steps == nil {
		p.Steps = []Step{} // "nothing to do" is an empty list, not null
	}
	return json.Marshal(struct {
		typeMeta
		fields
	}{typeMeta{APIVersion, "Plan"}, fields(p)})
}

// MarshalJSON writes the result as a document of kind Result.
func (r Result) MarshalJSON() ([]byte, error) {
	type fields Result
	if r.Steps == nil {
		r.Steps = []StepResult{}
	}
	return json.Marshal(struct {
		typeMeta
		fields
	}{typeMeta{APIVersion, "Result"}, fields(r)})
}
