package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// agreeToProbe says what --probe makes, and asks.
func (o *doctorOptions) agreeToProbe(ctx context.Context) error {
	fmt.Fprintln(o.app.streams.ErrOut, o.announcement())
	if o.flags.yes {
		return nil
	}
	yes, err := ui.Confirm(ctx, o.app.streams, fmt.Sprintf("Make these pods in %s?", count(len(o.probed), "cluster")))
	if err == nil && !yes {
		err = codeError{exitError, errors.New("nothing was looked at; without --probe no pods are made")}
	}
	return err
}

// announcement is one line: which pods, where, of which image, with which rights.
func (o *doctorOptions) announcement() string {
	return fmt.Sprintf("--probe makes 4 pods named aksmesh-probe-… in namespace %s of each of %s, on one node, for about a minute, with image %s: "+
		"2 on the node's network and 2 in the pod network, without any right but one: one of them runs as user 0 with CAP_NET_RAW, to see packets arrive at the tunnel's port; they are removed however it ends",
		o.flags.probeNamespace, strings.Join(contextsOf(o.probed), ", "), o.image)
}

func contextsOf(clusters []*mesh.Cluster) []string {
	names := make([]string, len(clusters))
	for i, c := range clusters {
		names[i] = c.Context
	}
	return names
}

// measure has pods measure the ways between the named clusters.
func (o *doctorOptions) measure(ctx context.Context, seen []mesh.Facts) *mesh.Probes {
	terminal, style := o.app.terminal()
	progress := ui.NewProgress(o.app.streams.ErrOut, terminal, style, o.app.progress)
	tell := func(context string, state plan.State, text string) {
		progress.Sink(plan.Event{Time: time.Now().UTC(), Cluster: context, Step: context + "/probe", State: state, Text: text})
	}
	for _, c := range o.probed {
		tell(c.Context, plan.Pending, "measure the ways to the other clusters")
		tell(c.Context, plan.Running, "")
	}
	probes := probe.Mesh(ctx, o.probed, seen, probe.MeshOptions{
		Namespace: o.flags.probeNamespace, Image: o.image,
		StartWithin: o.flags.probeStart, Parallel: o.app.clusters.parallel,
		Say: func(context, text string) { tell(context, plan.Running, text) },
	})
	for i := range probes.Sites {
		s := &probes.Sites[i]
		trouble := slices.DeleteFunc([]string{s.NodeError, s.PodError, s.Left}, func(text string) bool { return text == "" })
		if len(trouble) == 0 {
			tell(s.Context, plan.Done, "")
			continue
		}
		tell(s.Context, plan.Failed, strings.Join(slices.Compact(trouble), "; "))
	}
	if err := progress.Close(); err != nil {
		o.app.say("progress could not be shown: %v", err)
	}
	if text := o.withoutImage(probes); text != "" {
		o.app.say("%s", text)
	}
	return probes
}

// withoutImage says, where the prober's image could not be used, what has been
// looked at all the same and how to look at the rest; empty if it could be.
func (o *doctorOptions) withoutImage(probes *mesh.Probes) string {
	var at []string
	for i := range probes.Sites {
		if probes.Sites[i].NoImage {
			at = append(at, probes.Sites[i].Context)
		}
	}
	if len(at) == 0 {
		return ""
	}
	return fmt.Sprintf("the probe's image %s cannot be used in %s. Without it Cilium's own pods were asked, which dial mesh addresses and the health port, and ping. "+
		"Not measured there: packet sizes, the tunnel's port, each direction by itself. "+
		"To measure: kubectl aksmesh doctor --probe --context %s --probe-image IMAGE (or set $%s), with an image that these nodes can pull",
		o.image, clean(strings.Join(at, ", ")), clean(strings.Join(contextsOf(o.probed), ",")), imageVariable)
}
