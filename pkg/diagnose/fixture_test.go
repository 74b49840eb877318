package diagnose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// gridCase is one case of the grid: the healthy base with some values
// changed, and the findings that this must give.
type gridCase struct {
	Name  string `json:"name"`
	Phase Phase  `json:"phase"` // empty: running
	// Set maps paths to values. A path is "CONTEXT.field.0.field", for a
	// cluster, its fields as in JSON, and the index in a list; a context alone
	// is the whole cluster. The value null takes the field away.
	// "probes" begins the path of what pods measured, "declared" that of a mesh file,
	// which a case has only if it names it.
	Set map[string]any `json:"set"`
	// APIHost is Helm's k8sServiceHost of aks-1, as values are not serialised.
	APIHost string `json:"apiHost"`
	// Fold leaves out of Want what another finding explains.
	Fold bool `json:"fold"`
	// Want are the findings that are neither pass nor skipped, as
	// "CODE status severity subject", with " < CODE" if explained; sorted.
	Want []string `json:"want"`
	// Says must be somewhere in the messages, the evidence or the remedies.
	Says []string `json:"says"`

	healthy []byte // the base as JSON, which reads faster than YAML
}

// base reads the healthy base as plain data.
func base(t testing.TB) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "base.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := yaml.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

// snapshot turns plain data into a snapshot; a field that does not exist fails the test.
func snapshot(t testing.TB, data map[string]any) mesh.Snapshot {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	var s mesh.Snapshot
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		t.Fatal(err)
	}
	if r := s.Clusters[0].Release; r != nil {
		r.Values = map[string]any{"k8sServiceHost": "aks-1.hcp.westeurope.azmk8s.io"}
	}
	return s
}

// patched is the base with the case's values.
func (c *gridCase) patched(t testing.TB) mesh.Snapshot {
	t.Helper()
	var data map[string]any
	if err := json.Unmarshal(c.healthy, &data); err != nil {
		t.Fatal(err)
	}
	filed := slices.ContainsFunc(slices.Collect(maps.Keys(c.Set)), func(path string) bool { return strings.HasPrefix(path, "declared") })
	if !filed {
		delete(data, "declared") // or each change would differ from the file, too
	}
	for path, value := range c.Set {
		keys := strings.Split(path, ".")
		if keys[0] == "probes" || keys[0] == "declared" {
			if err := put(data, keys, value); err != nil {
				t.Fatalf("%s: %s: %v", c.Name, path, err)
			}
			continue
		}
		clusters, _ := data["clusters"].([]any)
		at := slices.IndexFunc(clusters, func(c any) bool { return c.(map[string]any)["context"] == keys[0] })
		if at < 0 {
			t.Fatalf("%s: no cluster %q in the base", c.Name, keys[0])
		}
		if len(keys) == 1 {
			clusters[at] = value
			continue
		}
		if err := put(clusters[at], keys[1:], value); err != nil {
			t.Fatalf("%s: %s: %v", c.Name, path, err)
		}
	}
	s := snapshot(t, data)
	if r := s.Clusters[0].Release; r != nil && c.APIHost != "" {
		r.Values["k8sServiceHost"] = c.APIHost
	}
	return s
}

// put sets the value at the end of the path.
func put(node any, path []string, value any) error {
	last := len(path) == 1
	switch n := node.(type) {
	case map[string]any:
		if last && value == nil {
			delete(n, path[0])
			return nil
		}
		if last {
			n[path[0]] = value
			return nil
		}
		if n[path[0]] == nil {
			n[path[0]] = map[string]any{}
		}
		return put(n[path[0]], path[1:], value)
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(n) {
			return fmt.Errorf("no element %q in a list of %d", path[0], len(n))
		}
		if last {
			n[i] = value
			return nil
		}
		return put(n[i], path[1:], value)
	}
	return fmt.Errorf("%q is in nothing that has parts", path[0])
}

// grid reads all cases.
func grid(t testing.TB) []gridCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "grid", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no grid: %v", err)
	}
	healthy, err := json.Marshal(base(t))
	if err != nil {
		t.Fatal(err)
	}
	var all []gridCase
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var cases []gridCase
		if err := yaml.UnmarshalStrict(raw, &cases); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for i := range cases {
			cases[i].healthy = healthy
			cases[i].Name = strings.TrimSuffix(filepath.Base(f), ".yaml") + "/" + cases[i].Name
		}
		all = append(all, cases...)
	}
	return all
}

// lines are the findings of a report in the notation of gridCase.Want.
func lines(r Report, fold bool) []string {
	var out []string
	for _, f := range r.Findings {
		if f.Status == Pass || f.Status == Skipped || fold && f.ExplainedBy != "" {
			continue
		}
		line := fmt.Sprintf("%s %s %s", f.Code, f.Status, f.Severity)
		if len(f.Subject.Names) > 0 {
			line += " " + strings.Join(f.Subject.Names, ">")
		}
		if f.ExplainedBy != "" {
			line += " < " + string(f.ExplainedBy)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}
