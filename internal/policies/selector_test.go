package policies

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// selectors are all of one or two requirements over keys a and b, values 1
// and 2, as plain data.
func selectors() []map[string]any {
	var lines []map[string]any
	for _, key := range []string{"a", "b"} {
		for _, operator := range []string{"In", "NotIn"} {
			for _, values := range [][]any{{"1"}, {"2"}, {"1", "2"}} {
				lines = append(lines, map[string]any{"key": key, "operator": operator, "values": values})
			}
		}
		for _, operator := range []string{"Exists", "DoesNotExist"} {
			lines = append(lines, map[string]any{"key": key, "operator": operator})
		}
	}
	out := []map[string]any{{}, {"matchLabels": map[string]any{"a": "1", "b": "2"}}}
	for i, x := range lines {
		out = append(out, map[string]any{"matchExpressions": []any{x}})
		for _, y := range lines[i:] {
			out = append(out, map[string]any{"matchExpressions": []any{x, y}})
			out = append(out, map[string]any{"matchExpressions": []any{x, y}, "matchLabels": map[string]any{"b": "1"}})
		}
	}
	return out
}

func labelSets() []map[string]string {
	return []map[string]string{
		{}, {"a": "1"}, {"a": "2"}, {"b": "1"}, {"b": "2"},
		{"a": "1", "b": "1"}, {"a": "1", "b": "2"}, {"a": "2", "b": "1"}, {"a": "2", "b": "2"},
	}
}

// lone is a cluster of which nothing is known.
var lone = NewCluster(&mesh.Facts{Services: &mesh.Services{}}, nil)

// TestSelectorsAsKubernetes: a selector selects what Kubernetes says it does.
func TestSelectorsAsKubernetes(t *testing.T) {
	for _, raw := range selectors() {
		want, err := metav1.LabelSelectorAsSelector(typed(raw))
		if err != nil {
			t.Fatal(err)
		}
		for _, set := range labelSets() {
			pod := lone.Pod("", set, true)
			got := ReadSelector(raw).Match(&pod)
			if got == Maybe || (got == Yes) != want.Matches(labels.Set(set)) {
				t.Errorf("%s on %v: %d", want, set, got)
			}
		}
	}
}

func typed(raw map[string]any) *metav1.LabelSelector {
	out := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	m, _ := raw["matchLabels"].(map[string]any)
	for k, v := range m {
		out.MatchLabels[k] = fmt.Sprint(v)
	}
	for _, e := range items(raw["matchExpressions"]) {
		x, _ := e.(map[string]any)
		r := metav1.LabelSelectorRequirement{
			Key: fmt.Sprint(x["key"]), Operator: metav1.LabelSelectorOperator(fmt.Sprint(x["operator"])),
		}
		for _, v := range items(x["values"]) {
			r.Values = append(r.Values, fmt.Sprint(v))
		}
		out.MatchExpressions = append(out.MatchExpressions, r)
	}
	return out
}

// TestSelectorsInDoubt: what is said of some of the labels holds for all
// that they may be part of.
func TestSelectorsInDoubt(t *testing.T) {
	for _, raw := range selectors() {
		s := ReadSelector(raw)
		for _, part := range labelSets() {
			read := lone.Pod("", part, false)
			doubt := s.Match(&read)
			for _, whole := range labelSets() {
				if !contained(part, whole) {
					continue
				}
				pod := lone.Pod("", whole, true)
				if got := s.Match(&pod); doubt != Maybe && got != doubt {
					t.Errorf("%s: %d on part %v, %d on %v", s, doubt, part, got, whole)
				}
			}
		}
	}
}

func contained(part, whole map[string]string) bool {
	for k, v := range part {
		if whole[k] != v {
			return false
		}
	}
	return true
}
