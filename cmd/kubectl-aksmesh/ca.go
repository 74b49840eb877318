package main

import (
	"github.com/spf13/cobra"
)

func newCA(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:     "ca",
		Short:   "See and rotate the mesh's certificate authority",
		GroupID: groupChange,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	command.AddCommand(newCAStatus(a), newCARotate(a))
	return command
}
