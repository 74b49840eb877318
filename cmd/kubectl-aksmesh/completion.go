package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completionProgram is what kubectl runs for completions after "kubectl
// aksmesh". Krew installs one program only, so that this one answers when it is
// linked to that name; plugins/kubectl_complete-aksmesh is the other way.
const completionProgram = "kubectl_complete-aksmesh"

// arguments are those of a process, from all of its words. As
// [completionProgram] it is asked for completions of the words.
func arguments(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	name := strings.TrimSuffix(filepath.Base(words[0]), ".exe")
	if name == completionProgram {
		return append([]string{cobra.ShellCompRequestCmd}, words[1:]...)
	}
	return words[1:]
}

// withCompletions has all commands tell what may be typed next: enumerations, names
// out of the kubeconfig, and services and namespaces of the clusters that
// --context names. What is neither that nor a file is completed by nothing.
func withCompletions(root *cobra.Command, a *app) *cobra.Command {
	c := completer{app: a}
	everyCommand(root, func(command *cobra.Command) {
		if command.ValidArgsFunction == nil {
			command.ValidArgsFunction = beginning(c.arguments(command))
		}
		flags := command.Flags()
		if command == root {
			flags = command.PersistentFlags()
		}
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" || takesFile(command, f) {
				return
			}
			// An error says that the flag has completions of its own already.
			_ = command.RegisterFlagCompletionFunc(f.Name, beginning(c.flag(command, f)))
		})
	})
	return root
}

// beginning leaves out what does not go on from the word that was begun. Shells
// do so too, but what is not printed need not be read.
func beginning(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		all, directive := complete(command, args, word)
		return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return !strings.HasPrefix(one, word) }), directive
	}
}

func everyCommand(command *cobra.Command, visit func(*cobra.Command)) {
	visit(command)
	for _, child := range command.Commands() {
		everyCommand(child, visit)
	}
}

// takesFile says whether a flag's value is the path of a file or folder, which
// shells complete by themselves.
func takesFile(command *cobra.Command, f *pflag.Flag) bool {
	switch f.Name {
	case "kubeconfig", "values", "chart", "save", "ignore", "compare", "output-dir", "filename", "manifest":
		return true
	case "from":
		return command.Name() != "try" // there it is a context
	}
	return false
}

// completer makes functions that complete one word.
type completer struct{ app *app }

// arguments completes a command's own arguments, by what its usage calls them.
func (c completer) arguments(command *cobra.Command) cobra.CompletionFunc {
	switch {
	case strings.Contains(command.Use, "SERVICE"):
		return onlyOne(c.services)
	case strings.Contains(command.Use, "CODE"):
		return onlyOne(codes)
	}
	return cobra.NoFileCompletions
}

// onlyOne completes the first argument, and no further one.
func onlyOne(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(command, args, word)
	}
}

// flag completes a flag's value.
func (c completer) flag(command *cobra.Command, f *pflag.Flag) cobra.CompletionFunc {
	switch values := enumeration(command, f); {
	case len(values) > 0:
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	case f.Name == "only" || f.Name == "skip":
		return commaSeparated(codesAndFamilies)
	case f.Name == "context" || f.Name == "from":
		return commaSeparated(c.contexts)
	case f.Name == "ca-from":
		return c.contexts
	case f.Name == "namespace" || f.Name == "n":
		return c.namespaces
	case strings.HasPrefix(f.Usage, "CONTEXT="):
		return c.contextAndValue
	case strings.HasPrefix(f.Usage, "CONTEXT"):
		return c.contexts
	}
	return cobra.NoFileCompletions
}
