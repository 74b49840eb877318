package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func newUp(open opener) *cobra.Command {
	var clusters, nodes int
	var install bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start clusters, without a CNI, and the simulated Azure",
		Long: `Start clusters, without a CNI, and the simulated Azure.

What runs already is left alone, so a second call adds clusters and nodes to a
running lab.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if clusters < 1 || clusters > shape.MaxClusters || nodes < 1 || nodes > shape.MaxNodes {
				return fmt.Errorf("--clusters is 1 to %d and --nodes 1 to %d", shape.MaxClusters, shape.MaxNodes)
			}
			l, err := open(cmd)
			if err != nil {
				return err
			}
			if err := errors.Join(needSource(l), ready(cmd, l, install)); err != nil {
				return err
			}
			size := lab.Size{}
			for c := range clusters {
				size[shape.Cluster(c+1)] = nodes
			}
			bar := newBar(cmd.ErrOrStderr())
			defer bar.close()
			if err := l.Up(cmd.Context(), size, bar.report); err != nil {
				return err
			}
			l.Say("up: eval \"$(aksmesh-lab env)\" points kubectl and az to it")
			return nil
		},
	}
	cmd.Flags().IntVar(&clusters, "clusters", 3, "number of clusters: contexts aks-1, aks-2, …")
	cmd.Flags().IntVar(&nodes, "nodes", 1, "nodes in each cluster")
	installFlag(cmd, &install)
	return cmd
}

func newPreflight(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "preflight",
		Short: "Look whether this machine can run the lab",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			if err := ready(cmd, l, false); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "this machine can run the lab")
			return err
		},
	}
}
