package rollout

import (
	"errors"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func TestAskVersions(t *testing.T) {
	well := mesh.Agent{Pod: "cilium-a", Version: "1.20.2"}
	for name, test := range map[string]struct {
		agents     []mesh.Agent
		failed     error
		tag        string
		waits, err string
	}{
		"all are of it":                    {[]mesh.Agent{well}, nil, "v1.20.2", "", ""},
		"an image of one's own":            {[]mesh.Agent{well}, nil, "v1.20.2-ours.1", "", ""},
		"a tag that is no version":         {[]mesh.Agent{well}, nil, "stable", "", ""},
		"an agent that does not say":       {[]mesh.Agent{{Pod: "cilium-a"}}, nil, "v1.20.2", "", ""},
		"another patch version":            {[]mesh.Agent{well, {Pod: "cilium-b", Version: "1.20.1"}}, nil, "v1.20.2", "", "agent cilium-b runs Cilium 1.20.1, not v1.20.2"},
		"an agent that does not answer":    {[]mesh.Agent{{Pod: "cilium-a", Error: "no answer"}}, nil, "v1.20.2", "cilium-a: no answer", ""},
		"no agent":                         {nil, nil, "v1.20.2", "no agent runs", ""},
		"an API server that does not list": {nil, errors.New("internal error"), "v1.20.2", "internal error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			waits, err := askVersions(test.agents, test.failed, test.tag)
			said := ""
			if err != nil {
				said = err.Error()
			}
			if waits != test.waits || said != test.err {
				t.Errorf("waits %q, error %q; want %q and %q", waits, said, test.waits, test.err)
			}
		})
	}
}
