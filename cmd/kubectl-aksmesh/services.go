package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/collect"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/internal/probe"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

type servicesOptions struct {
	app           *app
	namespace     string
	allNamespaces bool
	output        string
	watch         bool
	agents        int
	name          string

	opened *opened
}

func newServices(a *app) *cobra.Command {
	o := &servicesOptions{app: a}
	command := &cobra.Command{
		Use:     "services [SERVICE] --context CONTEXT …",
		Aliases: []string{"service", "svc"},
		Short:   "Show global services and who answers a client in each cluster",
		Long: `services shows one row for each global service and cluster: how the service
stands there, and who answers a client there. It says so twice: as Cilium's rules
and the endpoints of all clusters say, and as the agents' load balancers have it.
Where the two differ, a line says how.

Without SERVICE it shows all services that are global in at least one cluster;
with SERVICE that one, global or not. The client is a pod in the service's
namespace as the command try makes it, which matters where network policies
select by labels.

Members of the mesh that were not named are found by themselves if the
kubeconfig has a context for them.`,
		Example: `  kubectl aksmesh services --context aks-1 -A
  kubectl aksmesh services aks-helloworld --context aks-1,aks-2,aks-3 -o wide --watch`,
		GroupID: groupSee,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.name = args[0]
			}
			return o.run(c.Context())
		},
	}
	flags := command.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "default", "the services' namespace")
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "services of all namespaces")
	flags.StringVarP(&o.output, "output", "o", "", "json, yaml or wide")
	flags.BoolVarP(&o.watch, "watch", "w", false, "go on, and show again what changes")
	flags.IntVar(&o.agents, "agents", 1, "how many agents of each cluster are asked for their load balancer's table")
	return command
}

func (o *servicesOptions) validate() error {
	switch {
	case !slices.Contains([]string{"", outputJSON, outputYAML, outputWide}, o.output):
		return fmt.Errorf("--output %q is not one of json, yaml, wide", o.output)
	case o.name != "" && o.allNamespaces:
		return fmt.Errorf("service %s is of one namespace: name it with -n instead of --all-namespaces", o.name)
	case o.agents < 0:
		return fmt.Errorf("--agents %d is not a number of agents", o.agents)
	}
	return nil
}

func (o *servicesOptions) run(ctx context.Context) error {
	if err := o.validate(); err != nil {
		return err
	}
	var err error
	o.opened, err = o.app.clusters.openFor("services")
	if err != nil {
		return err
	}
	seen := o.look(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	report := o.report(seen)
	if err := o.print(report); err != nil || !o.watch {
		return errorsOf(report, err)
	}
	return o.follow(ctx, report)
}

func (o *servicesOptions) look(ctx context.Context) mesh.Snapshot {
	namespace := o.namespace
	if o.allNamespaces {
		namespace = ""
	}
	return o.opened.lookServices(ctx, collect.ServiceOptions{
		Parallel: o.app.clusters.parallel, Namespace: namespace, Name: o.name, Agents: o.agents,
	})
}

func (o *servicesOptions) report(seen mesh.Snapshot) *servicesReport {
	return newServicesReport(seen, globalsvc.Rows(seen, probe.Labels()))
}
