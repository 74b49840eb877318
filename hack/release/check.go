package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aksmesh/kubectl-aksmesh/internal/version"
)

const changelog = "CHANGELOG.md"

// runCheck wants a tag that the plugin takes for a release, and a section on it
// in the changelog.
func runCheck(_ context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("check takes a tag")
	}
	tag := args[0]
	if !version.Released(tag) {
		return fmt.Errorf("tag %q is not of the form vX.Y.Z or vX.Y.Z-rc.N", tag)
	}
	text, err := os.ReadFile(changelog)
	if err != nil {
		return err
	}
	heading := "## " + strings.TrimPrefix(tag, "v")
	for line := range strings.Lines(string(text)) {
		// What follows the version, as a date, is a word of its own.
		if words := strings.Fields(line); len(words) > 1 && words[0]+" "+words[1] == heading {
			return nil
		}
	}
	return fmt.Errorf("%s has no section %q", changelog, heading)
}
