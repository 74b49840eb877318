// Package krew reads, checks and fills in the manifest of a kubectl plugin.
// Krew's own validator is no Go module that can be had, so its rules are
// written down here; where each comes from is in Krew's repository:
// internal/index/validation/validate.go, cmd/validate-krew-manifest/main.go and
// site/content/docs/developer-guide/plugin-manifest.md.
package krew

import (
	"fmt"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// Manifest is a plugin's, of version v1alpha2.
type Manifest struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`
	Spec       Spec     `json:"spec"`
}

// Metadata has the plugin's name, as typed after "kubectl".
type Metadata struct {
	Name string `json:"name"`
}

// Spec describes the plugin.
type Spec struct {
	Version          string     `json:"version"`
	ShortDescription string     `json:"shortDescription"`
	Description      string     `json:"description,omitempty"`
	Caveats          string     `json:"caveats,omitempty"` // printed after an installation
	Homepage         string     `json:"homepage,omitempty"`
	Platforms        []Platform `json:"platforms"`
}

// Platform is where the archive for some systems is, and what is taken from it.
type Platform struct {
	URI      string                `json:"uri"`
	SHA256   string                `json:"sha256"` // of the archive, in hexadecimal
	Selector *metav1.LabelSelector `json:"selector"`
	// Files are taken from the archive; nil takes all.
	Files []File `json:"files,omitempty"`
	// Bin is the program's path below the plugin's folder.
	Bin string `json:"bin"`
}

// File moves what From (a glob) matches in the archive to the folder To.
type File struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Load reads a manifest. A key that manifests do not have is an error.
func Load(path string) (*Manifest, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("krew manifest: %w", err)
	}
	m, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("krew manifest %s: %w", path, err)
	}
	return m, nil
}

// Parse is [Load] for a manifest's text.
func Parse(text []byte) (*Manifest, error) {
	var m Manifest
	if err := yaml.UnmarshalStrict(text, &m); err != nil {
		return nil, err
	}
	return &m, nil
}

// Selects says whether the platform is for a system of these names, which are Go's.
func (p *Platform) Selects(goos, goarch string) (bool, error) {
	selector, err := metav1.LabelSelectorAsSelector(p.Selector)
	if err != nil {
		return false, fmt.Errorf("selector: %w", err)
	}
	return selector.Matches(labels.Set{"os": goos, "arch": goarch}), nil
}

// For returns the platform for a system, as Krew finds it.
func (m *Manifest) For(goos, goarch string) (*Platform, error) {
	for i := range m.Spec.Platforms {
		p := &m.Spec.Platforms[i]
		ok, err := p.Selects(goos, goarch)
		if err != nil {
			return nil, err
		}
		if ok {
			return p, nil
		}
	}
	return nil, fmt.Errorf("plugin %s has no archive for %s/%s", m.Metadata.Name, goos, goarch)
}
