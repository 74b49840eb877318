package release

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An upgrade is a change of a release; later ones, by others, are not it.
func TestGoBackFindsTheRevisionFromBeforeAnUpgrade(t *testing.T) {
	a := newAPI(t)
	check := func(when string, want Back) {
		t.Helper()
		got, err := GoBack(t.Context(), a.client(), namespace)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check("without a release", Back{})
	apply(t, a, plain())
	check("after an install", Back{Deployed: 1})
	upgraded := change(t, plain())
	upgraded.Back = 1
	if _, err := Apply(t.Context(), a.config, upgraded, func(string) {}); err != nil {
		t.Fatal(err)
	}
	check("after an upgrade", Back{Deployed: 2, Upgrade: 1})
	apply(t, a, plain())
	check("after another change", Back{Deployed: 3})
}

func TestTryTellsWhatTheChartRefuses(t *testing.T) {
	a := newAPI(t)
	apply(t, a, plain())
	refused := change(t, plain())
	refused.Values["tunnel"] = "vxlan"
	a.requests = nil
	if err := Try(t.Context(), a.config, refused); err == nil {
		t.Error("the chart takes a value that was removed from it")
	}
	if err := Try(t.Context(), a.config, change(t, plain())); err != nil {
		t.Error(err)
	}
	for _, request := range a.requests {
		if !strings.HasPrefix(request, "GET ") {
			t.Errorf("it sent %s", request)
		}
	}
}
