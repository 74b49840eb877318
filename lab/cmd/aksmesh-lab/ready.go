package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/lab"
)

func installFlag(cmd *cobra.Command, install *bool) {
	cmd.Flags().BoolVar(install, "install", false, "install missing Debian packages")
}

// ready returns an error that lists what the machine lacks.
func ready(cmd *cobra.Command, l *lab.Lab, install bool) error {
	problems, err := l.Preflight()
	if err != nil {
		return err
	}
	if commands := lab.InstallCommands(problems); install && len(commands) > 0 {
		for _, command := range commands {
			if err := lab.Install(cmd.Context(), command, l.Say); err != nil {
				return err
			}
		}
		if problems, err = l.Preflight(); err != nil {
			return err
		}
	}
	return describe(problems)
}

func describe(problems []lab.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	text := []string{"this machine is not ready for the lab:"}
	for _, p := range problems {
		text = append(text, "  - "+p.What)
	}
	if commands := lab.InstallCommands(problems); len(commands) > 0 {
		text = append(text, "install what is missing (or use --install):")
		for _, command := range commands {
			text = append(text, "  "+strings.Join(command, " "))
		}
	}
	return errors.New(strings.Join(text, "\n"))
}
