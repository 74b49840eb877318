package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// codeOf takes a page apart: the lines of its code blocks, and the pieces of
// code in its running text, which may go on in the next line. Long lines of code
// may go on after a backslash. Of blocks that show output, too, only what
// follows a prompt is typed.
func codeOf(text string) (lines, pieces []string) {
	var prose strings.Builder
	fenced, console := false, false
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		indented := strings.HasPrefix(line, "    ")
		line = strings.TrimSpace(line)
		command, prompted := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced, console = !fenced, strings.HasPrefix(line, "```console")
		case console && !prompted:
		case fenced || indented:
			lines = append(lines, command)
		default:
			prose.WriteString(line + "\n")
		}
	}
	for paragraph := range strings.SplitSeq(prose.String(), "\n\n") {
		for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(paragraph, -1) {
			pieces = append(pieces, strings.NewReplacer("\n", " ", `\|`, "|").Replace(match[1]))
		}
	}
	return lines, pieces
}

// commandsOf takes a line apart as a shell does: at pipes, semicolons and
// ampersands outside of quotes, up to a comment. Variables that are set for one
// command are left out.
func commandsOf(line string) []string {
	var found []string
	quote, start, before := rune(0), 0, ' '
	cut := func(end int) {
		one := strings.Trim(line[start:end], "|;&() \t")
		found = append(found, regexp.MustCompile(`^(\w+=\S*\s+)+`).ReplaceAllString(one, ""))
		start = end
	}
	for i, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '#' && before == ' ':
			cut(i)
			return found
		case r == ';', before == ' ' && (r == '|' || r == '&'):
			cut(i)
		}
		before = r
	}
	cut(len(line))
	return found
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

// TestCommandsAreSeen: nothing that is to be typed is overlooked, and nothing
// else is taken for it.
func TestCommandsAreSeen(t *testing.T) {
	known := newTyped(t)
	for text, want := range map[string][]shown{
		"text `kubectl aksmesh a` and `kubectl get`":               {{"kubectl aksmesh a", false}},
		"text `kubectl\naksmesh a b`, and\n\n`kubectl\n\naksmesh`": {{"kubectl aksmesh a b", false}},
		"| `kubectl aksmesh a \\| dot > f` |":                      {{"kubectl aksmesh a", false}},
		"`leave --forget` and `ca rotate --force x`":               {{"kubectl aksmesh leave --forget", false}, {"kubectl aksmesh ca rotate --force x", false}},
		"`expose SVC -o json`":                                     {{"kubectl aksmesh expose SVC -o json", false}},
		"`leave`, `export PATH=a-b`, `az doctor --x`, `--forget`":  nil,
		"`make x` and make y":                                      {{"make x", false}},
		"kubectl aksmesh prose":                                    nil,
		"```sh\n$ kubectl aksmesh b \\\n  --c\nkubectl get\n```":   {{"kubectl aksmesh b    --c", true}},
		"\n    kubectl aksmesh d\n":                                {{"kubectl aksmesh d", true}},
		"```sh\nhelm get x | kubectl aksmesh e -; A=1 kubectl aksmesh f&&g && make h # | make i\n```": {
			{"kubectl aksmesh e -", true}, {"kubectl aksmesh f&&g", true}, {"make h", true},
		},
		"```sh\nkubectl aksmesh --by 'a | kubectl aksmesh b'\n(cd x && make y)\n```": {
			{"kubectl aksmesh --by 'a | kubectl aksmesh b'", true}, {"make y", true},
		},
		"```console\n$ kubectl aksmesh a\nmake no mistake\n```\n`make b`": {{"kubectl aksmesh a", true}, {"make b", false}},
	} {
		if got := known.lines(text); !slices.Equal(got, want) {
			t.Errorf("%q: found %+v", text, got)
		}
	}
}
