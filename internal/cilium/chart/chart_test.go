package chart

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	chartv2 "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/pack"
)

// packed is the chart of the version in go.mod, made anew.
func packed(t *testing.T) *pack.Archive {
	t.Helper()
	archive, err := pack.FromModule(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func stored(version string) *chartv2.Chart {
	return &chartv2.Chart{Metadata: &chartv2.Metadata{Name: "cilium", Version: version}}
}

// offline fails every request: what is found must not need a network.
func offline(t *testing.T) http.RoundTripper {
	return transport(func(request *http.Request) (*http.Response, error) {
		t.Errorf("asked %s", request.URL)
		return nil, fmt.Errorf("offline")
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func TestDefaultVersionIsTheModules(t *testing.T) {
	if got := packed(t).Name; got != "cilium-"+DefaultVersion+".tgz" {
		t.Errorf("go.mod's chart is %s, DefaultVersion is %s", got, DefaultVersion)
	}
	if version, ok := BuiltInVersion(); ok && version != DefaultVersion {
		t.Errorf("built in is %s; run go run ./hack/chart", version)
	}
}

func TestLoadFromPath(t *testing.T) {
	file := writeFile(t, "c.tgz", packed(t).Data)
	c, err := Load(t.Context(), Source{Path: file, Stored: stored("1.19.0"), Transport: offline(t)})
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != FromPath || c.Version() != DefaultVersion || c.String() != "cilium 1.20.1 (path "+file+")" {
		t.Errorf("got %s", c)
	}
	// What README.md says of the module's chart.
	image, _ := c.Values["image"].(map[string]any)
	if image["tag"] != "v"+DefaultVersion || image["useDigest"] != false {
		t.Errorf("image %v, digest %v", image["tag"], image["useDigest"])
	}
	if _, err := Load(t.Context(), Source{Path: file, Version: "1.19.4"}); err == nil || !strings.Contains(err.Error(), "not 1.19.4") {
		t.Errorf("another version is asked for: %v", err)
	}
	if _, err := Load(t.Context(), Source{Path: writeFile(t, "x.tgz", []byte("x"))}); err == nil {
		t.Error("a file that is no chart is taken")
	}
}

func TestLoadFromRelease(t *testing.T) {
	release := stored("1.18.5")
	for _, version := range []string{"", "1.18.5", "v1.18.5"} {
		c, err := Load(t.Context(), Source{Stored: release, Version: version, Transport: offline(t)})
		if err != nil {
			t.Fatal(err)
		}
		if c.Origin != FromRelease || c.Version() != "1.18.5" || c.Chart == release {
			t.Errorf("version %q: %s", version, c)
		}
	}
}

func TestLoadFromBinary(t *testing.T) {
	if _, ok := BuiltInVersion(); !ok {
		if _, err := fromBinary(); err == nil || !strings.Contains(err.Error(), "no chart is built") {
			t.Errorf("error %v", err)
		}
		return
	}
	c, err := Load(t.Context(), Source{Stored: stored("1.19.4"), Version: "v" + DefaultVersion, Transport: offline(t)})
	if err != nil || c.Origin != FromBinary {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestBuiltInName(t *testing.T) {
	file := &fstest.MapFile{}
	if name, err := builtInName(fstest.MapFS{"README.md": file, "cilium-1.20.1.tgz": file}); err != nil || name != "cilium-1.20.1.tgz" {
		t.Errorf("%q, %v", name, err)
	}
	if _, err := builtInName(fstest.MapFS{"cilium-1.tgz": file, "cilium-2.tgz": file}); err == nil {
		t.Error("two charts are built in")
	}
}

func TestSupported(t *testing.T) {
	for version, ok := range map[string]bool{
		"1.18.0": true, "1.19.4": true, "v1.20.1": true, "1.20.0-rc.1": true,
		"1.17.9": false, "1.21.0": false, "2.18.0": false, "latest": false,
	} {
		if err := Supported(version); (err == nil) != ok {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// serveRegistry serves one chart as an OCI registry does, and counts requests.
func serveRegistry(t *testing.T, archive []byte, tag string) (source Source, requests *atomic.Int64) {
	t.Helper()
	blob := func(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }
	config := []byte(`{"name":"cilium","version":"` + tag + `"}`)
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     "application/vnd.oci.image.manifest.v1+json",
		"config":        map[string]any{"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": blob(config), "size": len(config)},
		"layers": []any{map[string]any{
			"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": blob(archive), "size": len(archive),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{
		"/v2/charts/cilium/manifests/" + tag:            manifest,
		"/v2/charts/cilium/manifests/" + blob(manifest): manifest,
		"/v2/charts/cilium/blobs/" + blob(config):       config,
		"/v2/charts/cilium/blobs/" + blob(archive):      archive,
	}
	requests = new(atomic.Int64)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		data, ok := content[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if strings.Contains(r.URL.Path, "manifests") {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		}
		w.Header().Set("Docker-Content-Digest", blob(data))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(server.Close)
	return Source{
		Repository: "oci://" + strings.TrimPrefix(server.URL, "https://") + "/charts/cilium",
		Transport:  server.Client().Transport,
		CacheDir:   t.TempDir(),
	}, requests
}

func TestLoadFromRegistry(t *testing.T) {
	archive := packed(t).Data
	source, requests := serveRegistry(t, archive, "1.19.4")
	source.Version = "1.19.4"
	c, err := Load(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != FromRegistry || !strings.HasPrefix(c.Digest, "sha256:") {
		t.Errorf("got %s", c)
	}
	asked := requests.Load()
	again, err := Load(t.Context(), source)
	if err != nil || again.Digest != c.Digest || requests.Load() != asked {
		t.Errorf("the cache is not used: %v, %v, %d requests", again, err, requests.Load()-asked)
	}
	for _, file := range onlyFile(t, source.CacheDir, "*.tgz") {
		if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(t.Context(), source); err != nil || requests.Load() == asked {
		t.Errorf("a damaged cache is used: %v", err)
	}
}

func onlyFile(t *testing.T, dir, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	return found
}

func TestRegistryErrorsSayWhatToDo(t *testing.T) {
	source, _ := serveRegistry(t, nil, "1.18.5")
	source.Version = "1.19.9"
	if _, err := Load(t.Context(), source); err == nil || !strings.Contains(err.Error(), "--chart PATH") {
		t.Errorf("error %v", err)
	}
	source.Repository = "https://example.com"
	if _, err := Load(t.Context(), source); err == nil || !strings.Contains(err.Error(), "oci://") {
		t.Errorf("error %v", err)
	}
	if _, err := Load(t.Context(), Source{Version: "1.16.0", Transport: offline(t)}); err == nil || !strings.Contains(err.Error(), "not supported") {
		t.Errorf("error %v", err)
	}
}

func TestCancelEndsAPull(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	source := Source{Version: "1.19.4", Transport: transport(func(request *http.Request) (*http.Response, error) {
		cancel()
		<-request.Context().Done()
		return nil, request.Context().Err()
	})}
	if _, err := Load(ctx, source); err == nil {
		t.Error("a cancelled pull succeeds")
	}
}
