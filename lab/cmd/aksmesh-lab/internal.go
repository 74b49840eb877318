package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab/node"
)

// Commands that the lab runs itself.

func newDaemon(open opener) *cobra.Command {
	return &cobra.Command{
		Use: "daemon", Short: "Forward to API servers and play Azure", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			return l.Daemon(cmd.Context(), slog.New(slog.NewTextHandler(os.Stderr, nil)))
		},
	}
}

func newNodeRun() *cobra.Command {
	return &cobra.Command{
		Use: "node-run DIR", Short: "Be a node's first process", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return node.Supervise(args[0]) },
	}
}

func newNodeInit() *cobra.Command {
	return &cobra.Command{
		Use: "node-init DIR", Short: "Be process 1 of a node", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return node.Init(args[0], slog.New(slog.NewTextHandler(os.Stderr, nil)))
		},
	}
}
