package plan

import (
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		steps []Step
		want  []string // parts of the error; none: valid
	}{
		"empty":   {},
		"chain":   {steps: []Step{{ID: "b", Needs: []string{"a"}}, {ID: "a"}, {ID: "c", After: []string{"a", "b"}}}},
		"diamond": {steps: []Step{{ID: "a"}, {ID: "b", Needs: []string{"a"}}, {ID: "c", After: []string{"a"}}, {ID: "d", Needs: []string{"b", "c"}}}},
		"no id":   {steps: []Step{{Action: Create, Object: "Secret x"}}, want: []string{"step 1 (create Secret x) has no id"}},
		"twice":   {steps: []Step{{ID: "a"}, {ID: "a"}}, want: []string{"step a is there twice"}},
		"unknown ones are all named": {
			steps: []Step{{ID: "a", Needs: []string{"x"}}, {ID: "b", After: []string{"y"}}},
			want:  []string{`step a waits for "x"`, `step b waits for "y"`},
		},
		"itself": {steps: []Step{{ID: "a", After: []string{"a"}}}, want: []string{"a after a"}},
		"cycle behind a way in": {
			steps: []Step{{ID: "in", Needs: []string{"a"}}, {ID: "a", Needs: []string{"b"}}, {ID: "b", After: []string{"c"}}, {ID: "c", Needs: []string{"a"}}},
			want:  []string{"a after b after c after a"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := (&Plan{Steps: tt.steps}).Validate()
			if (err != nil) != (len(tt.want) > 0) {
				t.Fatalf("error = %v, want one: %t", err, len(tt.want) > 0)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
		})
	}
}
