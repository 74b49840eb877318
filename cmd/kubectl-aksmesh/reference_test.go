package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// TestCommandReference holds docs/commands.md to the commands as they are.
func TestCommandReference(t *testing.T) {
	const path = "../../docs/commands.md"
	root := newRoot(&app{lookupEnv: func(string) (string, bool) { return "", false }})
	var page strings.Builder
	page.WriteString("# Commands\n\nWritten from the help of the commands by `UPDATE_GOLDEN=1 go test ./cmd/kubectl-aksmesh`.\n\n")
	fmt.Fprintf(&page, "%s\n\n## Flags of all commands\n\n```\n%s```\n", root.Long, root.PersistentFlags().FlagUsages())
	for _, command := range root.Commands() {
		reference(&page, command)
	}
	golden.Compare(t, path, page.String())
}

// reference writes a command and those below it.
func reference(page *strings.Builder, command *cobra.Command) {
	if !command.IsAvailableCommand() {
		return
	}
	fmt.Fprintf(page, "\n## %s\n\n%s\n", command.CommandPath(), command.Short)
	if command.Long != "" {
		fmt.Fprintf(page, "\n%s\n", command.Long)
	}
	if command.Runnable() {
		fmt.Fprintf(page, "\n```\n%s\n```\n", strings.TrimSuffix(command.UseLine(), " [flags]"))
	}
	if command.Example != "" {
		fmt.Fprintf(page, "\n```sh\n%s\n```\n", command.Example)
	}
	if flags := command.LocalNonPersistentFlags().FlagUsages(); flags != "" {
		fmt.Fprintf(page, "\n```\n%s```\n", flags)
	}
	for _, below := range command.Commands() {
		reference(page, below)
	}
}
