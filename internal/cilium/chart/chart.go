// Package chart finds Cilium's Helm chart: where the user says, in the
// release, built into the binary, or in the registry.
package chart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/Masterminds/semver/v3"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// DefaultVersion is the chart's version for a new Cilium: the one in go.mod,
// which the lab tests end to end. Semver without "v".
const DefaultVersion = "1.20.1"

// DefaultRepository is Cilium's official registry of charts.
const DefaultRepository = "oci://quay.io/cilium/charts/cilium"

// Origin says where a chart came from.
type Origin string

// Origins, in the order in which [Load] looks.
const (
	FromPath     Origin = "path"
	FromRelease  Origin = "release"
	FromBinary   Origin = "built-in"
	FromRegistry Origin = "registry"
)

// Source says which chart is wanted.
type Source struct {
	// Path is a folder or .tgz that the user names; it beats all others.
	Path string
	// Stored is the chart of the release; nil if there is none.
	Stored *chartv2.Chart
	// Version is wanted, semver with or without "v". Empty keeps the
	// release's, or is [DefaultVersion] without a release.
	Version string
	// Repository is an oci:// reference without a tag; empty is [DefaultRepository].
	Repository string
	// CacheDir keeps what was pulled; empty keeps nothing.
	CacheDir string
	// Transport reaches the registry; nil is [http.DefaultTransport].
	Transport http.RoundTripper
}

// Chart is a chart, ready for one use: Helm changes charts while it renders.
type Chart struct {
	*chartv2.Chart
	Origin Origin
	// Location is the path or reference; empty for the release's and the built-in one.
	Location string
	// Digest is the OCI manifest's, as "sha256:…", if the chart was pulled.
	Digest string
}

// Version is the chart's version, semver without "v".
func (c *Chart) Version() string { return c.Metadata.Version }

// String describes the chart on one line.
func (c *Chart) String() string {
	text := fmt.Sprintf("cilium %s (%s", c.Version(), c.Origin)
	for _, part := range []string{c.Location, c.Digest} {
		if part != "" {
			text += " " + part
		}
	}
	return text + ")"
}

// Load finds the chart that source asks for: the user's path, the release's
// own if its version is the wanted one, the built-in one likewise, and last
// the registry, the only one that needs a network.
func Load(ctx context.Context, source Source) (*Chart, error) {
	wanted := wantedVersion(source)
	if source.Path != "" {
		return fromPath(source.Path, strings.TrimPrefix(source.Version, "v"))
	}
	if source.Stored != nil && source.Stored.Metadata != nil && source.Stored.Metadata.Version == wanted {
		return fromRelease(source.Stored)
	}
	if err := Supported(wanted); err != nil {
		return nil, err
	}
	if version, ok := BuiltInVersion(); ok && version == wanted {
		return fromBinary()
	}
	c, err := pull(ctx, source, wanted)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, without(wanted))
	}
	return c, nil
}

// without says what to do where the registry cannot be reached.
func without(wanted string) string {
	if version, ok := BuiltInVersion(); ok {
		return fmt.Sprintf("this binary has chart %s built in, for %s give --chart PATH", version, wanted)
	}
	return "this binary was built without a chart (\"make build\" builds one in), give --chart PATH"
}

func wantedVersion(source Source) string {
	switch {
	case source.Version != "":
		return strings.TrimPrefix(source.Version, "v")
	case source.Stored != nil && source.Stored.Metadata != nil:
		return source.Stored.Metadata.Version
	}
	return DefaultVersion
}

func fromPath(path, wanted string) (*Chart, error) {
	c, err := loader.Load(path)
	if err != nil {
		return nil, fmt.Errorf("chart %s cannot be read: %w", path, err)
	}
	if c.Name() != "cilium" {
		return nil, fmt.Errorf("chart %s is %q, not cilium", path, c.Name())
	}
	if wanted != "" && c.Metadata.Version != wanted {
		return nil, fmt.Errorf("chart %s has version %s, not %s as asked for", path, c.Metadata.Version, wanted)
	}
	return &Chart{Chart: c, Origin: FromPath, Location: path}, Supported(c.Metadata.Version)
}

// fromRelease copies the chart, for the reader of the release may need it as
// it was.
func fromRelease(stored *chartv2.Chart) (*Chart, error) {
	c := &Chart{Chart: stored, Origin: FromRelease}
	c.Chart = c.Copy()
	return c, nil
}

// Copy returns a chart that Helm may use up without a trace in this one. It
// shares what nobody changes: the files, and the values, which Helm replaces
// as a whole.
func (c *Chart) Copy() *chartv2.Chart {
	copied := *c.Chart
	metadata := *c.Metadata
	copied.Metadata = &metadata
	return &copied
}

func fromBinary() (*Chart, error) {
	name, err := builtInName(builtIn())
	if err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(builtIn(), name)
	if err != nil {
		return nil, fmt.Errorf("built-in chart cannot be read: %w", err)
	}
	c, err := loader.LoadArchive(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("built-in chart %s cannot be read: %w", name, err)
	}
	return &Chart{Chart: c, Origin: FromBinary}, nil
}

// Supported checks that this version of Cilium's chart is known: its values
// are spelled right for 1.18 to 1.20.
func Supported(version string) error {
	v, err := semver.NewVersion(version)
	if err != nil {
		return fmt.Errorf("cilium version %q is not a version", version)
	}
	if v.Major() != 1 || v.Minor() < 18 || v.Minor() > 20 {
		return fmt.Errorf("cilium %s is not supported: 1.18, 1.19 and 1.20 are", version)
	}
	return nil
}

// BuiltInVersion returns the version of the chart in this binary, and whether
// there is one.
func BuiltInVersion() (string, bool) {
	name, err := builtInName(builtIn())
	if err != nil {
		return "", false
	}
	return strings.TrimSuffix(strings.TrimPrefix(name, "cilium-"), ".tgz"), true
}

func builtInName(files fs.FS) (string, error) {
	names, err := fs.Glob(files, "cilium-*.tgz")
	if err != nil || len(names) == 0 {
		return "", fmt.Errorf("no chart is built into this binary: %w", os.ErrNotExist)
	}
	if len(names) > 1 {
		return "", errors.New("more than one chart is built into this binary")
	}
	return names[0], nil
}
