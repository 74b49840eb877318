package chart

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/registry"
)

// pull takes the chart from the cache or the registry. Beside a cached archive
// lies a note with the archive's own hash, so that a damaged one is not used,
// and the digest of the manifest that it came with.
func pull(ctx context.Context, source Source, version string) (*Chart, error) {
	repository := source.Repository
	if repository == "" {
		repository = DefaultRepository
	}
	if !strings.HasPrefix(repository, "oci://") {
		return nil, fmt.Errorf("chart repository %s is not an oci:// reference", repository)
	}
	ref := strings.TrimPrefix(repository, "oci://") + ":" + strings.ReplaceAll(version, "+", "_")
	cache := cache{dir: source.CacheDir, ref: ref}
	data, manifest, ok := cache.get()
	if !ok {
		var err error
		if data, manifest, err = fetch(ctx, ref, source.Transport); err != nil {
			return nil, fmt.Errorf("chart %s cannot be pulled: %w", ref, err)
		}
		cache.put(data, manifest)
	}
	c, err := loader.LoadArchive(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("chart %s cannot be read: %w", ref, err)
	}
	return &Chart{Chart: c, Origin: FromRegistry, Location: ref, Digest: manifest}, nil
}

// fetch pulls ref. Helm's client takes no context: the transport brings it in.
func fetch(ctx context.Context, ref string, transport http.RoundTripper) (data []byte, manifest string, err error) {
	if transport == nil {
		transport = http.DefaultTransport
	}
	client, err := registry.NewClient(
		registry.ClientOptWriter(io.Discard),
		registry.ClientOptHTTPClient(&http.Client{Transport: bound{ctx: ctx, next: transport}}),
	)
	if err != nil {
		return nil, "", err
	}
	result, err := client.Pull(ref, registry.PullOptWithChart(true))
	if err != nil {
		return nil, "", err
	}
	return result.Chart.Data, result.Manifest.Digest, nil
}

// bound ends requests with a context that was not given to them.
type bound struct {
	ctx  context.Context
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (b bound) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := b.ctx.Err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(request.Context())
	stop := context.AfterFunc(b.ctx, func() { cancel(b.ctx.Err()) }) //nolint:contextcheck // two contexts end the request: the caller's and Helm's
	response, err := b.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		stop()
		cancel(nil)
		return nil, err
	}
	response.Body = &boundBody{ReadCloser: response.Body, done: func() { stop(); cancel(nil) }}
	return response, nil
}

// boundBody keeps the context alive until the body has been read.
type boundBody struct {
	io.ReadCloser
	done func()
}

// Close implements [io.Closer].
func (b *boundBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

// cache keeps pulled archives. It is only ever a help: what cannot be read or
// written is pulled again next time.
type cache struct{ dir, ref string }

func (c cache) base() string {
	return filepath.Join(c.dir, hash([]byte(c.ref))[:16])
}

func (c cache) get() (data []byte, manifest string, ok bool) {
	if c.dir == "" {
		return nil, "", false
	}
	note, err := os.ReadFile(c.base() + ".digest")
	if err != nil {
		return nil, "", false
	}
	fields := strings.Fields(string(note))
	if len(fields) != 2 {
		return nil, "", false
	}
	data, err = os.ReadFile(c.base() + ".tgz")
	if err != nil || hash(data) != fields[0] {
		return nil, "", false
	}
	return data, fields[1], true
}

func (c cache) put(data []byte, manifest string) {
	if c.dir == "" || os.MkdirAll(c.dir, 0o755) != nil {
		return
	}
	if os.WriteFile(c.base()+".tgz", data, 0o644) != nil {
		return
	}
	note := hash(data) + " " + manifest + "\n"
	_ = os.WriteFile(c.base()+".digest", []byte(note), 0o644)
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
