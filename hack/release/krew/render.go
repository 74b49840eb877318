package krew

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Placeholder is the version in the manifest that is maintained.
const Placeholder = "v0.0.0"

// ReadSums reads sha256sum's format: the sums by file.
func ReadSums(r io.Reader) (map[string]string, error) {
	sums := map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 2 {
			return nil, fmt.Errorf("%q is not a sum and a file", lines.Text())
		}
		sums[strings.TrimPrefix(fields[1], "*")] = fields[0]
	}
	return sums, lines.Err()
}

// Fill returns the manifest of a release: with its version, and the sum of each
// archive. An archive without a platform is an error, and so is a platform
// without an archive, unless partial is given: it leaves such platforms out,
// for builds that are not for all systems.
func Fill(m *Manifest, version string, sums map[string]string, partial bool) (*Manifest, error) {
	filled := *m
	filled.Spec.Version = version
	filled.Spec.Platforms = nil
	unused := archives(sums)
	var errs []error
	for _, p := range m.Spec.Platforms {
		if !strings.Contains(p.URI, "/"+Placeholder+"/") {
			errs = append(errs, fmt.Errorf("uri %s has no place for the version, /%s/", p.URI, Placeholder))
		}
		p.URI = strings.ReplaceAll(p.URI, "/"+Placeholder+"/", "/"+version+"/")
		name := path.Base(p.URI)
		sum, ok := sums[name]
		if !ok && partial {
			continue
		}
		if !ok {
			errs = append(errs, fmt.Errorf("archive %s was not built", name))
		}
		p.SHA256 = sum
		delete(unused, name)
		filled.Spec.Platforms = append(filled.Spec.Platforms, p)
	}
	for _, name := range slices.Sorted(maps.Keys(unused)) {
		errs = append(errs, fmt.Errorf("archive %s is for no platform of the manifest", name))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &filled, nil
}

func archives(sums map[string]string) map[string]bool {
	found := map[string]bool{}
	for name := range sums {
		if strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".zip") {
			found[name] = true
		}
	}
	return found
}

// Text is the manifest as YAML.
func (m *Manifest) Text() ([]byte, error) { return yaml.Marshal(m) }
