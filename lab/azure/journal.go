package azure

import (
	"net/http"
	"sync"
	"time"
)

// journal keeps the ARM requests since the start, so that tests can prove what
// was, or was not, asked and written.
type journal struct {
	mu   sync.Mutex
	list []request
}

type request struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"` // in lower case
	Status int       `json:"status"`
}

func (j *journal) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &statusRecorder{ResponseWriter: w}
		at := time.Now().UTC()
		defer func() { // deferred: a dropped connection counts, with status 0
			j.mu.Lock()
			defer j.mu.Unlock()
			j.list = append(j.list, request{at, r.Method, r.URL.Path, rec.status})
		}()
		next.ServeHTTP(rec, r)
	})
}

func (j *journal) all() []request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]request{}, j.list...)
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
