package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestRemedies: what the doctor's findings tell people to type, this build
// takes. The file is what the findings of pkg/diagnose's grid say; a test there
// writes it.
func TestRemedies(t *testing.T) {
	text, err := os.ReadFile("../../pkg/diagnose/testdata/remedies.txt")
	if err != nil {
		t.Fatal(err)
	}
	checked, known := 0, newTyped(t)
	for line := range strings.Lines(string(text)) {
		for _, command := range advised(line) {
			checked++
			if err := known.accepts(shown{command, true}); err != nil {
				t.Errorf("%q in %s: %v", command, strings.TrimSpace(line), err)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d commands were found", checked)
	}
}

// advised are the plugin's commands in a remedy. A sentence goes on behind them,
// after a mark or with a verb.
func advised(remedy string) []string {
	var found []string
	for _, part := range strings.Split(remedy, plugin)[1:] {
		for _, mark := range []string{"; ", ", ", " (", ")", " && ", "\n"} {
			part, _, _ = strings.Cut(part, mark)
		}
		words := strings.Fields(part)
		if verb := slices.IndexFunc(words, goesOn); verb >= 0 {
			words = words[:verb]
		}
		found = append(found, plugin+strings.Join(words, " "))
	}
	return found
}

// goesOn says whether a word belongs to the sentence around a command.
func goesOn(word string) bool {
	return slices.Contains([]string{"does", "how", "measures", "prints", "sets", "switches", "turns", "with", "writes"}, word)
}

// TestWrongRemediesAreFound keeps the test above honest.
func TestWrongRemediesAreFound(t *testing.T) {
	known := newTyped(t)
	for remedy, ok := range map[string]bool{
		"set a; kubectl aksmesh join does":                                                true,
		"kubectl aksmesh join -f 'a b.yaml', or not":                                      true,
		"kubectl create x && kubectl aksmesh expose web --context a (why)":                true,
		"a (kubectl aksmesh doctor --show mtu --probe --context a), or b":                 true,
		"kubectl aksmesh ca rotate --context a; kubectl aksmesh join -o values prints it": true,
		"kubectl aksmesh join; kubectl aksmesh ca rotat --context a":                      false,
		"kubectl aksmesh join --release other":                                            false,
		"kubectl aksmesh jion does":                                                       false,
		"kubectl aksmesh join everything":                                                 false,
		"kubectl aksmesh expose --context a, and wait":                                    false,
	} {
		wrong := slices.ContainsFunc(advised(remedy), func(command string) bool { return known.accepts(shown{command, true}) != nil })
		if wrong == ok {
			t.Errorf("%q: taken %v, want %v", remedy, !wrong, ok)
		}
	}
}
