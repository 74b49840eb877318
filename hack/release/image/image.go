// Package image makes the prober's container image from programs that were
// built before: no base image, no shell, one static program. The same programs
// give the same image, byte for byte, and no container engine is needed.
package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
)

// Program is the file of the image.
const Program = "aksmesh-probe"

// user runs the program if nobody says otherwise: not root. The number is the
// one that images without a base use by convention; package probe asks for it too.
const user = "65532:65532"

// Options are what the programs do not tell.
type Options struct {
	Version string    // as "v0.1.0"; the image's tag
	Commit  string    // full hash
	Created time.Time // that of the commit, for reproducibility
}

// Build puts an image index into the store, with one image for each of the
// programs, which are named by Linux's architectures as Go calls them, and tags
// it with the version.
func Build(ctx context.Context, store oras.Target, programs map[string]string, o Options) (ocispec.Descriptor, error) {
	index := ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Annotations: annotations(o),
	}
	for _, arch := range sorted(programs) {
		manifest, err := buildOne(ctx, store, arch, programs[arch], o)
		if err != nil {
			return ocispec.Descriptor{}, fmt.Errorf("image for linux/%s: %w", arch, err)
		}
		index.Manifests = append(index.Manifests, manifest)
	}
	root, err := pushJSON(ctx, store, ocispec.MediaTypeImageIndex, index)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return root, store.Tag(ctx, root, o.Version)
}

func sorted(programs map[string]string) []string {
	archs := make([]string, 0, len(programs))
	for arch := range programs {
		archs = append(archs, arch)
	}
	slices.Sort(archs)
	return archs
}

func buildOne(ctx context.Context, store content.Storage, arch, program string, o Options) (ocispec.Descriptor, error) {
	none := ocispec.Descriptor{}
	text, err := os.ReadFile(program)
	if err != nil {
		return none, err
	}
	plain, err := layer(text)
	if err != nil {
		return none, err
	}
	compressed, err := compress(plain)
	if err != nil {
		return none, err
	}
	layer, err := push(ctx, store, ocispec.MediaTypeImageLayerGzip, compressed)
	if err != nil {
		return none, err
	}
	platform := ocispec.Platform{OS: "linux", Architecture: arch}
	config, err := pushJSON(ctx, store, ocispec.MediaTypeImageConfig, ocispec.Image{
		Created: &o.Created, Platform: platform,
		Config:  ocispec.ImageConfig{User: user, Entrypoint: []string{"/" + Program}, WorkingDir: "/", Labels: annotations(o)},
		RootFS:  ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(plain)}},
		History: []ocispec.History{{Created: &o.Created, CreatedBy: "hack/release image"}},
	})
	if err != nil {
		return none, err
	}
	manifest, err := pushJSON(ctx, store, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: config, Layers: []ocispec.Descriptor{layer}, Annotations: annotations(o),
	})
	manifest.Platform = &platform
	return manifest, err
}

// annotations are those that registries and scanners look for; see
// https://specs.opencontainers.org/image-spec/annotations/.
func annotations(o Options) map[string]string {
	return map[string]string{
		ocispec.AnnotationTitle:       Program,
		ocispec.AnnotationDescription: "the pods of kubectl aksmesh try and of doctor --probe",
		ocispec.AnnotationSource:      "https://github.com/aksmesh/kubectl-aksmesh",
		ocispec.AnnotationLicenses:    "Apache-2.0",
		ocispec.AnnotationVersion:     o.Version,
		ocispec.AnnotationRevision:    o.Commit,
		ocispec.AnnotationCreated:     o.Created.UTC().Format(time.RFC3339),
	}
}

// layer is the file system: the program alone, as root's, for all to run.
func layer(program []byte) ([]byte, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	header := &tar.Header{Typeflag: tar.TypeReg, Name: Program, Mode: 0o555, Size: int64(len(program)), Format: tar.FormatUSTAR}
	if err := archive.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := archive.Write(program); err != nil {
		return nil, err
	}
	err := archive.Close()
	return buffer.Bytes(), err
}

func compress(plain []byte) ([]byte, error) {
	var buffer bytes.Buffer
	w, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return buffer.Bytes(), err
}

func pushJSON(ctx context.Context, store content.Storage, mediaType string, value any) (ocispec.Descriptor, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return push(ctx, store, mediaType, text)
}

// push stores content once: layers of two builds may be the same.
func push(ctx context.Context, store content.Storage, mediaType string, text []byte) (ocispec.Descriptor, error) {
	d := content.NewDescriptorFromBytes(mediaType, text)
	if exists, err := store.Exists(ctx, d); err != nil || exists {
		return d, err
	}
	return d, store.Push(ctx, d, bytes.NewReader(text))
}

// Programs finds what goreleaser built below a folder: one program for each of
// Linux's architectures.
func Programs(dist string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dist, Program+"_linux_*", Program))
	if err != nil {
		return nil, err
	}
	programs := map[string]string{}
	for _, file := range files {
		folder := filepath.Base(filepath.Dir(file)) // aksmesh-probe_linux_amd64_v1
		arch, _, _ := strings.Cut(strings.TrimPrefix(folder, Program+"_linux_"), "_")
		if programs[arch] != "" {
			return nil, fmt.Errorf("%s and %s are both for linux/%s", programs[arch], file, arch)
		}
		programs[arch] = file
	}
	if len(programs) == 0 {
		return nil, fmt.Errorf("no %s was built for Linux below %s", Program, dist)
	}
	return programs, nil
}
