package azure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// object is a JSON object as ARM sends it. Numbers stay json.Number, so that
// nothing a client sent is rounded.
type object = map[string]any

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

func digObject(o object, path ...string) object {
	m, _ := dig(o, path...).(object)
	return m
}

// ensure returns the object at path and makes what is missing on the way.
func ensure(o object, path ...string) object {
	for _, key := range path {
		next, ok := o[key].(object)
		if !ok {
			next = object{}
			o[key] = next
		}
		o = next
	}
	return o
}

// objects returns the elements of a JSON array that are objects.
func objects(v any) []object {
	list, _ := v.([]any)
	out := make([]object, 0, len(list))
	for _, e := range list {
		if m, ok := e.(object); ok {
			out = append(out, m)
		}
	}
	return out
}

// number is an integer as it would come out of [decode].
func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// list turns Go values into a JSON array.
func list[T any](values ...T) []any {
	out := make([]any, 0, len(values))
	for _, v := range values {
		out = append(out, v)
	}
	return out
}

// clone copies a JSON object deeply. Whatever was decoded from JSON or made by
// this package can be encoded again, so an error is a bug.
func clone(o object) object {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(fmt.Sprintf("clone a JSON object: %v", err))
	}
	out, err := decode(bytes.NewReader(raw))
	if err != nil {
		panic(fmt.Sprintf("clone a JSON object: %v", err))
	}
	return out
}

// decode reads one JSON object.
func decode(r io.Reader) (object, error) {
	var o object
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return o, nil
}

// mergeInto puts the properties of change into o; null removes one.
func mergeInto(o, change object) {
	for key, value := range change {
		into, both := o[key].(object)
		from, isObject := value.(object)
		switch {
		case value == nil:
			delete(o, key)
		case both && isObject:
			mergeInto(into, from)
		default:
			o[key] = value
		}
	}
}
