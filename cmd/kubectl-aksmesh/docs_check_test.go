package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestDocumentedCommands: every command line that the documentation shows, and
// that the help itself gives as an example, is one that this build takes.
func TestDocumentedCommands(t *testing.T) {
	checked, known := 0, newTyped(t)
	check := func(where, text string) {
		for _, line := range known.lines(text) {
			checked++
			if err := known.accepts(line); err != nil {
				t.Errorf("%s: %q: %v", where, line.text, err)
			}
		}
	}
	for page, text := range documents(t) {
		check(page, text)
	}
	everyCommand(newRoot(&app{lookupEnv: os.LookupEnv}), func(command *cobra.Command) {
		check("help of "+command.CommandPath(), "```\n"+command.Example+"\n```")
	})
	if checked < 200 {
		t.Errorf("only %d commands were found", checked)
	}
}

// documents are what tells people to type something.
func documents(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string]string{}
	for _, place := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs", "examples", "lab/README.md", "plugins", "internal/cilium/chart/README.md"} {
		err := filepath.WalkDir(filepath.Join(root, place), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !slices.Contains([]string{".md", ".yaml", ".tf"}, filepath.Ext(path)) {
				return err
			}
			text, err := os.ReadFile(path)
			found[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// typed knows what people are told to type.
type typed struct {
	commands []string // the plugin's own, without "kubectl aksmesh"
	targets  []string // make's
}

func newTyped(t *testing.T) *typed {
	t.Helper()
	found := &typed{}
	for _, command := range newRoot(&app{lookupEnv: os.LookupEnv}).Commands() {
		found.commands = append(found.commands, command.Name())
	}
	target := regexp.MustCompile(`(?m)^([a-z0-9-]+):(?:[^=]|$)`)
	for _, name := range []string{"Makefile", "lab/lab.mk", "test/test.mk", "hack/hack.mk"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range target.FindAllStringSubmatch(string(text), -1) {
			found.targets = append(found.targets, match[1])
		}
	}
	return found
}

// shown is a command line in the documentation. A whole one can be typed as it
// is; in running text arguments may be missing, where just a command or a flag
// is spoken of.
type shown struct {
	text  string
	whole bool
}

// lines are the commands in lines of code blocks, and in pieces of code in
// running text.
func (y *typed) lines(text string) []shown {
	code, pieces := codeOf(text)
	var found []shown
	for _, line := range code {
		for _, one := range commandsOf(line) {
			if isOurs(one) {
				found = append(found, shown{one, true})
			}
		}
	}
	for _, piece := range pieces {
		if y.shortened(piece) {
			piece = plugin + piece
		}
		for _, one := range commandsOf(piece) {
			if isOurs(one) {
				found = append(found, shown{one, false})
			}
		}
	}
	return found
}

// Commands that are checked begin so.
const (
	plugin    = "kubectl aksmesh "
	buildTool = "make "
)

func isOurs(command string) bool {
	return strings.HasPrefix(command, plugin) || strings.HasPrefix(command, buildTool)
}

// shortened says whether a piece of code is a command of the plugin's with a
// flag, without the words before, as "leave --forget". The name alone may be
// anything else, as "export PATH".
func (y *typed) shortened(piece string) bool {
	name, rest, _ := strings.Cut(piece, " ")
	return slices.Contains(y.commands, name) && regexp.MustCompile(`(^| )--?[a-z]`).MatchString(rest)
}

// accepts parses a command line without running it. "…" stands for more of the
// same, and brackets for what may be left out.
func (y *typed) accepts(line shown) error {
	words, err := split(line.text)
	if err != nil {
		return err
	}
	if words[0] == strings.TrimSpace(buildTool) {
		return y.makes(words[1:])
	}
	var args []string
	for _, word := range words[2:] {
		if word = strings.Trim(word, "[]"); word != "…" && word != "..." {
			args = append(args, word)
		}
	}
	command, rest, err := newRoot(&app{lookupEnv: os.LookupEnv}).Find(args)
	if err != nil {
		return err
	}
	if err := command.ParseFlags(rest); err != nil && (line.whole || !strings.HasPrefix(err.Error(), "flag needs an argument")) {
		return err
	}
	if err := knownValues(command); err != nil {
		return err
	}
	if left := command.Flags().Args(); line.whole || len(left) > 0 {
		return command.ValidateArgs(left)
	}
	return nil
}

// knownValues wants flags that take one of a few values to have one of them:
// most of these are plain strings, which parsing takes as they come.
func knownValues(command *cobra.Command) error {
	var errs []error
	command.Flags().Visit(func(f *pflag.Flag) {
		if few := enumeration(command, f); len(few) > 0 && !slices.Contains(few, f.Value.String()) {
			errs = append(errs, fmt.Errorf("--%s takes no %q, only %s", f.Name, f.Value, strings.Join(few, ", ")))
		}
	})
	return errors.Join(errs...)
}

// makes wants targets that there are; variables can be anything.
func (y *typed) makes(words []string) error {
	for _, word := range words {
		if !strings.Contains(word, "=") && !slices.Contains(y.targets, word) {
			return fmt.Errorf("make has no target %q", word)
		}
	}
	return nil
}

// TestWrongCommandsAreFound keeps the test above honest.
func TestWrongCommandsAreFound(t *testing.T) {
	known := newTyped(t)
	for line, ok := range map[string]bool{
		"kubectl aksmesh join --context a,b --encryption wireguard  # why": true,
		"kubectl aksmesh expose SERVICE --context a …":                     true,
		"kubectl aksmesh doctor --context a -o json | jq '.counts'":        true,
		"kubectl aksmesh doctor --only \"data path\" --from f":             true,
		"make lint test":                                         true,
		"make fuzz FUZZTIME=1m":                                  true,
		"make dist-test DIST_PLATFORM=":                          true,
		"kubectl aksmesh jion --context a":                       false,
		"kubectl aksmesh join --contexts a":                      false,
		"kubectl aksmesh expose --context a":                     false,
		"kubectl aksmesh doctor explain":                         false,
		"kubectl aksmesh status web --context a":                 false,
		"kubectl aksmesh join --timeout soon":                    false,
		"kubectl aksmesh join --context a --encryption wiregard": false,
		"kubectl aksmesh doctor --context a -o values":           false,
		"kubectl aksmesh join --context 'a":                      false,
		"make tests":                                             false,
		"make lint tset":                                         false,
		"make LAB":                                               false,
	} {
		if err := known.accepts(shown{line, true}); (err == nil) != ok {
			t.Errorf("%q: %v", line, err)
		}
	}
	for line, ok := range map[string]bool{
		"kubectl aksmesh expose": true, "kubectl aksmesh join --mtu": true,
		"kubectl aksmesh exposes": false, "kubectl aksmesh join --mtus": false, "kubectl aksmesh expose a b": false,
		"kubectl aksmesh leave --forget": true, "kubectl aksmesh leave --forgets": false,
		"kubectl aksmesh join --encryption none": true, "kubectl aksmesh join --encryption": true, "kubectl aksmesh join --encryption off": false,
	} {
		if err := known.accepts(shown{line, false}); (err == nil) != ok {
			t.Errorf("in text: %q: %v", line, err)
		}
	}
}
