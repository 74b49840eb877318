package main

import (
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

func TestHasHubbleUI(t *testing.T) {
	values := func(enabled any) *mesh.Release {
		return &mesh.Release{Values: map[string]any{"hubble": map[string]any{"ui": map[string]any{"enabled": enabled}}}}
	}
	for name, c := range map[string]struct {
		release *mesh.Release
		want    bool
	}{
		"no release": {nil, false},
		"no values":  {&mesh.Release{}, false},
		"on":         {values(true), true},
		"off":        {values(false), false},
		"not a bool": {values("yes"), false},
		"no map":     {&mesh.Release{Values: map[string]any{"hubble": "on"}}, false},
	} {
		if got := hasHubbleUI(&mesh.Facts{Release: c.release}); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
