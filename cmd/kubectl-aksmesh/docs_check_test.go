package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDocumentedCommands: every command line that the documentation shows, and
// that the help itself gives as an example, is one that this build takes.
func TestDocumentedCommands(t *testing.T) {
	checked := 0
	check := func(where, text string) {
		for _, line := range commandLines(text) {
			checked++
			if err := accepts(line); err != nil {
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
	if checked < 50 {
		t.Errorf("only %d commands were found", checked)
	}
}

// documents are what tells people to type something.
func documents(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string]string{}
	for _, place := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs", "examples", "lab/README.md", "plugins"} {
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

// shown is a command line in the documentation. A whole one can be typed as it
// is; in running text arguments may be missing, where just a command or a flag
// is spoken of.
type shown struct {
	text  string
	whole bool
}

// commandLines are the lines of code blocks and the pieces of code in running
// text that begin with the command. Long lines may go on after a backslash.
func commandLines(text string) []shown {
	text = strings.ReplaceAll(text, "\\\n", " ")
	var found []shown
	fenced := false
	for line := range strings.Lines(text) {
		indented := strings.HasPrefix(line, "    ")
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			continue
		}
		if fenced || indented {
			line = strings.TrimPrefix(line, "$ ")
			if strings.HasPrefix(line, "kubectl aksmesh ") {
				found = append(found, shown{line, true})
			}
			continue
		}
		for _, match := range regexp.MustCompile("`(kubectl aksmesh [^`]+)`").FindAllStringSubmatch(line, -1) {
			found = append(found, shown{match[1], false})
		}
	}
	return found
}

// accepts parses a command line without running it. "…" stands for more of the
// same, and brackets for what may be left out.
func accepts(line shown) error {
	words, err := split(line.text)
	if err != nil {
		return err
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
	if left := command.Flags().Args(); line.whole || len(left) > 0 {
		return command.ValidateArgs(left)
	}
	return nil
}

// split splits a line as a shell does: at spaces outside of quotes, up to a
// comment, a pipe or a redirection.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	quote, started := rune(0), false
	end := func() {
		if started {
			words = append(words, word.String())
		}
		word.Reset()
		started = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, started = r, true
		case r == ' ' || r == '\t':
			end()
		case !started && strings.ContainsRune("#|>;&", r):
			return words, nil
		default:
			word.WriteRune(r)
			started = true
		}
	}
	end()
	if quote != 0 {
		return nil, fmt.Errorf("the quote %c is not closed", quote)
	}
	return words, nil
}

// TestWrongCommandsAreFound keeps the test above honest.
func TestWrongCommandsAreFound(t *testing.T) {
	for line, ok := range map[string]bool{
		"kubectl aksmesh join --context a,b --encryption wireguard  # why": true,
		"kubectl aksmesh expose SERVICE --context a …":                     true,
		"kubectl aksmesh doctor --context a -o json | jq '.counts'":        true,
		"kubectl aksmesh doctor --only \"data path\" --from f":             true,
		"kubectl aksmesh jion --context a":                                 false,
		"kubectl aksmesh join --contexts a":                                false,
		"kubectl aksmesh expose --context a":                               false,
		"kubectl aksmesh doctor explain":                                   false,
		"kubectl aksmesh status web --context a":                           false,
		"kubectl aksmesh join --timeout soon":                              false,
		"kubectl aksmesh join --context 'a":                                false,
	} {
		if err := accepts(shown{line, true}); (err == nil) != ok {
			t.Errorf("%q: %v", line, err)
		}
	}
	for line, ok := range map[string]bool{
		"kubectl aksmesh expose": true, "kubectl aksmesh join --mtu": true,
		"kubectl aksmesh exposes": false, "kubectl aksmesh join --mtus": false, "kubectl aksmesh expose a b": false,
	} {
		if err := accepts(shown{line, false}); (err == nil) != ok {
			t.Errorf("in text: %q: %v", line, err)
		}
	}
	got := commandLines("text `kubectl aksmesh a` and `kubectl get`\n```sh\n$ kubectl aksmesh b \\\n  --c\nkubectl get\n```\nkubectl aksmesh prose\n\n    kubectl aksmesh d\n")
	if want := []shown{{"kubectl aksmesh a", false}, {"kubectl aksmesh b    --c", true}, {"kubectl aksmesh d", true}}; !slices.Equal(got, want) {
		t.Errorf("found %v", got)
	}
}
