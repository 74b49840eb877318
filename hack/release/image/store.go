package image

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// Save builds the image into an archive of OCI's layout, which container
// engines load and registries' tools copy.
func Save(ctx context.Context, file string, programs map[string]string, o Options) (ocispec.Descriptor, error) {
	folder, err := os.MkdirTemp("", "aksmesh-image-*")
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer os.RemoveAll(folder)
	store, err := oci.NewWithContext(ctx, folder)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	root, err := Build(ctx, store, programs, o)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if err := sortIndex(filepath.Join(folder, ocispec.ImageIndexFile)); err != nil {
		return ocispec.Descriptor{}, err
	}
	return root, archive(folder, file)
}

// sortIndex gives the manifests in an image layout's index an order: oras has
// them in a map and writes them in another one each time.
func sortIndex(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var index ocispec.Index
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("index of the image: %w", err)
	}
	key := func(d ocispec.Descriptor) string {
		return d.Digest.String() + " " + d.Annotations[ocispec.AnnotationRefName]
	}
	slices.SortFunc(index.Manifests, func(a, b ocispec.Descriptor) int { return strings.Compare(key(a), key(b)) })
	if text, err = json.Marshal(index); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// archive writes a folder as a tar file without owners and times. The file
// appears when it is whole.
func archive(folder, file string) error {
	temp := file + ".new"
	out, err := os.Create(temp)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	w := tar.NewWriter(out)
	err = fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return add(w, folder, name)
	})
	if err != nil {
		out.Close()
		return err
	}
	if err := w.Close(); err != nil {
		out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(temp, file)
}

func add(w *tar.Writer, folder, name string) error {
	in, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Mode: 0o644, Size: info.Size(), Format: tar.FormatUSTAR}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(w, in)
	return err
}

// Push copies a saved image of a version to a registry's repository, as
// ghcr.io/aksmesh/aksmesh-probe, and reads back that the tag is the image. The
// login is that of docker login; transport is nil but in tests.
func Push(ctx context.Context, file, version, repository string, transport http.RoundTripper) (ocispec.Descriptor, error) {
	store, err := oci.NewFromTar(ctx, file)
	if err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("image %s: %w", file, err)
	}
	target, err := remote.NewRepository(repository)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	client := &auth.Client{Client: &http.Client{Transport: retry.NewTransport(transport)}, Cache: auth.NewCache()}
	if logins, err := credentials.NewStoreFromDocker(credentials.StoreOptions{}); err == nil {
		client.Credential = credentials.Credential(logins)
	}
	target.Client = client
	pushed, err := oras.Copy(ctx, store, version, target, version, oras.DefaultCopyOptions)
	if err != nil {
		return pushed, fmt.Errorf("image cannot be pushed to %s: %w", repository, err)
	}
	there, err := target.Resolve(ctx, version)
	if err != nil {
		return pushed, fmt.Errorf("image was pushed to %s, but cannot be read back: %w", repository, err)
	}
	if there.Digest != pushed.Digest {
		return pushed, fmt.Errorf("image was pushed to %s, but tag %s is %s there, not %s", repository, version, there.Digest, pushed.Digest)
	}
	return pushed, nil
}
