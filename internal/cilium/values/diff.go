package values

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Diff shows what changes from old to new values: lines "- path: value" and
// "+ path: value", sorted by path, the removed before the added. Paths are
// joined by dots, and a key that has a dot itself is quoted. Secrets are
// [Masked]; that one changed is still seen.
func Diff(before, after Values) []string {
	old, wanted := Values{}, Values{}
	flatten("", normal(before), old)
	flatten("", normal(after), wanted)
	oldShown, newShown := Values{}, Values{}
	flatten("", Mask(normal(before)), oldShown)
	flatten("", Mask(normal(after)), newShown)

	paths := slices.Collect(maps.Keys(old))
	paths = slices.AppendSeq(paths, maps.Keys(wanted))
	slices.Sort(paths)
	var lines []string
	for _, path := range slices.Compact(paths) {
		was, had := old[path]
		is, has := wanted[path]
		if had && has && reflect.DeepEqual(was, is) {
			continue
		}
		if had {
			lines = append(lines, fmt.Sprintf("- %s: %s", path, show(oldShown[path])))
		}
		if has {
			lines = append(lines, fmt.Sprintf("+ %s: %s", path, show(newShown[path])))
		}
	}
	return lines
}

// flatten collects leaves by path; an empty map is a leaf, and so is a list.
func flatten(path string, v any, into Values) {
	m, ok := v.(Values)
	if !ok || len(m) == 0 && path != "" {
		into[path] = v
		return
	}
	for key, value := range m {
		if strings.ContainsAny(key, ". ") {
			key = fmt.Sprintf("%q", key)
		}
		if path != "" {
			key = path + "." + key
		}
		flatten(key, value, into)
	}
}

// show writes a leaf on one line.
func show(v any) string {
	if text, ok := v.(string); ok {
		if text == "" {
			return `""`
		}
		return short(text)
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(text.String(), "\n")
}
