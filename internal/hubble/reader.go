package hubble

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// reader reads one relay.
type reader struct {
	relay    *relay
	gatherer *gatherer
	cluster  string // Cilium's name
	source   *Source
	share    share
	heard    func()

	answered bool
	nodes    map[string]string // the relay's words about those that it cannot read from
}

// run takes the relay's flows until ctx ends.
func (r *reader) run(ctx context.Context, dial dialer) {
	r.nodes = map[string]string{}
	err := stream(ctx, dial, r.relay.tls, request(slices.Sorted(maps.Keys(r.share))), r.take)
	problem := r.problem(ctx, err)
	// A relay calls a node connected while it still dials: flows alone tell that
	// it can read from it, and every node has some within seconds.
	for _, other := range r.share {
		if other != r.source && other.Flows > 0 {
			other.Through, other.Error = r.source.Context, problem
		}
	}
	r.source.Error = problem
	for _, node := range slices.Sorted(maps.Keys(r.nodes)) {
		if s := r.sourceOf(node); s != nil && (s == r.source || s.Flows > 0) {
			s.Unread = append(s.Unread, strings.TrimSuffix(node+": "+r.nodes[node], ": "))
		}
	}
}

// problem says what kept flows from being read to the end; empty if nothing did.
func (r *reader) problem(ctx context.Context, err error) string {
	switch ended := errors.Is(context.Cause(ctx), errRead); {
	case ended && r.answered:
	case ended:
		return fmt.Sprintf("relay %s said nothing in all the time", r.relay.pod)
	case err != nil:
		return plain(err)
	case ctx.Err() == nil:
		return fmt.Sprintf("relay %s ended the stream early", r.relay.pod)
	}
	return ""
}

func (r *reader) take(e event) {
	r.answered = true
	if source := r.sourceOf(e.from); source != nil {
		source.Lost += e.lost
		if e.flow != nil {
			source.Flows++
			cluster := r.cluster
			if e.from != "" {
				cluster = clusterOf(e.from)
			}
			r.gatherer.add(cluster, e.flow)
		}
	}
	if e.node != nil {
		r.heed(e.node)
	}
	if r.heard != nil {
		r.heard()
	}
}

// sourceOf is where the reading of a node is noted; nil for a node that the
// relay was not asked for, or that is of another relay.
func (r *reader) sourceOf(node string) *Source {
	if r.share == nil || node == "" {
		return r.source
	}
	return r.share[clusterOf(node)]
}

// heed keeps account of nodes that the relay cannot read from.
func (r *reader) heed(status *nodeStatus) {
	for _, name := range status.nodes {
		switch status.state {
		case nodeConnected, nodeGone:
			delete(r.nodes, name)
		default:
			r.nodes[name] = strings.Join(strings.Fields(status.message), " ")
		}
	}
}
