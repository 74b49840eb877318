package azure

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// faultOperation is the prefix of faults that do not refuse a request but make
// the next operation on the named cluster fail after it was accepted.
const faultOperation = "operation-"

// fault makes requests fail. It is set by PUT /simulation/faults/{name}; the
// name "operation-CLUSTER" makes an accepted PUT fail later instead.
type fault struct {
	Method string `json:"method,omitempty"` // empty: any
	Path   string `json:"path,omitempty"`   // part of the path, any case; empty: any
	// Every is n for every nth matching request; 0 and 1 are all of them.
	Every int `json:"every,omitempty"`
	// Times ends the fault after so many hits; 0 never ends it.
	Times int `json:"times,omitempty"`
	// Delay holds the request back before anything else happens.
	Delay metav1.Duration `json:"delay,omitzero"`
	// Status is the HTTP status of the answer; 0 only delays.
	Status  int    `json:"status,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	// RetryAfter is sent as a header, in seconds, if it is not 0.
	RetryAfter int `json:"retryAfter,omitempty"`
	// Drop closes the connection: without an answer, Status or not.
	Drop bool `json:"drop,omitempty"`
	// Late carries the request out first, so that only its answer is lost.
	Late bool `json:"late,omitempty"`

	Matched int `json:"matched"` // requests that matched
	Hits    int `json:"hits"`    // requests that failed
}

func (f *fault) matches(r *http.Request) bool {
	return (f.Method == "" || strings.EqualFold(f.Method, r.Method)) && strings.Contains(r.URL.Path, strings.ToLower(f.Path))
}

// take counts a matching request and says whether it is to fail. A nil fault
// never fails.
func (f *fault) take() bool {
	if f == nil || (f.Times > 0 && f.Hits >= f.Times) {
		return false
	}
	f.Matched++
	if f.Every > 1 && f.Matched%f.Every != 0 {
		return false
	}
	f.Hits++
	return true
}

func (f *fault) armError() *armError {
	status, code, message := f.Status, f.Code, f.Message
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if code == "" {
		code = strings.ReplaceAll(http.StatusText(status), " ", "")
	}
	if message == "" {
		message = "The simulated Azure was told to answer so."
	}
	return &armError{Status: status, Code: code, Message: message}
}

// pickFault returns a copy of the first fault that hits the request, by name.
func (s *server) pickFault(r *http.Request) *fault {
	var armed bool
	s.store.view(func(d *data) { armed = len(d.Faults) > 0 })
	if !armed {
		return nil
	}
	var hit *fault
	err := s.store.update(func(d *data) error {
		for _, name := range slices.Sorted(maps.Keys(d.Faults)) {
			f := d.Faults[name]
			if !strings.HasPrefix(name, faultOperation) && f.matches(r) && f.take() {
				copied := *f
				hit = &copied
				return nil
			}
		}
		return nil
	})
	if err != nil {
		s.log.Error("count a fault", "error", err)
	}
	return hit
}

// faulty applies the faults that tests have set.
func (s *server) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.pickFault(r)
		if f == nil {
			next.ServeHTTP(w, r)
			return
		}
		select {
		case <-time.After(f.Delay.Duration):
		case <-r.Context().Done():
			return
		}
		if f.Late {
			next.ServeHTTP(discard{http.Header{}}, r)
		}
		if f.Drop {
			panic(http.ErrAbortHandler) // net/http's way to close a connection without an answer
		}
		if f.Status == 0 && !f.Late {
			next.ServeHTTP(w, r)
			return
		}
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		writeError(w, f.armError())
	})
}

// discard is a response that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
