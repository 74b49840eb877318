// Package docs checks what the repository's Markdown links to.
package docs

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

const root = "../.."

// pages are all Markdown files of the repository, by path from its root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && (strings.HasPrefix(name, ".") || slices.Contains([]string{"bin", "dist", "node_modules"}, name)) {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		found[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("only %d pages were found", len(found))
	}
	return found
}

var (
	fence  = regexp.MustCompile("(?ms)^[ \t]*(```|~~~).*?^[ \t]*(```|~~~)[ \t]*$")
	inline = regexp.MustCompile("`[^`\n]*`")
	link   = regexp.MustCompile(`\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+"[^"]*")?\)`)
	title  = regexp.MustCompile(`(?m)^#{1,6}[ \t]+(.+?)[ \t]*#*$`)
	marked = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// links are a page's, outside of code.
func links(text string) []string {
	text = inline.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
	var found []string
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// anchors are those that GitHub gives to a page's headings.
func anchors(text string) []string {
	var found []string
	seen := map[string]int{}
	for _, match := range title.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		slug := slugOf(match[1])
		if n := seen[slug]; n > 0 {
			found = append(found, slug+"-"+strconv.Itoa(n))
		} else {
			found = append(found, slug)
		}
		seen[slug]++
	}
	return found
}

func slugOf(heading string) string {
	heading = strings.ReplaceAll(marked.ReplaceAllString(heading, "$1"), "`", "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// wrong says what is wrong with a link of a page; empty if nothing is.
func wrong(all map[string]string, page, target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme == "http":
		return "it is not encrypted"
	case u.Scheme != "":
		return "" // what is elsewhere is not looked at
	}
	to := page
	if u.Path != "" {
		to = filepath.ToSlash(filepath.Join(filepath.Dir(page), u.Path))
		if _, err := os.Stat(filepath.Join(root, to)); err != nil {
			return "there is no " + to
		}
	}
	if text, ok := all[to]; u.Fragment != "" && (!ok || !slices.Contains(anchors(text), u.Fragment)) {
		return to + " has no heading #" + u.Fragment
	}
	return ""
}

func TestLinks(t *testing.T) {
	all, checked := pages(t), 0
	for page, text := range all {
		for _, target := range links(text) {
			checked++
			if text := wrong(all, page, target); text != "" {
				t.Errorf("%s: link %s: %s", page, target, text)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d links were found", checked)
	}
}

func TestBrokenLinksAreFound(t *testing.T) {
	all := map[string]string{"README.md": "# A `b` c, d\n## Again\n## Again\n```sh\n# no heading\n```\n[x](y) `[code](none)`"}
	if got := links(all["README.md"]); !slices.Equal(got, []string{"y"}) {
		t.Errorf("links %q", got)
	}
	if got := anchors(all["README.md"]); !slices.Equal(got, []string{"a-b-c-d", "again", "again-1"}) {
		t.Errorf("anchors %q", got)
	}
	for target, ok := range map[string]bool{
		"LICENSE": true, "docs/codes": true, "https://example.com/x": true, "#again-1": true, "README.md#again": true,
		"none.md": false, "#none": false, "README.md#none": false, "http://example.com": false, "../LICENSE": false,
	} {
		if text := wrong(all, "README.md", target); (text == "") != ok {
			t.Errorf("%s: %q", target, text)
		}
	}
}
