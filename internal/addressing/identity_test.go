package addressing

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAssignIDs(t *testing.T) {
	type ids = map[string]int
	for _, tc := range []struct {
		name             string
		contexts         string
		existing, wanted ids
		limit            int
		want             ids
		err              string
	}{
		{"lowest free", "a b c", nil, nil, 255, ids{"a": 1, "b": 2, "c": 3}, ""},
		{"what runs stays", "a b c", ids{"b": 1, "c": 7}, nil, 255, ids{"a": 2, "b": 1, "c": 7}, ""},
		{"members without a context keep theirs", "a", ids{"far": 1}, nil, 255, ids{"a": 2}, ""},
		{"wanted comes before free", "a b", nil, ids{"b": 1}, 255, ids{"a": 2, "b": 1}, ""},
		{"511", "a", nil, ids{"a": 511}, 511, ids{"a": 511}, ""},
		{"zero", "a", nil, ids{"a": 0}, 255, nil, `cluster id 0 of context "a" is not between 1 and 255: choose another with --cluster-id a=ID`},
		{"too large", "a", nil, ids{"a": 256}, 255, nil, `cluster id 256 of context "a" is not between 1 and 255`},
		{"wanted twice", "a b", nil, ids{"a": 4, "b": 4}, 255, nil, `cluster id 4 of context "b" is already that of context "a": choose another with --cluster-id b=ID`},
		{"taken by a member", "a", ids{"far": 4}, ids{"a": 4}, 255, nil, `is already that of the member "far"`},
		{"two that run", "a b", ids{"a": 1, "b": 1}, nil, 255, nil, `cluster id 1 of context "b" is already that of context "a": a running cluster keeps its id`},
		{"renumbering", "a", ids{"a": 1}, ids{"a": 2}, 255, nil, `context "a" already runs with the cluster id 1, which cannot be changed: leave out --cluster-id a=2`},
		{"full", "a b c", nil, nil, 2, nil, `no cluster id between 1 and 2 is left for context "c"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := AssignIDs(strings.Fields(tc.contexts), tc.existing, tc.wanted, tc.limit)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
			if text := errText(err); (tc.err == "") != (err == nil) || !strings.Contains(text, tc.err) {
				t.Errorf("error %q, want %q", text, tc.err)
			}
		})
	}
}

func TestAssignNames(t *testing.T) {
	type names = map[string]string
	long := strings.Repeat("x", 40)
	for _, tc := range []struct {
		name             string
		contexts         string
		existing, wanted names
		want             names
		err              string
	}{
		{"from contexts", "aks-1 AKS_West:2", nil, nil, names{"aks-1": "aks-1", "AKS_West:2": "aks-west-2"}, ""},
		{"what runs stays", "a b", names{"a": "old"}, names{"b": "new"}, names{"a": "old", "b": "new"}, ""},
		{"collision", "a_b a-b", nil, nil, nil, `cluster name "a-b" of context "a-b" is already that of context "a_b": choose another with --cluster-name a-b=NAME`},
		{"long names that share a head", long + "1 " + long + "2", nil, nil, nil, "is already that of"},
		{"a member's", "a", names{"far": "a"}, nil, nil, `is already that of the member "far"`},
		{"illegal", "a", nil, names{"a": "A"}, nil, `context "a": cluster name "A" may only have lower-case letters`},
		{"too long", "a", nil, names{"a": long}, nil, "is longer than 32 characters"},
		{"reserved", "a", nil, names{"a": "default"}, nil, "is reserved by Cilium"},
		{"nothing left", "___ default", nil, nil, names{"___": "cluster", "default": "cluster-default"}, ""},
		{"renaming", "a", names{"a": "old"}, names{"a": "new"}, nil, `context "a" already runs with the cluster name "old"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := AssignNames(strings.Fields(tc.contexts), tc.existing, tc.wanted)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
			if text := errText(err); (tc.err == "") != (err == nil) || !strings.Contains(text, tc.err) {
				t.Errorf("error %q, want %q", text, tc.err)
			}
		})
	}
}
