package plan

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Date(2026, 1, 2, 3, 4, s, 0, time.UTC) }
	r := Result{Steps: []StepResult{
		{ID: "b/2", Cluster: "b", State: Failed, Started: at(9), Ended: at(12), Reason: "boom"},
		{ID: "a/1", Cluster: "a", State: Done, Started: at(1), Ended: at(4)},
		{ID: "b/1", Cluster: "b", State: Done, Started: at(2), Ended: at(9)}, // earlier than b/2
		{ID: "b/3", Cluster: "b", State: Skipped, Reason: "needs b/2"},
		{ID: "mesh", State: Skipped, Reason: "needs b/3"},
	}}
	type line struct {
		Cluster       string
		Done, NotDone []string
		Elapsed       time.Duration
	}
	ids := func(steps []StepResult) (ids []string) {
		for _, s := range steps {
			ids = append(ids, s.ID)
		}
		return ids
	}
	var got []line
	for _, c := range r.Summary() {
		got = append(got, line{c.Cluster, ids(c.Done), ids(c.NotDone), c.Elapsed})
	}
	want := []line{
		{"b", []string{"b/1"}, []string{"b/2", "b/3"}, 10 * time.Second},
		{"a", []string{"a/1"}, nil, 3 * time.Second},
		{"", nil, []string{"mesh"}, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if failed := ids(r.Failed()); !cmp.Equal(failed, []string{"b/2"}) {
		t.Errorf("failed = %v", failed)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := Plan{Steps: []Step{{ID: "a/1", Cluster: "a", Action: Create, Object: "Secret x", Summary: "s", Diff: []string{"+ k: v"}}}}
	tests := map[string]struct {
		doc  any
		want string
	}{
		"empty plan":      {Plan{}, "apiVersion: aksmesh.io/v1alpha1\nkind: Plan\nsteps: []\n"},
		"plan by pointer": {&p, "apiVersion: aksmesh.io/v1alpha1\nkind: Plan\nsteps:\n- action: create\n  cluster: a\n  diff:\n  - '+ k: v'\n  id: a/1\n  object: Secret x\n  summary: s\n"},
		"skipped has no times": {
			Result{Started: at, Ended: at, Interrupted: true, Steps: []StepResult{{ID: "a/1", Action: Wait, Object: "o", Summary: "s", State: Skipped, Reason: "interrupted"}}},
			"apiVersion: aksmesh.io/v1alpha1\nended: \"2026-01-02T03:04:05Z\"\ninterrupted: true\nkind: Result\nstarted: \"2026-01-02T03:04:05Z\"\nsteps:\n- action: wait\n  id: a/1\n  object: o\n  reason: interrupted\n  state: skipped\n  summary: s\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := yaml.Marshal(tt.doc)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back); diff != "" {
		t.Errorf("round trip: %s", diff)
	}
}
