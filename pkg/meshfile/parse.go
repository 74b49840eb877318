package meshfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// Load reads and checks the file at path.
func Load(path string, stdin io.Reader) (*File, error) {
	var text []byte
	var err error
	name := filepath.Base(path)
	if path == Stdin {
		name = "stdin"
		text, err = io.ReadAll(stdin)
	} else {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the mesh file cannot be read: %w", err)
	}
	return Parse(name, text)
}

// Parse reads and checks the text of a file, which messages call by its name.
// It is strict: an unknown field, a field that is there twice, and a second
// document are errors. The error joins all that is wrong, one line each, with
// the number of the text's line.
func Parse(name string, text []byte) (*File, error) {
	root, err := tree(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, oneLine(err))
	}
	c := &checker{name: name, lines: map[string]int{}}
	if err := c.kind(root); err != nil {
		return nil, err
	}
	c.check(root, fileType(), "")
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	f := &File{name: name}
	if err := yaml.UnmarshalStrict(text, f); err != nil {
		return nil, fmt.Errorf("%s: %s", name, oneLine(err))
	}
	f.validate(c)
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	return f, nil
}

// tree parses YAML without making values of it: nodes know their lines.
func tree(text []byte) (*yamlv3.Node, error) {
	decoder := yamlv3.NewDecoder(bytes.NewReader(text))
	var document yamlv3.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, err
	}
	if err := decoder.Decode(new(yamlv3.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it has more than one document")
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yamlv3.MappingNode {
		return nil, errors.New("it is not a mapping with apiVersion, kind and spec")
	}
	return document.Content[0], nil
}

// oneLine keeps an error of a YAML parser on the one line that a message has.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
