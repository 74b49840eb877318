package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/pkg/leave"
)

const leaveExamples = `  # take aks-3 out of its mesh; shows the plan and asks
  kubectl aksmesh leave --context aks-3

  # see the plan only
  kubectl aksmesh leave --context aks-3 --dry-run=client

  # have the cluster go back to kube-proxy, too
  kubectl aksmesh leave --context aks-3 --restore-kube-proxy

  # the members' contexts are not named like the members: say which they are
  kubectl aksmesh leave --context prod-c --stay prod-a,prod-b

  # aks-3 is dead or deleted: have the others forget it
  kubectl aksmesh leave --forget aks-3 --context aks-1,aks-2`

// leaveOptions are what leave's flags become: complete → validate → run.
type leaveOptions struct {
	app   *app
	flags struct {
		changeFlags
		azure            azureFlags
		forget, stay     []string
		restoreKubeProxy bool
	}

	file      meshFileFlag
	manifests manifestFlags
	opened    *opened
	azure     *azure.Client // nil unless kube-proxy is to come back
	azureIDs  map[string]string
	wish      leave.Wish
	preflight preflight
}

func newLeave(a *app) *cobra.Command {
	o := &leaveOptions{app: a, preflight: preflight{app: a, command: "leave"}}
	command := &cobra.Command{
		Use:   "leave --context CONTEXT …",
		Short: "Take clusters out of the mesh",
		Long: `leave takes the named clusters out of their mesh. All other members forget them
first; they are found through the configuration of those that leave, and nothing
of them restarts. Then a cluster that leaves loses its own part of the mesh. Its
Cilium stays, with its name, id, pod CIDR and certificate authority: its pods
keep working, and it can join again.

With -f, the members of the mesh that the file does not name leave. --context
then names clusters to look at besides those of the file, which leave too if
they are members.

With --forget, nothing leaves: the clusters that answer forget one that is dead
or deleted.

What is already done is left alone, so that leave can be repeated at any time, and
goes on where it was interrupted.`,
		Example: leaveExamples,
		GroupID: groupChange,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&o.flags.forget, "forget", nil, "NAME in the mesh of a cluster that is gone for good; --context then names clusters that stay")
	flags.StringSliceVar(&o.flags.stay, "stay", nil, "CONTEXT of a member that stays (default: found where the context is named like the member)")
	flags.BoolVar(&o.flags.restoreKubeProxy, "restore-kube-proxy", false, "switch kube-proxy back on through Azure, and have Cilium leave services to it")
	o.flags.add(flags, changeWords{output: manifestsHelp, wait: "wait until no agent knows what it shall forget", timeout: 15 * time.Minute})
	o.flags.azure.add(flags)
	o.manifests.add(flags)
	o.file.add(flags, "the members that it does not name leave")
	return command
}

// complete turns flags into clusters and a wish, without asking anything.
func (o *leaveOptions) complete() error {
	if err := errors.Join(o.flags.validate(outputManifests), o.manifests.validate(&o.flags.changeFlags), o.readFile()); err != nil {
		return err
	}
	opened, err := o.app.clusters.openFor("leave")
	if err != nil {
		return err
	}
	o.opened = opened
	if err := o.openStaying(); err != nil {
		return err
	}
	o.wish = leave.Wish{Contexts: o.app.clusters.contexts, Forget: o.flags.forget, RestoreKubeProxy: o.flags.restoreKubeProxy}
	if err := o.wish.Validate(); err != nil {
		return err
	}
	client, ids, err := o.flags.azure.client(o.app)
	if err != nil || !o.wish.RestoreKubeProxy {
		return err
	}
	o.azure, o.azureIDs = client, ids
	return nil
}

// openStaying makes handles to members that stay and that are not found by
// themselves.
func (o *leaveOptions) openStaying() error {
	for _, name := range o.flags.stay {
		if slices.ContainsFunc(o.opened.clusters, func(c *mesh.Cluster) bool { return c.Context == name }) {
			return fmt.Errorf("--stay names context %q, which is named already: leave one out", name)
		}
		cluster, err := o.opened.loader.Open(name)
		if err != nil {
			return err
		}
		o.opened.clusters = append(o.opened.clusters, cluster)
	}
	return nil
}

// skipDead keeps the search for members from contexts of clusters that are to
// be forgotten: they are dead, and would be waited for.
func (o *leaveOptions) skipDead() {
	for _, name := range o.wish.Forget {
		if context, ok := join.ContextFor(name, o.opened.untried()); ok {
			o.opened.tried = append(o.opened.tried, context)
		}
	}
}
