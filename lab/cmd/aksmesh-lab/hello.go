package main

import "github.com/spf13/cobra"

func newHello(open opener) *cobra.Command {
	return &cobra.Command{
		Use:   "hello",
		Short: "Run the demo application in every cluster, with a Service",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			return l.Hello(cmd.Context())
		},
	}
}
