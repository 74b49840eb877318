// Package pinned fetches Cilium's published chart for a release build, and
// takes no other than the one whose digests are written down.
package pinned

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/registry"
	"sigs.k8s.io/yaml"
)

// Pin says which chart it is to be.
type Pin struct {
	Repository string `json:"repository"` // as oci://quay.io/cilium/charts/cilium
	Version    string `json:"version"`    // semver without "v"
	Manifest   string `json:"manifest"`   // digest of the OCI manifest, sha256:…
	Archive    string `json:"archive"`    // digest of the archive, sha256:…
}

// Load reads a pin. Its digests may be missing; [Pin.Fetch] refuses then.
func Load(path string) (Pin, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Pin{}, fmt.Errorf("pin of the chart: %w", err)
	}
	var p Pin
	if err := yaml.UnmarshalStrict(text, &p); err != nil {
		return Pin{}, fmt.Errorf("pin of the chart, %s: %w", path, err)
	}
	return p, nil
}

// FileName is the archive's name, by which builds take it in.
func (p Pin) FileName() string { return "cilium-" + p.Version + ".tgz" }

// Complete checks that both digests are written down.
func (p Pin) Complete() error {
	for _, one := range []struct{ what, digest string }{{"manifest", p.Manifest}, {"archive", p.Archive}} {
		if !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(one.digest) {
			return fmt.Errorf("no digest of the %s of chart %s %s is pinned (it is %q): see hack/release/pinned/chart.yaml",
				one.what, p.Repository, p.Version, one.digest)
		}
	}
	return nil
}

// Fetch returns the archive that is pinned, or an error if the registry has
// another one. transport is nil but in tests.
func (p Pin) Fetch(ctx context.Context, transport http.RoundTripper) ([]byte, error) {
	if err := p.Complete(); err != nil {
		return nil, err
	}
	seen, data, err := p.See(ctx, transport)
	if err != nil {
		return nil, err
	}
	if seen.Manifest != p.Manifest || seen.Archive != p.Archive {
		return nil, fmt.Errorf("chart %s %s is not the pinned one: its manifest is %s and its archive %s, pinned are %s and %s",
			p.Repository, p.Version, seen.Manifest, seen.Archive, p.Manifest, p.Archive)
	}
	return data, check(data, p.Version)
}

// See returns the pin that fits what the registry has of the version now.
func (p Pin) See(ctx context.Context, transport http.RoundTripper) (Pin, []byte, error) {
	reference, ok := strings.CutPrefix(p.Repository, "oci://")
	if !ok {
		return p, nil, fmt.Errorf("chart repository %q is not an oci:// reference", p.Repository)
	}
	if transport == nil {
		transport = http.DefaultTransport
	}
	client, err := registry.NewClient(
		registry.ClientOptWriter(io.Discard),
		registry.ClientOptHTTPClient(&http.Client{Transport: withContext{ctx, transport}}),
	)
	if err != nil {
		return p, nil, err
	}
	result, err := client.Pull(reference+":"+p.Version, registry.PullOptWithChart(true))
	if err != nil {
		return p, nil, fmt.Errorf("chart %s %s cannot be pulled: %w", p.Repository, p.Version, err)
	}
	p.Manifest, p.Archive = result.Manifest.Digest, digest.FromBytes(result.Chart.Data).String()
	return p, result.Chart.Data, nil
}

// withContext lets a context end requests of Helm's client, which takes none.
type withContext struct {
	ctx  context.Context
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (w withContext) RoundTrip(request *http.Request) (*http.Response, error) {
	return w.next.RoundTrip(request.WithContext(w.ctx))
}

// check makes sure that the archive is what a release wants it for: Cilium's
// chart of the version, with its images by digest.
func check(data []byte, version string) error {
	c, err := loader.LoadArchive(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("chart cannot be read: %w", err)
	}
	if c.Name() != "cilium" || c.Metadata.Version != version {
		return fmt.Errorf("it is chart %s %s, not cilium %s", c.Name(), c.Metadata.Version, version)
	}
	return digests(c)
}

// digests checks that the images which every mesh runs are named by digest.
func digests(c *chartv2.Chart) error {
	images := map[string]any{"agent": c.Values["image"]}
	for name, path := range map[string][]string{
		"operator": {"operator", "image"}, "clustermesh-apiserver": {"clustermesh", "apiserver", "image"},
	} {
		images[name] = at(c.Values, path...)
	}
	var errs []error
	for name, value := range images {
		image, _ := value.(map[string]any)
		if image["useDigest"] != true {
			errs = append(errs, fmt.Errorf("the chart does not name the %s's image by digest", name))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func at(values map[string]any, path ...string) any {
	var value any = values
	for _, key := range path {
		inner, _ := value.(map[string]any)
		value = inner[key]
	}
	return value
}
