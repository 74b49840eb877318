package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
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
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page.String(), string(got)); diff != "" {
		t.Errorf("%s (-want +got; UPDATE_GOLDEN=1 writes it):\n%s", path, diff)
	}
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
