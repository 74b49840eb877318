package diagnose

import (
	"slices"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/policies"
)

// someSelectors are of one or two requirements over keys a and b, values 1 and
// 2, as plain data.
func someSelectors() []map[string]any {
	var lines []map[string]any
	for _, key := range []string{"a", "b", "io.kubernetes.pod.namespace", "pod-template-hash", "reserved:host"} {
		for _, operator := range []string{"In", "NotIn", "Exists", "DoesNotExist"} {
			lines = append(lines, map[string]any{"key": key, "operator": operator, "values": []any{"1", "2", "1"}})
			lines = append(lines, map[string]any{"key": key, "operator": operator, "values": []any{"2"}})
		}
	}
	out := []map[string]any{{}, {"matchLabels": map[string]any{"a": "1", "b": "2"}}}
	for i, x := range lines {
		out = append(out, map[string]any{"matchExpressions": []any{x}})
		for _, y := range lines[i:] {
			out = append(out, map[string]any{"matchExpressions": []any{x, y}})
		}
	}
	return out
}

// TestBookFindsAll: looking rules up by labels leaves out none that are about
// an endpoint, and names none twice.
func TestBookFindsAll(t *testing.T) {
	var all []policies.Selector
	places := &book[int]{}
	for i, raw := range someSelectors() {
		all = append(all, policies.ReadSelector(raw))
		places.add(all[i], i)
	}
	cluster := policies.NewCluster(&mesh.Facts{
		Config: &mesh.Config{ClusterName: "n"}, Services: &mesh.Services{Namespaces: map[string]mesh.NamespaceFacts{"1": {}}},
	}, nil)
	for _, set := range []map[string]string{{}, {"a": "1"}, {"b": "2"}, {"a": "1", "b": "2"}, {"a": "2", "pod-template-hash": "1"}} {
		for _, namespace := range []string{"1", "unread"} {
			for _, whole := range []bool{true, false} {
				pod := cluster.Pod(namespace, set, whole)
				found := places.about(&pod)
				for i, s := range all {
					if !slices.Contains(found, i) && s.Match(&pod) != policies.No {
						t.Errorf("%v, whole %t: %s is not found", set, whole, s)
					}
				}
				if !slices.IsSorted(found) || len(slices.Compact(slices.Clone(found))) < len(found) {
					t.Errorf("%v: twice, or out of order: %v", set, found)
				}
			}
		}
	}
}
