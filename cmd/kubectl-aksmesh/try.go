package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/plan"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

type tryOptions struct {
	app   *app
	flags tryFlags
	// service is the name of the Service.
	service string
	image   string // of the clients
	opened  *opened
}

func newTry(a *app) *cobra.Command {
	o := &tryOptions{app: a}
	command := &cobra.Command{
		Use:   "try SERVICE --context CONTEXT …",
		Short: "Ask a service from each cluster and count who answers",
		Long: `try runs a short-lived pod in each named cluster, in the service's namespace,
which asks the service's ClusterIP there many times, each time over a new
connection. It counts which answer came how often, beside what the rules of
affinity, sharing and network policies say, and whether an agent of the cluster
has in its load balancer what they say.

Answers are told apart by --by, an expression whose first capture counts, else
by the title of the HTML page, else by the first line. If each is the name of a
cluster, or its context, who answered is compared with the rules, too; else only
how many were answered. The pods have no rights, and are removed when try ends,
however it ends.

-n takes a namespace, as everywhere in kubectl; if it is a number it is that of
requests. A namespace whose name is a number needs --namespace.

It exits with 2 if a request was not answered, or if not as many were answered
as the rules say, or by others, or if an agent does not have what the rules say.`,
		Example: `  kubectl aksmesh try aks-helloworld --context aks-1,aks-2,aks-3
  kubectl aksmesh try web -n shop -n 5000 --context aks-1 --by 'pod (\S+)'
  kubectl aksmesh try web --context aks-1,aks-2 --from aks-2 -o json`,
		GroupID: groupSee,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.service = args[0]
			return o.run(c.Context())
		},
	}
	o.flags.add(command.Flags())
	return command
}

func (o *tryOptions) run(ctx context.Context) error {
	if err := o.flags.validate(); err != nil {
		return err
	}
	// Clients are part of what is looked at.
	chosen := o.app.clusters
	for _, name := range o.flags.from {
		if !slices.Contains(chosen.contexts, name) {
			chosen.contexts = append(slices.Clone(chosen.contexts), name)
		}
	}
	var err error
	if o.image, err = o.app.probeImage("--image", o.flags.image); err != nil {
		return err
	}
	o.opened, err = chosen.openFor("try " + o.service)
	if err != nil {
		return err
	}
	clients := slices.Clone(o.opened.clusters)
	if len(o.flags.from) > 0 {
		clients = slices.DeleteFunc(clients, func(c *mesh.Cluster) bool { return !slices.Contains(o.flags.from, c.Context) })
	}
	seen := o.opened.lookServices(ctx, collect.ServiceOptions{
		Parallel: o.app.clusters.parallel, Namespace: o.flags.namespace, Name: o.service, Agents: 1,
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	report := o.ask(ctx, clients, seen)
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), report.err())
	}
	if err := o.print(report); err != nil {
		return err
	}
	return report.verdict()
}

// ask has all clients ask at the same time.
func (o *tryOptions) ask(ctx context.Context, clients []*mesh.Cluster, seen mesh.Snapshot) *tryReport {
	report := &tryReport{
		APIVersion: plan.APIVersion, Kind: "TryReport", Namespace: o.flags.namespace, Service: o.service,
		Requests: o.flags.requests, Clients: make([]tryClient, len(clients)), Problems: allProblems(seen),
	}
	terminal, style := o.app.terminal()
	progress := ui.NewProgress(o.app.streams.ErrOut, terminal, style, o.app.progress)
	var group errgroup.Group
	if group.SetLimit(16); o.app.clusters.parallel > 0 {
		group.SetLimit(o.app.clusters.parallel)
	}
	for i, cluster := range clients {
		client := &report.Clients[i]
		client.Context = cluster.Context
		tell := func(state plan.State, text string) {
			progress.Sink(plan.Event{Time: time.Now().UTC(), Cluster: cluster.Context, Step: cluster.Context + "/try", State: state, Text: text})
		}
		tell(plan.Pending, fmt.Sprintf("%d requests to %s", o.flags.requests, o.service))
		group.Go(func() error {
			o.askFrom(ctx, cluster, seen, client, tell)
			return nil
		})
	}
	_ = group.Wait() // errors are part of the report
	if err := progress.Close(); err != nil {
		fmt.Fprintln(o.app.streams.ErrOut, err)
	}
	return report
}

// askFrom has one client ask and compares what came with what was predicted.
func (o *tryOptions) askFrom(ctx context.Context, cluster *mesh.Cluster, seen mesh.Snapshot, client *tryClient, tell func(plan.State, string)) {
	tell(plan.Running, "asking")
	say := func(text string) { tell(plan.Running, text) }
	err := o.measure(ctx, cluster, seen, client, say)
	if m := client.Measured; m != nil {
		answers := map[string]int{}
		for _, answer := range m.Answers {
			answers[answer.Text] = answer.Times
		}
		client.Comparison = globalsvc.Compare(seen, client.Predicted, globalsvc.Measured{Answered: m.Answered, Failed: m.Failed, Answers: answers})
	}
	if err != nil {
		client.Error = err.Error()
		tell(plan.Failed, client.Error)
		return
	}
	tell(plan.Done, "")
}

func (o *tryOptions) measure(ctx context.Context, cluster *mesh.Cluster, seen mesh.Snapshot, client *tryClient, say func(string)) error {
	target, err := targetOf(seen, cluster.Context, o.flags.namespace, o.service, o.flags.port)
	if err != nil {
		return err
	}
	client.URL = target.url(o.flags.scheme, o.flags.path)
	query := globalsvc.Query{Namespace: o.flags.namespace, Name: o.service, Port: target.port, Protocol: "TCP", ClientLabels: probe.Labels()}
	client.predict(seen, query)
	o.tidy(ctx, cluster, say)
	outcome, err := probe.Run(ctx, cluster, o.job(client.URL), say)
	client.Pod, client.Node, client.Measured = outcome.Pod, outcome.Node, outcome.Line.HTTP
	query.Node = client.Node // which was not known before
	client.predict(seen, query)
	if err == nil && client.Measured == nil {
		return errors.New("the prober told another result than was asked for: is --image of another version?")
	}
	if errors.Is(err, probe.ErrImage) {
		err = fmt.Errorf("%w; --image or $%s names another", err, imageVariable)
	}
	return err
}

// tidy removes what an earlier try left behind when it was killed. If it
// cannot, that is no reason not to try: the pods have ended by themselves.
func (o *tryOptions) tidy(ctx context.Context, cluster *mesh.Cluster, say func(string)) {
	left, err := probe.Leftovers(ctx, cluster, o.flags.namespace, time.Now())
	if err == nil && len(left) > 0 {
		say("removing " + count(len(left), "pod") + " that an earlier try left")
		err = probe.RemoveLeftovers(ctx, cluster, left)
	}
	if err != nil {
		say("pods that an earlier try left may remain: " + err.Error())
	}
}
