package main

import (
	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab/node"
	"github.com/aksmesh/kubectl-aksmesh/lab/shape"
)

func newExec(open opener) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "exec CLUSTER NODE COMMAND…",
		Short:   "Run a command inside a node",
		Example: "  aksmesh-lab exec aks-1 1 ip route",
		Args:    cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			n, err := shape.ParseNode(args[0], args[1])
			if err != nil {
				return err
			}
			return node.Exec(l.Home.Node(n), args[2:])
		},
	}
	cmd.Flags().SetInterspersed(false) // flags after the node are the command's
	return cmd
}
