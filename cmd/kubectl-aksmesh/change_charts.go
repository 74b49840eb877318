package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	chartv2 "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
)

// charts loads each chart once, however many clusters use it.
type charts struct {
	path   string                    // the user's
	stored map[string]*chartv2.Chart // in the releases, by context
	cache  string                    // folder; empty for none

	mu     sync.Mutex
	loaded map[chartKey]*chart.Chart
}

// chartKey is what charts differ by, besides the user's path.
type chartKey struct {
	stored  *chartv2.Chart
	version string
}

func newCharts(path string, stored map[string]*chartv2.Chart) *charts {
	c := &charts{path: path, stored: stored, loaded: map[chartKey]*chart.Chart{}}
	if dir, err := os.UserCacheDir(); err == nil {
		c.cache = filepath.Join(dir, "kubectl-aksmesh", "charts")
	}
	return c
}

// check loads the charts that revisions need, versions by context, so that one
// that cannot be had stops the command before it has changed anything.
func (c *charts) check(ctx context.Context, versions map[string]string) error {
	for _, context := range slices.Sorted(maps.Keys(versions)) {
		if _, err := c.load(ctx, context, versions[context]); err != nil {
			return err
		}
	}
	return nil
}

// load returns the chart of a version for the cluster of a context, to be used
// up. The one that is stored in the cluster's release is of that release's
// version.
func (c *charts) load(ctx context.Context, context, version string) (*chartv2.Chart, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := chartKey{c.stored[context], version}
	found, ok := c.loaded[key]
	if !ok {
		var err error
		found, err = chart.Load(ctx, chart.Source{Path: c.path, Stored: key.stored, Version: key.version, CacheDir: c.cache})
		if err != nil {
			return nil, err
		}
		c.loaded[key] = found
	}
	return found.Copy(), nil
}
