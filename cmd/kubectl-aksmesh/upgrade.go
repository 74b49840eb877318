package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/pkg/upgrade"
)

const upgradeExamples = `  # bring all clusters of the mesh of aks-1 to Cilium 1.20.2; shows the plan and asks
  kubectl aksmesh upgrade --cilium-version 1.20.2 --context aks-1

  # in this order, with a chart from a file
  kubectl aksmesh upgrade --chart ./cilium-1.20.2.tgz --context aks-3,aks-1,aks-2

  # two clusters at once
  kubectl aksmesh upgrade --cilium-version 1.20.2 --context aks-1 --parallel 2

  # what would be done, checked by the API servers
  kubectl aksmesh upgrade --cilium-version 1.20.2 --context aks-1 --dry-run=server`

// upgradeFlags are upgrade's own.
type upgradeFlags struct {
	changeFlags
	valuesFiles, sets    []string
	chart, ciliumVersion string
}

// upgradeOptions are what upgrade's flags become: complete → validate → run.
type upgradeOptions struct {
	app   *app
	flags upgradeFlags

	opened    *opened
	wish      upgrade.Wish
	preflight preflight
}

func newUpgrade(a *app) *cobra.Command {
	o := &upgradeOptions{app: a, preflight: preflight{app: a, command: "upgrade"}}
	command := &cobra.Command{
		Use:   "upgrade --cilium-version VERSION --context CONTEXT …",
		Short: "Bring all clusters of a mesh to another version of Cilium",
		Long: `upgrade brings every cluster of a mesh to one version of Cilium, one cluster
after another, in the order in which the contexts are named. The other members
are found by themselves, if the kubeconfig has contexts for them. --parallel says
how many clusters are upgraded at once; here it is 1 unless you give it.

A cluster is done when all of Cilium is ready, its agents run the new version,
and every agent of every cluster sees every other cluster again. Only then comes
the next; at the first that does not come back, upgrade stops, and says how to go
back. The same command goes on where it ended.

Clusters of a mesh may be one minor version apart at most, and Cilium goes one
minor version at a time: what would break these rules is refused, as is a mesh
that is not whole before. The values of the Helm releases stay as they are.`,
		Example: upgradeExamples,
		GroupID: groupChange,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(c.Context()); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.flags.add(command.Flags())
	return command
}

func (f *upgradeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.ciliumVersion, "cilium-version", "", "version to bring all clusters to, as 1.20.2 (default: that of --chart)")
	flags.StringVar(&f.chart, "chart", "", "path of Cilium's chart (default: that of a release of the mesh that has the version, else the one built in, else from Cilium's registry)")
	flags.StringArrayVar(&f.valuesFiles, "values", nil, "[CONTEXT=]FILE: Helm values to change, for all clusters or for one; can be repeated")
	flags.StringArrayVar(&f.sets, "set", nil, "[CONTEXT:]KEY=VALUE: a Helm value to change, for all clusters or for one; can be repeated")
	const halfAnHour = 30 * time.Minute
	f.changeFlags.add(flags, changeWords{wait: "always true: each cluster is verified before the next", timeout: halfAnHour})
}

// complete turns flags into clusters and a wish, without asking anything.
func (o *upgradeOptions) complete(ctx context.Context) error {
	if err := o.flags.validate(); err != nil {
		return err
	}
	if !o.flags.wait {
		return errors.New("--wait=false: upgrade always waits, as each cluster is verified before the next")
	}
	opened, err := o.app.clusters.openFor("upgrade --cilium-version VERSION")
	if err != nil {
		return err
	}
	o.opened = opened
	o.wish.Parallel = o.app.clusters.parallel
	if o.wish.Values, err = userValues(o.flags.valuesFiles, o.flags.sets, o.app.streams.In); err != nil {
		return err
	}
	o.wish.Version, err = o.flags.version(ctx)
	return err
}

// version is the one that is asked for, or that of the user's own chart.
func (f *upgradeFlags) version(ctx context.Context) (string, error) {
	switch {
	case f.ciliumVersion != "":
		if err := chart.Supported(f.ciliumVersion); err != nil {
			return "", fmt.Errorf("--cilium-version: %w", err)
		}
		return strings.TrimPrefix(f.ciliumVersion, "v"), nil
	case f.chart != "":
		own, err := chart.Load(ctx, chart.Source{Path: f.chart})
		if err != nil {
			return "", err
		}
		return own.Version(), nil
	}
	return "", errors.New("no version named: say which with --cilium-version, or give a chart with --chart")
}
