package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newBuild(open opener) *cobra.Command {
	var install bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build all programs and images that are missing or outdated",
		Long: `Build all programs and images that are missing or outdated: about 20 minutes on
two cores the first time. Images take in programs of this machine's Debian
packages.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			// What is missing is told before the work and not after it.
			if err := errors.Join(needSource(l), ready(cmd, l, install)); err != nil {
				return err
			}
			bar := newBar(cmd.ErrOrStderr())
			defer bar.close()
			return l.Build(cmd.Context(), bar.report)
		},
	}
	installFlag(cmd, &install)
	return cmd
}
