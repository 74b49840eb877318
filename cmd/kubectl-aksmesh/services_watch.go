package main

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

const (
	// settle is how long changes are gathered before clusters are looked at anew:
	// a rollout changes endpoints several times a second.
	settle = 500 * time.Millisecond
	// lookAgain is when they are looked at although no change was told.
	lookAgain = 15 * time.Second
)

// follow shows rows again as they change, until ctx ends. Services and
// endpoints are watched. Agents cannot be, and policies, namespaces and settings
// change too seldom for watches of their own: for them it looks again after a
// while, and soon if an agent differs from the rules.
func (o *servicesOptions) follow(ctx context.Context, last *servicesReport) error {
	namespace := o.namespace
	if o.allNamespaces {
		namespace = ""
	}
	changes := collect.WatchServices(ctx, o.opened.clusters, namespace, o.name)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changes:
			if !pause(ctx, settle) {
				return context.Cause(ctx)
			}
		case <-time.After(until(last.Services)):
		}
		seen := o.look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		now := o.report(seen)
		changed := *now
		changed.Services = changedRows(last.Services, now.Services)
		if len(changed.Services) > 0 || !slices.EqualFunc(last.Problems, now.Problems, sameProblems) {
			if err := o.printAgain(&changed); err != nil {
				return err
			}
		}
		last = now
	}
}

// until is when to look again: soon if an agent does not have what the rules say.
func until(rows []globalsvc.Row) time.Duration {
	for i := range rows {
		if slices.ContainsFunc(rows[i].Tables, func(h globalsvc.Held) bool { return len(h.Differs) > 0 }) {
			return askAgain
		}
	}
	return lookAgain
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func changedRows(before, now []globalsvc.Row) []globalsvc.Row {
	changed := slices.DeleteFunc(slices.Clone(now), func(row globalsvc.Row) bool {
		return slices.ContainsFunc(before, func(b globalsvc.Row) bool { return reflect.DeepEqual(b, row) })
	})
	for i := range before {
		b := &before[i]
		if !slices.ContainsFunc(now, func(r globalsvc.Row) bool {
			return r.Namespace == b.Namespace && r.Name == b.Name && r.Context == b.Context
		}) {
			changed = append(changed, globalsvc.Row{Namespace: b.Namespace, Name: b.Name, Context: b.Context, Rules: globalsvc.Answers{Nobody: "it is no longer shown: it is global nowhere, or gone"}})
		}
	}
	return changed
}

func sameProblems(a, b contextProblems) bool {
	return a.Context == b.Context && slices.Equal(a.Problems, b.Problems)
}

// printAgain prints what changed: rows without a header, or a document.
func (o *servicesOptions) printAgain(r *servicesReport) error {
	if o.output == outputJSON || o.output == outputYAML || len(r.Services) == 0 {
		return o.print(r)
	}
	_, style := o.app.outStyle()
	if err := o.table(r.Services, false).Write(o.app.streams.Out, style); err != nil {
		return err
	}
	return writeRemarks(o.app.streams.Out, style, r.Services)
}
