package picture

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

func formats() map[string]func(io.Writer, *Mesh) error {
	return map[string]func(io.Writer, *Mesh) error{"html": HTML, "svg": SVG, "mermaid": Mermaid, "dot": Dot}
}

func meshes() map[string]*Mesh {
	unreachable := made(2)
	unreachable.Clusters[1] = Cluster{Name: "aks-2", Context: "aks-2", Unreachable: true, KubeProxy: "unknown", Problems: []string{"api: connection refused (unreachable)"}}
	unreachable.see("aks-1", "aks-2", "down", "no answer")
	unreachable.see("aks-2", "aks-1", "unknown", "api: connection refused (unreachable)")
	unreachable.ServicesUnread = "Services of no cluster could be read."
	hostile := broken(3)
	rename(hostile, "aks-1", `</svg></style><script>alert("1")</script>`)
	rename(hostile, "aks-2", `end"]; 1. #quot; \N &amp; %s {{.}} '--> x | `+"`")
	rename(hostile, "aks-3", strings.Repeat("W", 300))
	hostile.Flows.Edges[0].From.Name = strings.Repeat("世界", 60)
	hostile.Summary = `"a" does not see {b}; <c>`
	return map[string]*Mesh{"hostile": hostile,
		"none": {Summary: "no cluster"}, "one": made(1), "two": made(2), "three": made(3), "eight": made(8), "sixteen": made(16),
		"unreachable": unreachable, "broken3": broken(3), "broken8": broken(8), "broken16": broken(16),
	}
}

func drawn(t testing.TB, draw func(io.Writer, *Mesh) error, m *Mesh) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := draw(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for name, m := range meshes() {
		for format, draw := range formats() {
			if format == "html" && name != "broken3" && name != "one" && name != "hostile" {
				continue // pages are the same but for what the SVG shows
			}
			t.Run(name+"."+format, func(t *testing.T) {
				before := cmp.Diff(m, m.cleaned())
				got := drawn(t, draw, m)
				if before != "" {
					t.Errorf("the fixture is not clean:\n%s", before)
				}
				path := filepath.Join("testdata", name+"."+format)
				golden.Compare(t, path, string(got))
			})
		}
	}
}
