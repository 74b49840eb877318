package release

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// listings answers Helm's question "does this object exist, and whose is it"
// from one list per kind. Helm asks it for each of some 40 objects, one after
// the other, before an install; it looks at labels and annotations alone, so
// metadata is all that is listed. What may not be listed is asked for as usual.
//
// The answers hold for the moment before Helm writes, and no longer: the first
// write ends it.
type listings struct {
	mu    sync.Mutex
	over  bool
	kinds map[string]listing // by the collection's path
}

// listing is the metadata of a collection, by name; nil if it may not be listed.
type listing map[string]metav1.PartialObjectMetadata

func newListings() *listings { return &listings{kinds: map[string]listing{}} }

// wrap puts the listings before next. All transports that it makes share what
// was listed.
func (l *listings) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		return l.roundTrip(next, request)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func (l *listings) roundTrip(next http.RoundTripper, request *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if request.Method != http.MethodGet {
		l.over = true
	}
	collection, name, ok := object(request)
	if l.over || !ok {
		return l.pass(next, request)
	}
	known, asked := l.kinds[collection]
	if !asked {
		known = list(next, request, collection)
		l.kinds[collection] = known
	}
	if known == nil {
		return l.pass(next, request)
	}
	if found, exists := known[name]; exists {
		return answer(request, http.StatusOK, found)
	}
	return answer(request, http.StatusNotFound, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Reason:   metav1.StatusReasonNotFound,
		Code:     http.StatusNotFound,
		Message:  fmt.Sprintf("%q not found", name),
	})
}

// pass sends the request on, without holding the others up.
func (l *listings) pass(next http.RoundTripper, request *http.Request) (*http.Response, error) {
	l.mu.Unlock()
	defer l.mu.Lock()
	return next.RoundTrip(request)
}

// object splits the path of one object's GET.
func object(request *http.Request) (collection, name string, ok bool) {
	path := strings.Trim(request.URL.Path, "/")
	cut := strings.LastIndexByte(path, '/')
	if request.Method != http.MethodGet || cut < 0 || request.URL.RawQuery != "" {
		return "", "", false
	}
	return "/" + path[:cut], path[cut+1:], true
}

// list reads a collection's metadata; nil if that does not work.
func list(next http.RoundTripper, original *http.Request, collection string) listing {
	request := original.Clone(original.Context())
	request.URL.Path, request.URL.RawPath = collection, ""
	request.Header.Set("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
	response, err := next.RoundTrip(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var all metav1.PartialObjectMetadataList
	if response.StatusCode != http.StatusOK || json.NewDecoder(response.Body).Decode(&all) != nil {
		_, _ = io.Copy(io.Discard, response.Body)
		return nil
	}
	known := make(listing, len(all.Items))
	for _, item := range all.Items {
		item.TypeMeta = metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"}
		item.ManagedFields = nil
		known[item.Name] = item
	}
	return known
}

func answer(request *http.Request, code int, object any) (*http.Response, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status:        http.StatusText(code),
		StatusCode:    code,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": []string{"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(data)),
		ContentLength: int64(len(data)),
		Request:       request,
	}, nil
}
