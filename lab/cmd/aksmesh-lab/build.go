package main

import (
	"github.com/spf13/cobra"
)

func newBuild(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Build all programs and images that are missing or outdated",
		Long:  "Build all programs and images that are missing or outdated: about 20 minutes on two cores the first time.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			if err := needSource(l); err != nil {
				return err
			}
			bar := newBar(cmd.ErrOrStderr())
			defer bar.close()
			return l.Build(cmd.Context(), bar.report)
		},
	}
}
