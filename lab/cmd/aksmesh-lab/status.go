package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab"
)

func newStatus(open opener) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what runs and how much memory it takes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			parts, err := l.Status()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(parts)
			}
			return printStatus(cmd.OutOrStdout(), parts)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printStatus(out io.Writer, parts []lab.Part) error {
	if len(parts) == 0 {
		_, err := fmt.Fprintln(out, "the lab is down")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var sum uint64
	for _, p := range parts {
		state := "runs"
		if !p.Running {
			state = "does not run"
		}
		sum += p.Memory
		fmt.Fprintf(table, "%s\t%s\t%d MiB\t%s\n", p.Name, state, p.Memory>>20, p.Details)
	}
	fmt.Fprintf(table, "all\t\t%d MiB\t\n", sum>>20)
	return table.Flush()
}

func newEnv(open opener) *cobra.Command {
	return &cobra.Command{
		Use:     "env",
		Short:   "Print shell commands that point kubectl, kubectl-aksmesh and az to the lab",
		Example: `  eval "$(aksmesh-lab env)"`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := open(cmd)
			if err != nil {
				return err
			}
			for _, variable := range l.Environment() {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "export %s\n", quote(variable)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
