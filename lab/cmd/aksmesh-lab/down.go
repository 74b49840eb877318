package main

import (
	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func newDown(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End the lab and check that nothing of it is left",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			if err := l.Down(cmd.Context()); err != nil {
				return err
			}
			l.Say("down: no process, network namespace, mount, control group or BPF program of the lab is left")
			return nil
		},
	}
}

func newReset(open opener) *cobra.Command {
	return &cobra.Command{
		Use:     "reset CLUSTER…",
		Short:   "Make clusters bare again: an empty etcd and new nodes",
		Example: "  aksmesh-lab reset aks-2 aks-3",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			var clusters []shape.Cluster
			for _, arg := range args {
				c, err := shape.ParseCluster(arg)
				if err != nil {
					return err
				}
				clusters = append(clusters, c)
			}
			return l.Reset(cmd.Context(), clusters)
		},
	}
}
