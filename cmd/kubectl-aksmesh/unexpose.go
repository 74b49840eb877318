package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

func newUnexpose(a *app) *cobra.Command {
	o := &exposeOptions{app: a}
	command := &cobra.Command{
		Use:   "unexpose SERVICE --context CONTEXT …",
		Short: "Take back what expose has set",
		Long: `unexpose takes the annotations that expose wrote off a service in each named
cluster, and deletes services that expose made. Annotations that other managers
also own stay, owned by them alone, and so do services that others have changed
since, or a GitOps controller keeps. Namespaces stay. What was taken over by
--force-conflicts, or replaced by --replace-legacy, does not come back by itself.`,
		Example: `  kubectl aksmesh unexpose aks-helloworld --context aks-1,aks-2,aks-3`,
		GroupID: groupChange,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.wish.Name, o.wish.Namespace = args[0], o.namespace
			return o.undo(c.Context())
		},
	}
	flags := command.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "default", "the service's namespace")
	o.flags.add(flags, changeWords{wait: "wait until agents answer clients as the rules say", timeout: 2 * time.Minute})
	return command
}

func (o *exposeOptions) undo(ctx context.Context) error {
	seen, err := o.look(ctx)
	if err != nil {
		return err
	}
	draft, err := globalsvc.MakeUndo(seen, o.namespace, o.wish.Name, o.contexts)
	if err != nil {
		return codeError{exitError, fmt.Errorf("nothing was changed: %w", err)}
	}
	planned := draft.Plan(o.opened.byContext())
	planned.Notes = notes(draft.Targets)
	return o.finish(ctx, planned)
}
