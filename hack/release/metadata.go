package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// metadata is what goreleaser notes of a build.
type metadata struct {
	Version string `json:"version"` // without "v"
	Commit  string `json:"commit"`  // full hash
}

// tag is the version as the plugin tells it, which names the prober's image by it.
func (m metadata) tag() string { return "v" + m.Version }

func readMetadata(dist string) (metadata, error) {
	var m metadata
	file := filepath.Join(dist, "metadata.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return m, fmt.Errorf("what was built: %w", err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("what was built: %s: %w", file, err)
	}
	if m.Version == "" || m.Commit == "" {
		return m, fmt.Errorf("%s has no version or no commit", file)
	}
	return m, nil
}
