package pinned

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/aksmesh/kubectl-aksmesh/hack/release/registrytest"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
)

// withDigests are a published chart's values, as far as they matter here.
const withDigests = `
image: {useDigest: true}
operator: {image: {useDigest: true}}
clustermesh: {apiserver: {image: {useDigest: true}}}
`

// packed is a chart's archive.
func packed(t *testing.T, name, version, values string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	compressed := gzip.NewWriter(&buffer)
	archive := tar.NewWriter(compressed)
	for _, file := range [][2]string{
		{"Chart.yaml", fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %s\n", name, version)}, {"values.yaml", values},
	} {
		if err := archive.WriteHeader(&tar.Header{Name: name + "/" + file[0], Mode: 0o644, Size: int64(len(file[1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(file[1])); err != nil {
			t.Fatal(err)
		}
	}
	if archive.Close() != nil || compressed.Close() != nil {
		t.Fatal("the chart cannot be packed")
	}
	return buffer.Bytes()
}

// publish puts a chart into a registry, and returns the pin that fits it.
func publish(t *testing.T, registry *registrytest.Registry, data []byte, tag string) Pin {
	t.Helper()
	const repository = "charts/cilium"
	config := []byte(`{"name":"cilium","version":"` + tag + `"}`)
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     "application/vnd.oci.image.manifest.v1+json",
		"config":        map[string]any{"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": registry.AddBlob(repository, config), "size": len(config)},
		"layers": []any{map[string]any{
			"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": registry.AddBlob(repository, data), "size": len(data),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return Pin{
		Repository: "oci://" + registry.Host + "/" + repository, Version: tag,
		Manifest: registry.AddManifest(repository, tag, "application/vnd.oci.image.manifest.v1+json", manifest),
		Archive:  digest.FromBytes(data).String(),
	}
}

func TestFetch(t *testing.T) {
	registry := registrytest.Start(t)
	data := packed(t, "cilium", "1.20.1", withDigests)
	pin := publish(t, registry, data, "1.20.1")
	got, err := pin.Fetch(t.Context(), registry.Transport)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if pin.FileName() != "cilium-1.20.1.tgz" {
		t.Errorf("file %s", pin.FileName())
	}
	seen, _, err := Pin{Repository: pin.Repository, Version: pin.Version}.See(t.Context(), registry.Transport)
	if err != nil || seen != pin {
		t.Errorf("shown are %+v, %v", seen, err)
	}
}

// TestFetchFailsClosed: nothing but the pinned chart is returned.
func TestFetchFailsClosed(t *testing.T) {
	good := packed(t, "cilium", "1.20.1", withDigests)
	other := "sha256:" + strings.Repeat("0", 64)
	for want, c := range map[string]struct {
		data  []byte
		spoil func(*Pin)
	}{
		"no digest of the manifest":           {good, func(p *Pin) { p.Manifest = "" }},
		"no digest of the archive":            {good, func(p *Pin) { p.Archive = "" }},
		"(it is \"sha256:abc\")":              {good, func(p *Pin) { p.Archive = "sha256:abc" }},
		"is not the pinned one":               {good, func(p *Pin) { p.Manifest = other }},
		"its archive sha256:":                 {good, func(p *Pin) { p.Archive = other }},
		"cannot be pulled":                    {good, func(p *Pin) { p.Version = "1.20.2" }},
		"is not an oci:// reference":          {good, func(p *Pin) { p.Repository = "https://example.com" }},
		"it is chart ciliun 1.20.1":           {packed(t, "ciliun", "1.20.1", withDigests), nil},
		"it is chart cilium 1.20.0":           {packed(t, "cilium", "1.20.0", withDigests), nil},
		"name the agent's image by digest":    {packed(t, "cilium", "1.20.1", "image: {useDigest: false}\n"), nil},
		"name the operator's image by digest": {packed(t, "cilium", "1.20.1", "image: {useDigest: true}\n"), nil},
		"cannot be read":                      {[]byte("no chart"), nil},
	} {
		t.Run(want, func(t *testing.T) {
			registry := registrytest.Start(t)
			pin := publish(t, registry, c.data, "1.20.1")
			if c.spoil != nil {
				c.spoil(&pin)
			}
			if _, err := pin.Fetch(t.Context(), registry.Transport); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not said: %v", want, err)
			}
		})
	}
}

// TestPinOfTheRepository is of the version that is built in otherwise.
func TestPinOfTheRepository(t *testing.T) {
	pin, err := Load("chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if pin.Version != chart.DefaultVersion || pin.Repository != chart.DefaultRepository {
		t.Errorf("pinned is %s %s, builds take %s %s", pin.Repository, pin.Version, chart.DefaultRepository, chart.DefaultVersion)
	}
	if err := pin.Complete(); err != nil {
		t.Error(err)
	}
	broken := filepath.Join(t.TempDir(), "pin.yaml")
	if err := os.WriteFile(broken, []byte("digest: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(broken); err == nil {
		t.Error("an unknown key is taken")
	}
}
