package meshfile

import (
	"encoding/json"
	"strings"

	"sigs.k8s.io/yaml"
)

// YAML is the file as text, with comments above it, a line each.
func (f *File) YAML(comments ...string) ([]byte, error) {
	text, err := yaml.Marshal(f)
	if err != nil {
		return nil, err
	}
	var head strings.Builder
	for _, line := range comments {
		head.WriteString("# " + strings.Join(strings.Fields(line), " ") + "\n")
	}
	return append([]byte(head.String()), text...), nil
}

// JSON is the file as indented JSON, which [Parse] reads as well.
func (f *File) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(f, "", "  ")
	return append(text, '\n'), err
}
