// Package charttest gives tests Cilium's real chart, whether or not one is
// built into the test's binary.
package charttest

import (
	"bytes"
	"context"
	"sync"
	"testing"

	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/pack"
)

// packed is made once per test binary; the go command takes its time.
var packed = sync.OnceValues(func() (*pack.Archive, error) {
	return pack.FromModule(context.Background(), ".")
})

// Cilium packs the chart of the version in go.mod and loads it, anew for each
// call: Helm changes charts while it renders.
func Cilium(t testing.TB) *chartv2.Chart {
	t.Helper()
	archive, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	chart, err := loader.LoadArchive(bytes.NewReader(archive.Data))
	if err != nil {
		t.Fatal(err)
	}
	return chart
}
