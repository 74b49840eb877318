package mesh

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// server answers each attempt after its time; a negative one is never.
type server struct {
	after    []time.Duration
	attempts int
}

func (s *server) RoundTrip(request *http.Request) (*http.Response, error) {
	after := s.after[min(s.attempts, len(s.after)-1)]
	s.attempts++
	var answer <-chan time.Time // none comes
	if after >= 0 {
		answer = time.After(after)
	}
	select {
	case <-answer:
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

// How long answers are waited for, and how often, by the bound of a request.
func TestRetrierWaits(t *testing.T) {
	const never, slow = -time.Second, 30 * time.Second
	type result struct {
		Answered bool
		Attempts int
	}
	for name, test := range map[string]struct {
		bound time.Duration
		after []time.Duration
		want  result
	}{
		"an attempt that hangs is repeated":               {0, []time.Duration{never, time.Second}, result{true, 2}},
		"slow answers are too slow":                       {0, []time.Duration{slow}, result{false, 5}},
		"slow answers are waited for with a longer bound": {2 * time.Minute, []time.Duration{slow}, result{true, 1}},
		"a longer bound leaves time for another attempt":  {2 * time.Minute, []time.Duration{never, slow}, result{true, 2}},
		"a shorter bound ends the whole request":          {5 * time.Second, []time.Duration{never}, result{false, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{after: test.after}
				client := http.Client{Transport: withRetries(test.bound)(s), Timeout: test.bound}
				request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://example.com", nil)
				if err != nil {
					t.Fatal(err)
				}
				response, err := client.Do(request)
				if err == nil {
					_ = response.Body.Close()
				}
				if diff := cmp.Diff(test.want, result{err == nil, s.attempts}); diff != "" {
					t.Errorf("(-want +got), error %v:\n%s", err, diff)
				}
			})
		})
	}
}
