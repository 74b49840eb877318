package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
)

// leftIn are pods of probes that were found in a cluster.
type leftIn struct {
	cluster *mesh.Cluster
	pods    []probe.Leftover
	// where is what was looked at: the context, and the namespace if only that
	// could be looked into.
	where string
}

// cleanUp removes pods of probes from the named clusters, also those whose
// deadline is still to come: somebody asked for it. A cluster that could not be
// looked at is an error, and never said to have none.
func (o *doctorOptions) cleanUp(ctx context.Context) error {
	found, errs := o.findLeft(ctx)
	total := 0
	var clear []string
	for _, one := range found {
		total += len(one.pods)
		if len(one.pods) == 0 {
			clear = append(clear, one.where)
		}
		o.list(one)
	}
	if len(clear) > 0 {
		o.app.say("no pods of probes are left in %s", clean(strings.Join(clear, ", ")))
	}
	if total == 0 {
		return errors.Join(errs...)
	}
	if !o.flags.yes {
		yes, err := ui.Confirm(ctx, o.app.streams, fmt.Sprintf("Remove %s?", count(total, "pod")))
		if err != nil || !yes {
			return errors.Join(append(errs, err, codeError{exitError, errors.New("nothing was removed")})...)
		}
	}
	for _, one := range found {
		if len(one.pods) == 0 {
			continue
		}
		if err := probe.RemoveLeftovers(ctx, one.cluster, one.pods); err != nil {
			errs = append(errs, fmt.Errorf("context %q: %w", one.cluster.Context, err))
			continue
		}
		o.app.say("%s: removed %s", one.cluster.Context, count(len(one.pods), "pod"))
	}
	return errors.Join(errs...)
}

// list names the pods that are to be removed.
func (o *doctorOptions) list(one leftIn) {
	for _, p := range one.pods {
		note := ""
		if !p.Expired {
			note = " (it may still measure for somebody)"
		}
		fmt.Fprintf(o.app.streams.ErrOut, "%s: pod %s/%s, made %s%s\n", clean(one.cluster.Context), p.Namespace, p.Name, p.Created.UTC().Format(time.RFC3339), note)
	}
}

// findLeft looks into all named clusters. There is an error for each that
// could not be looked at.
func (o *doctorOptions) findLeft(ctx context.Context) (found []leftIn, errs []error) {
	for _, c := range o.probed {
		one := leftIn{cluster: c, where: c.Context}
		var err error
		one.pods, err = probe.Pods(ctx, c, "", time.Now())
		if apierrors.IsForbidden(err) { // perhaps only elsewhere than where probes are by default
			one.where = fmt.Sprintf("namespace %s of %s (others may not be listed)", o.flags.probeNamespace, c.Context)
			one.pods, err = probe.Pods(ctx, c, o.flags.probeNamespace, time.Now())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("context %q was not examined: %w", c.Context, err))
			continue
		}
		found = append(found, one)
	}
	return found, errs
}
