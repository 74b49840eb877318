package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/ui"
	"github.com/aksmesh/kubectl-aksmesh/pkg/diagnose"
	"github.com/aksmesh/kubectl-aksmesh/pkg/globalsvc"
)

// enumeration are all values of a flag that takes one of a few; nil for others.
func enumeration(command *cobra.Command, f *pflag.Flag) []string {
	switch f.Name {
	case "color":
		return []string{string(ui.ColorAuto), string(ui.ColorAlways), string(ui.ColorNever)}
	case "progress":
		return []string{string(ui.ProgressAuto), string(ui.ProgressTTY), string(ui.ProgressPlain), string(ui.ProgressJSON), string(ui.ProgressQuiet)}
	case "output":
		return outputs(command)
	case "dry-run":
		return []string{dryRunNone, dryRunClient, dryRunServer}
	case "encapsulation":
		return []string{"vxlan", "geneve", "native"}
	case "encryption":
		return []string{"wireguard", "ipsec", "none"}
	case "max-connected-clusters":
		return []string{"255", "511"}
	case "affinity":
		return []string{"local", "remote", "none"}
	case "create":
		return []string{string(globalsvc.CreateWithSelector), string(globalsvc.CreateWithoutSelector)}
	case "azure-cloud":
		return []string{"public", "usgovernment", "china"}
	case "show":
		return []string{showCIDR, showMTU}
	case "fail-on":
		return []string{string(diagnose.Error), string(diagnose.Warning)}
	case "scheme":
		return []string{"http", "https"}
	}
	return nil
}

// outputs are the values of --output, which every command has for itself.
func outputs(command *cobra.Command) []string {
	values := []string{outputJSON, outputYAML}
	switch strings.TrimPrefix(command.CommandPath(), command.Root().CommandPath()+" ") {
	case "join":
		values = append(values, outputValues, outputManifests)
	case "expose", "leave":
		values = append(values, outputManifests)
	case "services":
		values = append(values, outputWide)
	case "doctor":
		values = append(values, outputWide, outputJUnit, outputSARIF, outputMarkdown)
	case "status":
		values = append(values, pictureOutputs()...)
	}
	return values
}

// codes are those of all findings, each with what it is about.
func codes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var found []string
	for _, check := range diagnose.Catalogue() {
		found = append(found, cobra.CompletionWithDesc(string(check.Code), check.Title))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// codesAndFamilies are what --only and --skip take. A family is named by its
// digit, because shells would have to quote the space in some names.
func codesAndFamilies(command *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	var families []string
	for _, check := range diagnose.Catalogue() {
		family := cobra.CompletionWithDesc(string(check.Code[len("AKSM")]), string(check.Family()))
		if !slices.Contains(families, family) {
			families = append(families, family)
		}
	}
	found, directive := codes(command, args, word)
	return append(families, found...), directive
}

// commaSeparated completes the last part of a list, and leaves out what the
// list has already.
func commaSeparated(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		before, last := "", word
		if at := strings.LastIndexByte(word, ','); at >= 0 {
			before, last = word[:at+1], word[at+1:]
		}
		all, directive := complete(command, args, last)
		listed := strings.Split(before, ",")
		var found []string
		for _, one := range all {
			name, _, _ := strings.Cut(one, "\t")
			if strings.HasPrefix(name, last) && !slices.Contains(listed, name) {
				found = append(found, before+one)
			}
		}
		return found, directive
	}
}
