package azure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// object is a JSON object as ARM sends it. Numbers are json.Number, so that a
// GET followed by a PUT changes none.
type object = map[string]any

func decode(raw []byte) (object, error) {
	var o object
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("azure's answer is no JSON object: %w", err)
	}
	if o == nil {
		return nil, fmt.Errorf("azure's answer is no JSON object: %w", io.ErrUnexpectedEOF)
	}
	return o, nil
}

// dig walks down nested objects; nil if any of them is missing.
func dig(o object, path ...string) any {
	var at any = o
	for _, key := range path {
		m, ok := at.(object)
		if !ok {
			return nil
		}
		at = m[key]
	}
	return at
}

func digString(o object, path ...string) string {
	s, _ := dig(o, path...).(string)
	return s
}

// digStrings returns an array of strings, or nil.
func digStrings(o object, path ...string) []string {
	list, _ := dig(o, path...).([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// digObjects returns the objects of an array, or nil.
func digObjects(o object, path ...string) []object {
	list, _ := dig(o, path...).([]any)
	var out []object
	for _, e := range list {
		if m, ok := e.(object); ok {
			out = append(out, m)
		}
	}
	return out
}

// remove deletes the property at path, if it is there.
func remove(o object, path ...string) {
	parent, ok := dig(o, path[:len(path)-1]...).(object)
	if ok {
		delete(parent, path[len(path)-1])
	}
}
