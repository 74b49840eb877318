// Package registrytest has an OCI registry in memory, for tests of what pulls
// and pushes: as much of the distribution specification as clients use.
package registrytest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
)

// Registry is a registry. Its zero value is empty.
type Registry struct {
	Host      string            // as 127.0.0.1:40000
	Transport http.RoundTripper // trusts the registry's certificate

	mutex   sync.Mutex
	content map[string]item // by path
}

type item struct {
	kind string // media type
	data []byte
}

// Start serves a registry until the test ends.
func Start(t testing.TB) *Registry {
	t.Helper()
	r := &Registry{content: map[string]item{}}
	server := httptest.NewTLSServer(r)
	t.Cleanup(server.Close)
	r.Host = strings.TrimPrefix(server.URL, "https://")
	r.Transport = server.Client().Transport
	return r
}

// AddBlob puts content into a repository and returns its digest.
func (r *Registry) AddBlob(repository string, data []byte) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	sum := digest.FromBytes(data).String()
	r.content["/v2/"+repository+"/blobs/"+sum] = item{"application/octet-stream", data}
	return sum
}

// AddManifest puts a manifest into a repository under a tag, and returns its
// digest.
func (r *Registry) AddManifest(repository, tag, mediaType string, data []byte) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	sum := digest.FromBytes(data).String()
	for _, name := range []string{tag, sum} {
		r.content["/v2/"+repository+"/manifests/"+name] = item{mediaType, data}
	}
	return sum
}

// ServeHTTP implements [http.Handler].
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	switch request.Method {
	case http.MethodPost: // begins an upload, whose end is a PUT to the location
		w.Header().Set("Location", request.URL.Path+"1")
		w.WriteHeader(http.StatusAccepted)
	case http.MethodPut:
		r.put(w, request)
	default:
		r.get(w, request)
	}
}

func (r *Registry) put(w http.ResponseWriter, request *http.Request) {
	data, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if repository, _, ok := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v2/"), "/blobs/uploads/"); ok {
		if sum := r.AddBlob(repository, data); sum != request.URL.Query().Get("digest") {
			http.Error(w, "digest differs", http.StatusBadRequest)
			return
		}
	} else if repository, tag, ok := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v2/"), "/manifests/"); ok {
		w.Header().Set("Docker-Content-Digest", r.AddManifest(repository, tag, request.Header.Get("Content-Type"), data))
	}
	w.WriteHeader(http.StatusCreated)
}

func (r *Registry) get(w http.ResponseWriter, request *http.Request) {
	r.mutex.Lock()
	found, ok := r.content[request.URL.Path]
	r.mutex.Unlock()
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", found.kind)
	w.Header().Set("Docker-Content-Digest", digest.FromBytes(found.data).String())
	http.ServeContent(w, request, "", time.Time{}, bytes.NewReader(found.data))
}
