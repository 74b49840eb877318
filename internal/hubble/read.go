package hubble

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
)

// Report is what was seen of all clusters' flows.
type Report struct {
	// Seconds is how long flows were read.
	Seconds float64 `json:"seconds"`
	// Sources has one entry per cluster, in the order they were given.
	Sources []Source `json:"sources"`
	Edges   []Edge   `json:"edges"`
	// Aside counts flows of who is no pod: nodes, health checks, the world.
	Aside int `json:"flowsOfOthers,omitempty"`
	// Incomplete is true if there were more connections than are kept.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Source says how the reading of one cluster's flows went.
type Source struct {
	Context string `json:"context"`
	// Through is the context whose relay has read this cluster's nodes, where it
	// has none of its own that could be read.
	Through string `json:"through,omitempty"`
	Flows   int    `json:"flows"`
	Lost    uint64 `json:"lost,omitempty"` // flows that Hubble itself could not keep
	// Unread are nodes that the relay could not read from, with its words.
	Unread []string `json:"unreadNodes,omitempty"`
	// Error says why the flows could not be read, or not to the end.
	Error string `json:"error,omitempty"`
}

// Options say what to read.
type Options struct {
	// For is how long flows are read.
	For time.Duration
	// Names are Cilium's names of the clusters, by context.
	Names map[string]string
	// Service names the global service that an address belongs to, as
	// "namespace/name"; empty if it belongs to none.
	Service func(netip.AddrPort) string
	// Parallel is how many relays are looked for at once; 0 is all.
	Parallel int

	// heard is called after each answer of a relay; nil for nobody. Tests wait for it.
	heard func()
}

// errRead ends the reading after [Options.For].
var errRead = errors.New("flows were read for long enough")

// Read reads the flows of all clusters at the same time. It always returns a
// report; what could not be read is in its sources. If ctx ends early, so does
// the reading.
func Read(ctx context.Context, clusters []*mesh.Cluster, o Options) Report {
	relays, sources := findAll(ctx, clusters, o.Parallel)
	g := newGatherer(o.Service)
	began := time.Now()
	reading, cancel := context.WithTimeoutCause(ctx, o.For, errRead)
	defer cancel()
	parts := shares(relays, sources, o.Names)
	var all sync.WaitGroup
	for i, c := range clusters {
		if relays[i] != nil {
			all.Go(func() {
				dial := forwarding(c, relays[i])
				r := reader{relay: relays[i], gatherer: g, cluster: o.Names[c.Context], source: &sources[i], share: parts[i], heard: o.heard}
				r.run(reading, dial)
			})
		}
	}
	all.Wait()
	report := Report{Sources: sources, Edges: g.edges(), Aside: g.aside, Incomplete: g.full}
	if slices.ContainsFunc(relays, func(r *relay) bool { return r != nil }) {
		report.Seconds = time.Since(began).Round(time.Second / 10).Seconds()
	}
	return report
}

// findAll looks for all relays before any is read, so that all are read over
// the same time.
func findAll(ctx context.Context, clusters []*mesh.Cluster, atOnce int) ([]*relay, []Source) {
	relays, sources := make([]*relay, len(clusters)), make([]Source, len(clusters))
	var group errgroup.Group
	if atOnce > 0 {
		group.SetLimit(atOnce)
	}
	for i, c := range clusters {
		sources[i].Context = c.Context
		group.Go(func() error {
			found, err := find(ctx, c)
			if err != nil {
				sources[i].Error = plain(err)
				return nil
			}
			relays[i] = found
			return nil
		})
	}
	_ = group.Wait() // errors are part of the sources
	return relays, sources
}

func forwarding(c *mesh.Cluster, r *relay) dialer {
	return func(ctx context.Context) (net.Conn, error) { return forward(ctx, c, r.pod, r.port) }
}
