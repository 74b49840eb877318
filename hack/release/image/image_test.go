package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"

	"github.com/aksmesh/kubectl-aksmesh/hack/release/registrytest"
)

func options() Options {
	return Options{Version: "v1.2.3", Commit: strings.Repeat("a", 40), Created: time.Unix(1_700_000_000, 0).UTC()}
}

// dist is a folder as goreleaser leaves it.
func dist(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"aksmesh-probe_linux_amd64_v1", "aksmesh-probe_linux_arm64_v8.0", "plugin_linux_amd64_v1"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name, Program), []byte("program of "+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestBuild(t *testing.T) {
	programs, err := Programs(dist(t))
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	root, err := Build(t.Context(), store, programs, options())
	if err != nil {
		t.Fatal(err)
	}
	if tagged, err := store.Resolve(t.Context(), "v1.2.3"); err != nil || tagged.Digest != root.Digest {
		t.Errorf("the tag is %v, %v", tagged, err)
	}
	index := read[ocispec.Index](t, store, root)
	if len(index.Manifests) != 2 {
		t.Fatalf("%d images", len(index.Manifests))
	}
	for i, arch := range []string{"amd64", "arm64"} {
		described := index.Manifests[i]
		if described.Platform.OS != "linux" || described.Platform.Architecture != arch {
			t.Errorf("image %d is for %+v", i, described.Platform)
		}
		manifest := read[ocispec.Manifest](t, store, described)
		config := read[ocispec.Image](t, store, manifest.Config)
		if config.Architecture != arch || config.Config.User != "65532:65532" {
			t.Errorf("configuration %+v", config)
		}
		if diff := cmp.Diff([]string{"/aksmesh-probe"}, config.Config.Entrypoint); diff != "" {
			t.Errorf("entry point (-want +got)\n%s", diff)
		}
		files := unpacked(t, store, manifest.Layers[0])
		if len(files) != 1 || !strings.Contains(files["aksmesh-probe -r-xr-xr-x"], arch) {
			t.Errorf("the layer for %s has %v", arch, files)
		}
	}
}

func read[T any](t *testing.T, store content.Fetcher, d ocispec.Descriptor) T {
	t.Helper()
	text, err := content.FetchAll(t.Context(), store, d)
	if err != nil {
		t.Fatal(err)
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// unpacked are a layer's files: content by name and mode.
func unpacked(t *testing.T, store content.Fetcher, d ocispec.Descriptor) map[string]string {
	t.Helper()
	data, err := content.FetchAll(t.Context(), store, d)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name+" "+header.FileInfo().Mode().String()] = string(text)
	}
}

func TestSaveIsReproducible(t *testing.T) {
	var saved [2][]byte
	for i := range saved {
		programs, err := Programs(dist(t))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "image.tar")
		if _, err := Save(t.Context(), file, programs, options()); err != nil {
			t.Fatal(err)
		}
		if saved[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(saved[0], saved[1]) {
		t.Error("two images of the same programs differ")
	}
}

func TestPush(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // nobody's login
	programs, err := Programs(dist(t))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	made, err := Save(t.Context(), file, programs, options())
	if err != nil {
		t.Fatal(err)
	}
	registry := registrytest.Start(t)
	for range 2 { // again is no error
		pushed, err := Push(t.Context(), file, "v1.2.3", registry.Host+"/aksmesh/aksmesh-probe", registry.Transport)
		if err != nil || pushed.Digest != made.Digest {
			t.Fatalf("pushed %s, made %s: %v", pushed.Digest, made.Digest, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Push(ctx, file, "v1.2.3", registry.Host+"/other", registry.Transport); err == nil {
		t.Error("a cancelled push succeeds")
	}
	if _, err := Push(t.Context(), file, "v9", registry.Host+"/other", registry.Transport); err == nil {
		t.Error("a version that was not built is pushed")
	}
}

func TestProgramsAreThere(t *testing.T) {
	if _, err := Programs(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no aksmesh-probe was built") {
		t.Errorf("an empty folder: %v", err)
	}
	folder := dist(t)
	twice := filepath.Join(folder, "aksmesh-probe_linux_amd64_v2")
	if err := os.Mkdir(twice, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(twice, Program), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Programs(folder); err == nil || !strings.Contains(err.Error(), "both for linux/amd64") {
		t.Errorf("two for one architecture: %v", err)
	}
}
