package main

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"github.com/aksmesh/kubectl-aksmesh/internal/probe/wire"
)

// mostLabel bounds the text that stands for an answer, in characters.
const mostLabel = 100

// label is the text that answers are counted by: the expression's first capture
// (or its match, if it captures nothing), else the page's title or first line.
// An answer that is not a success has its status before it: a page may have
// the same title when it is an error.
func label(status int, body string, by *regexp.Regexp) string {
	text := ""
	if by != nil {
		text = capture(by, body)
	} else {
		text = headline(body)
	}
	if status < http.StatusMultipleChoices {
		return text
	}
	name := strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	if text == wire.EmptyAnswer || text == wire.NoMatch {
		return name
	}
	return name + ": " + text
}

func capture(by *regexp.Regexp, body string) string {
	match := by.FindStringSubmatch(body)
	switch {
	case match == nil:
		return wire.NoMatch
	case len(match) == 1:
		return tidy(match[0])
	}
	return tidy(match[1])
}

// headline is a page's title, or else the first line with anything in it.
func headline(body string) string {
	if title, ok := title(body); ok {
		return tidy(title)
	}
	for line := range strings.Lines(body) {
		if text := tidy(line); text != wire.EmptyAnswer {
			return text
		}
	}
	return wire.EmptyAnswer
}

// title finds the text of a page's first title element, if it is there and not
// empty.
func title(body string) (string, bool) {
	lower := strings.ToLower(body)
	if len(lower) != len(body) {
		lower = body // some characters are longer in lower case, and places would not fit
	}
	start := strings.Index(lower, "<title")
	if start < 0 {
		return "", false
	}
	open := strings.IndexByte(lower[start:], '>')
	if open < 0 {
		return "", false
	}
	start += open + 1
	length := strings.Index(lower[start:], "</title")
	if length < 0 {
		return "", false
	}
	text := strings.TrimSpace(html.UnescapeString(body[start : start+length]))
	return text, text != ""
}

// tidy makes one short line of a text from somebody else: no control
// characters, nothing that turns the direction of reading, single blanks.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return wire.EmptyAnswer
	}
	if runes := []rune(text); len(runes) > mostLabel {
		return string(runes[:mostLabel]) + "…"
	}
	return text
}
